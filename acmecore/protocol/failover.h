// When another issuer is asked, and which: decided by the time that is left and by what went
// wrong. Pure arithmetic over the record of one lineage, as protocol/schedule.h.
//
// The record speaks of one issuer, the current one (ScheduleRecord::issuer); those that were left
// stand beside with their own back-off until a certificate is obtained: then the first is
// the current one again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/lineage.h"
#include "protocol/failure.h"
#include "protocol/schedule.h"

namespace acme::protocol {

// What an order waits for, without having failed.
enum class Waiting {
  unreachable,   // the CA does not answer
  rate_limited,  // its limits, or ours on its behalf
  unfinished,    // the order is under way and comes to no end
};

// How long one issuer is waited for: a third of what was left when it began to fail, so that
// the others have the rest; without a valid certificate minutes in an outage, an hour where the CA
// works. An issuer that cannot be reached is not waited for when another was left
// already: whoever answers first is asked.
WallTime patience_ends(const ScheduleRecord& schedule, Waiting waiting, const Validity& validity,
                       WallTime since);

// After note_failure(): whether to turn to another issuer. A CA that refuses for good is left
// at once; one that is in trouble, when the next try here would come after the patience ends. A
// failed validation is mostly our own affair: without a valid certificate the third one is
// enough to doubt that.
bool is_time_to_turn(const ScheduleRecord& schedule, const Failure& failure,
                     const Validity& validity);

// The CA says no, and will say so the next time.
bool refuses_for_good(const Failure& failure);

struct Alternative {
  std::string issuer;
  bool reachable = true;    // as far as is known
  WallTime not_before = 0;  // what it asked of everybody
};
// Whom to ask now, of the certificate's issuers in the operator's order. `urgent`: the
// current issuer has failed, so also one that has to wait, but less long than the current one.
std::optional<std::string> choose_issuer(const ScheduleRecord& schedule,
                                         const std::vector<Alternative>& issuers, bool urgent,
                                         bool refused, WallTime now);

// The current issuer as the record has it, the certificate's first one when it says none.
const std::string& current_issuer(const ScheduleRecord& schedule,
                                  const std::vector<std::string>& issuers);

// Makes `to` the current one. `refused` and `unreachable` are remembered of the one that is left.
void turn_to(ScheduleRecord& schedule, const std::string& from, const std::string& to, bool refused,
             bool unreachable);

}  // namespace acme::protocol
