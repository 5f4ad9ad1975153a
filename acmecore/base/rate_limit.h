// How much of a CA's patience is used up: a token bucket is one number, the time at which it
// is full again. Kept in the store for each account, so that neither a restart nor a reload
// forgets it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace acme {

// So many in a period: all of them at once, if need be, and then one after each interval.
struct RateLimit {
  std::uint32_t count = 0;  // 0: no limit
  std::int64_t period = 0;  // seconds

  bool limits() const { return count != 0; }
  // Rounded up: rather a little late than refused.
  std::int64_t interval() const { return count == 0 ? 0 : (period + count - 1) / count; }
  bool operator==(const RateLimit&) const = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.count, self.period);
  }
};

struct RateLimits {
  RateLimit orders;        // of the account
  RateLimit certificates;  // of a registered domain
  RateLimit duplicates;    // of exactly the same names
  bool any() const { return orders.limits() || certificates.limits() || duplicates.limits(); }
  bool operator==(const RateLimits&) const = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.orders, self.certificates, self.duplicates);
  }
};

// One bucket of a kind that has many.
struct SpentLimit {
  std::string key;  // a registered domain; the digest of a set of names
  WallTime full_at = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.key, self.full_at);
  }
};

// What one account has spent. A bucket that is full again is not in it; protocol/rate_limit.h keeps
// them in order of their keys.
struct SpentLimits {
  WallTime orders_full_at = 0;
  std::vector<SpentLimit> domains;
  std::vector<SpentLimit> sets;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.orders_full_at, self.domains, self.sets);
  }
};

}  // namespace acme
