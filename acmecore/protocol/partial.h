// One dead name harms no other (acme_partial): a name that failed twice is left out of the order
// and tried again a day later. Pure arithmetic over the record, as protocol/schedule.h.
#pragma once

#include <string>
#include <vector>

#include "base/lineage.h"
#include "protocol/failure.h"

namespace acme::protocol {

// After a failed order, of a certificate with these names. True: a name is left out from now on
// that was not before, and others remain: worth an order at once.
bool note_failed_names(ScheduleRecord& schedule, const Failure& failure,
                       const std::vector<std::string>& names, WallTime now);

// A certificate with these names was obtained.
void note_issued_names(ScheduleRecord& schedule, const std::vector<std::string>& issued);

// What is not configured (any more) cannot fail.
void keep_failed_names_of(ScheduleRecord& schedule, const std::vector<std::string>& names);

// What to order now: all but those that are left out and were tried within a day; all when
// nothing would remain.
std::vector<std::string> names_to_order(const ScheduleRecord& schedule,
                                        const std::vector<std::string>& names, WallTime now);

std::vector<std::string> left_out_names(const ScheduleRecord& schedule);
// When the first of those is tried again; 0: none is left out.
WallTime retry_of_left_out(const ScheduleRecord& schedule, WallTime now);

// It failed for nothing but names that were left out already.
bool concerns_left_out_only(const ScheduleRecord& schedule, const Failure& failure);

}  // namespace acme::protocol
