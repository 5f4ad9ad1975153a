// When a certificate is renewed and when a failed try is repeated: pure
// arithmetic over wall-clock times, so that a year can be simulated.
#pragma once

#include <string>

#include "base/lineage.h"
#include "config/config.h"
#include "protocol/failure.h"

namespace acme::protocol {

// What a lineage has now, as far as timing is concerned.
struct Validity {
  bool stored = false;
  bool current = false;  // for today's configuration
  WallTime not_before = 0;
  WallTime not_after = 0;
};

// The renewal point: a third of the lifetime left (half for lifetimes up to 10
// days), or what the policy says; but at most two thirds, and at least a tenth
// or a day, so that neither a typing slip nor a short lifetime makes it a
// storm or a last-minute affair. Jitter (`uniform` in [0,1)) moves it by at most
// a tenth of what would be left: earlier, or later where earlier would be before
// half of the lifetime.
WallTime renewal_point(const RenewPolicy& policy, WallTime not_before, WallTime not_after,
                       double uniform);

// What must be left of a lifetime when renewal begins, so that some tries fit before the end
// whoever says when: a fifth of it, at most five days.
std::int64_t last_reserve(std::int64_t lifetime);

// The record's renewal point, when it is missing, belongs to another
// certificate, or was chosen under another policy: to be called when a record was loaded.
void plan_renewal(ScheduleRecord& schedule, const RenewPolicy& policy, const Validity& validity,
                  double uniform);

// What is configured has changed (names, key type, directory URL): failures of the old
// configuration hold nobody back. Retry-After and failed validations stay.
void note_configuration(ScheduleRecord& schedule, const std::string& configuration);

// When the next try may begin; 0 is "now". Considers: nothing stored, not current,
// renewal point, back-off, Retry-After, a request by acmectl, 5 failed validations an hour.
// Times that lie further ahead than their own maximum come from a wrong clock and are not
// believed.
WallTime due_at(const ScheduleRecord& schedule, const Validity& validity, WallTime now);

// What a failed order says about each of its names, for the lineages that carry one of
// `names`, be it another's order: the validation counts against the 5 an hour, and the type
// that failed is tried last for 30 days, or until no other type is left. False: none of these
// names failed.
bool note_validations(ScheduleRecord& schedule, const Failure& failure,
                      const std::vector<std::string>& names, WallTime now);

// After a failed order: 1, 10, 100 minutes, then daily; at most 1 h while there is no valid
// certificate at all; never more than a quarter of the time that is left, so that many tries
// fit before the end; Retry-After wins (capped at a day; and never leads to more than three
// quick tries in a row). `uniform` for jitter. An order that is gone costs no back-off, nor does
// one whose names can all be proven in another way.
void note_failure(ScheduleRecord& schedule, const Failure& failure, const Validity& validity,
                  WallTime now, double uniform);
// The CA asked an order under way to come again in so many seconds: that outlives a restart.
void note_wait(ScheduleRecord& schedule, std::int64_t seconds, WallTime now);
// After a success. A fresh certificate is never renewed at once, whatever its dates say.
void note_success(ScheduleRecord& schedule, const RenewPolicy& policy, const Validity& validity,
                  WallTime now, double uniform);

// A transport error inside an order: the n-th retry (from 0) waits 1 s doubling to 10 s for
// the first ten minutes, then up to 60 s, with jitter (a fifth shorter at most).
Millis transport_retry(std::uint32_t n, Millis since_first, double uniform);

}  // namespace acme::protocol
