// Driver: names that could not be validated and are left out of their certificate.
#include <utility>

#include "agent/driver.h"
#include "base/text.h"
#include "protocol/partial.h"

namespace acme::agent {

using protocol::Failure;

std::vector<std::string> Driver::names_for(const Entry& entry) const {
  if (!entry.state.order_url.empty() && !entry.state.order_names.empty())
    return entry.state.order_names;
  if (!entry.config->partial) return entry.config->names;
  return protocol::names_to_order(entry.state.schedule, entry.config->names, services_.env.now());
}

// After note_failure(). True: that was all, nothing else is to be done about this failure.
bool Driver::leave_out(Entry& entry, const Failure& failure, const ScheduleRecord& before) {
  ScheduleRecord& schedule = entry.state.schedule;
  const WallTime now = services_.env.now();
  const bool known = protocol::concerns_left_out_only(before, failure);
  const bool more = protocol::note_failed_names(schedule, failure, entry.config->names, now);
  const std::size_t out = protocol::left_out_names(schedule).size();
  const std::size_t rest = entry.config->names.size() - out;
  if ((!known && !more) || rest == 0) return false;

  // The others are no failure's victims.
  schedule.next_try = 0;
  schedule.failures = before.failures;
  schedule.failing_since = before.failing_since;
  schedule.last_error = before.last_error;
  schedule.last_error_at = before.last_error_at;
  schedule.renewal_requested = before.renewal_requested;
  const WallTime next = due(entry);
  const std::string name = display_name(*entry.config, entry.state.lineage);
  const std::string names = join(failure.names, ", ");
  auto repeated = failures_.tell(name + " without " + names, failure.words, now);
  if (!repeated) return true;
  services_.log.warning(name + ": " + names + (more ? " failed twice and" : " failed again and") +
                        (failure.names.size() == 1 ? " is" : " are") +
                        " left out, until tomorrow: " + failure.words + "; the other " +
                        std::to_string(rest) + (rest == 1 ? " name is" : " names are") +
                        (next == 0 ? " ordered now" : " not affected") + *repeated);
  return true;
}

}  // namespace acme::agent
