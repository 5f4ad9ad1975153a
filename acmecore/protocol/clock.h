// This machine's clock beside a CA's (the Date of its answers): what a difference means for
// renewals. A wrong clock makes fresh certificates look old, and orders without end.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/message.h"
#include "protocol/schedule.h"

namespace acme::protocol {

// More than this is no matter of slow networks.
inline constexpr std::int64_t kClocksAgreeWithin = kHour;

// When the answer was given, by the CA's clock: Date, and Age where a cache stood between.
std::optional<WallTime> date_of(const Answer& answer);

// The clocks disagree: whether this renewal waits until they do no more. It does while the
// certificate has not ended by one of the two. It does not when a person asked for it, when there
// is nothing that serves what is configured (a first issuance), or when it is near its end by a
// clock by which it is valid, or has ended by the CA's own: then a try is made now and then, so
// that no certificate ends because some CA's Date is wrong.
bool waits_for_clock(const ScheduleRecord& schedule, const Validity& validity, WallTime here,
                     WallTime there);

}  // namespace acme::protocol
