// ACME renewal information (RFC 9773): the CA suggests when a certificate is renewed. Pure
// arithmetic over wall-clock times, like the schedule that it is a part of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/lineage.h"
#include "config/config.h"
#include "protocol/failure.h"
#include "protocol/message.h"
#include "protocol/schedule.h"

namespace acme::protocol {

struct RenewalInfo {
  WallTime start = 0;
  WallTime end = 0;
  std::string explanation_url;  // for people; empty: none, or none that can be shown
};

// Where the CA answers for this certificate.
std::string renewal_info_url(std::string_view renewal_info, std::string_view ari_id);

// A window that does not end after it begins is none.
Result<RenewalInfo> read_renewal_info(std::string_view body);

// When the CA may be asked about this certificate; 0: now; nothing: never (no certificate, none
// that is wanted any more, an expired one, one without a certID).
std::optional<WallTime> ask_at(const AriRecord& ari, std::string_view ari_id,
                               const Validity& validity, WallTime now);

// The CA has answered. The time inside the window is picked once: when the window moves, the
// pick keeps its place in it, so that asking often makes nobody earlier.
void note_suggestion(AriRecord& ari, std::string_view ari_id, const RenewalInfo& info,
                     std::optional<std::int64_t> retry_after, WallTime now, double uniform);

// It has not, or not usefully: asked again after 1, 10, 60 minutes, then every 6 hours; `lasting`
// (the CA says no to this question): after 6 hours at once. What was suggested before stays.
void note_no_suggestion(AriRecord& ari, std::string_view ari_id,
                        std::optional<std::int64_t> retry_after, bool lasting, WallTime now,
                        double uniform);

// What the suggestion is worth: sets ari.renew_at. After plan_renewal(), whose point is the
// operator's policy.
//   - a pick in the first half of the lifetime counts only when the window ends there (a
//     revocation); else our own point does, or the window's end where that comes first;
//   - it is never so late that the tries after a failure no longer fit;
//   - an explicit policy is the latest time: an earlier suggestion counts, a later one does not;
//   - never before ari.not_before.
void weigh_suggestion(ScheduleRecord& schedule, const RenewPolicy& policy,
                      const Validity& validity);

// A new certificate is there: what was said of the old one is forgotten. A CA that leaves one
// fresh certificate after the other no time (a broken clock there, a window that does not move)
// waits from the second on: an hour, then a day, or a part of the lifetime.
void note_new_certificate(AriRecord& ari, std::string_view ari_id, const Validity& before,
                          const Validity& validity, WallTime now, double uniform);

// newOrder failed because of its `replaces` (the certificate was replaced already, belongs to
// another account, is unknown): without it the same order may be made.
bool refuses_replacement(const Answer& answer);

// Thousands of certificates are to be renewed at once: this one comes after `ahead` others.
// Among `all` of them nobody waits longer than an hour, and who is alone does not wait.
void spread_out(AriRecord& ari, std::size_t ahead, std::size_t all, WallTime now);

}  // namespace acme::protocol
