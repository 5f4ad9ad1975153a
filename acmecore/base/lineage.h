// One certificate with one kind of key, and when it is tried next. The words
// that store, protocol, keeper and agent share.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/challenge_type.h"
#include "base/key_type.h"
#include "base/renewal_info.h"
#include "base/time.h"

namespace acme {

// The unit that is ordered, stored, renewed and published:
// certs/<certificate>/<key slug>/ in the store.
struct Lineage {
  std::string certificate;  // the certificate's id
  KeyType key = KeyType::ecdsa256;
  auto operator<=>(const Lineage&) const = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.certificate, self.key);
  }
};
std::string to_string(const Lineage& lineage);  // "example.com/ecdsa-256"

// A type of challenge that failed for a name: another one is tried first.
inline constexpr std::int64_t kFailedChallengeLife = 30 * kDay;
struct FailedChallenge {
  std::string name;
  ChallengeType type = ChallengeType::http01;
  WallTime at = 0;
  bool operator==(const FailedChallenge&) const = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.type, self.at);
  }
};

// An issuer that was left for another one: its own back-off, until a certificate is obtained.
struct LeftIssuer {
  std::string issuer;
  WallTime failing_since = 0;  // the first failure in a row
  WallTime next_try = 0;
  WallTime retry_after = 0;
  std::uint32_t failures = 0;
  bool refused = false;      // for good: it is not asked again before all others have refused, too
  bool unreachable = false;  // as soon as it can be reached it may be asked
  std::string last_error = {};
  WallTime last_error_at = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.issuer, self.failing_since, self.next_try, self.retry_after, self.failures,
            self.refused, self.unreachable, self.last_error, self.last_error_at);
  }
};

// A name that the CA could not validate: the second time it is left out of the certificate,
// where that is allowed, and tried again a day later.
inline constexpr std::uint32_t kLeaveOutAfter = 2;
struct FailedName {
  std::string name;
  std::uint32_t failures = 0;  // in a row
  WallTime at = 0;             // of the last one
  std::string error = {};
  bool left_out() const { return failures >= kLeaveOutAfter; }

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.failures, self.at, self.error);
  }
};

// When to try next, and why. The agent decides, the keeper persists it within
// bounds. Times are clamped when loaded: none lies further ahead than its own
// maximum (a clock that was once in 2038 does no harm).
struct ScheduleRecord {
  WallTime renew_at = 0;  // the renewal point chosen for the current version (jitter included)
  WallTime next_try = 0;  // not before; 0: no failure is waited for
  WallTime last_try = 0;
  WallTime retry_after = 0;    // the CA's own word; no manual renewal comes before it
  std::uint32_t failures = 0;  // in a row
  std::string last_error;      // in the CA's words
  WallTime last_error_at = 0;
  std::string configuration;  // digest of names, key type and directory URL that this speaks of
  bool renewal_requested = false;                  // acmectl renew
  std::vector<WallTime> failed_validations;        // of the last hour
  std::vector<FailedChallenge> failed_challenges;  // of the last 30 days
  AriRecord ari;                                   // the CA's suggestion

  // When renewal begins: what the CA suggested, where that counts, else our own point.
  WallTime renewal_point() const { return ari.renew_at != 0 ? ari.renew_at : renew_at; }
  // Of all that stands above, what speaks of a CA speaks of this one; empty: the first.
  std::string issuer;
  WallTime failing_since = 0;            // there; 0: it is not failing
  std::vector<LeftIssuer> left;          // since the last success
  std::vector<FailedName> failed_names;  // of a certificate that may be partial

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.renew_at, self.next_try, self.last_try, self.retry_after, self.failures,
            self.last_error, self.last_error_at, self.configuration, self.renewal_requested,
            self.failed_validations, self.failed_challenges, self.ari, self.issuer,
            self.failing_since, self.left, self.failed_names);
  }
};

}  // namespace acme
