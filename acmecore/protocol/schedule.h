// When a certificate is renewed and when a failed try is repeated: pure
// arithmetic over wall-clock times, so that a year can be simulated.
#pragma once

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
// days), or what the policy says; jitter (`uniform` in [0,1)) moves it earlier by
// at most a tenth of what would be left, and never to before half of the lifetime…
WallTime renewal_point(const RenewPolicy& policy, WallTime not_before, WallTime not_after,
                       double uniform);

// When the next try may begin; 0 is "now". Considers: nothing stored, not current,
// renewal point, back-off, Retry-After, a request by acmectl, 5 failed validations an hour.
WallTime due_at(const ScheduleRecord& schedule, const Validity& validity, WallTime now);

// After a failed order: 1, 10, 100 minutes, then daily; at most 1 h while there is no valid
// certificate at all; never past the point where a try would come too late; Retry-After wins
// (capped at a day). `uniform` for jitter.
void note_failure(ScheduleRecord& schedule, const Failure& failure, const Validity& validity,
                  WallTime now, double uniform);
// After a success.
void note_success(ScheduleRecord& schedule, const RenewPolicy& policy, const Validity& validity,
                  WallTime now, double uniform);

// A transport error inside an order: the n-th retry (from 0) waits 1 s doubling to 10 s for
// the first ten minutes, then up to 60 s, with jitter.
Millis transport_retry(std::uint32_t n, Millis since_first, double uniform);

}  // namespace acme::protocol
