#include "protocol/partial.h"

#include <algorithm>

#include "base/text.h"

namespace acme::protocol {
namespace {

constexpr std::size_t kLongestError = 256;
// Names whose day ends soon come along with the first one.
constexpr std::int64_t kTogether = kDay / 2;

template <class Record>
auto find(Record& schedule, const std::string& name) -> decltype(schedule.failed_names.data()) {
  for (auto& failed : schedule.failed_names)
    if (equals_ignoring_case(failed.name, name)) return &failed;
  return nullptr;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A time of the future comes from a wrong clock.
WallTime retry_at(const FailedName& failed, WallTime now) {
  return std::min(failed.at, now) + kDay;
}

}  // namespace

bool note_failed_names(ScheduleRecord& schedule, const Failure& failure,
                       const std::vector<std::string>& names, WallTime now) {
  using Kind = Failure::Kind;
  if (failure.kind != Kind::validation && failure.kind != Kind::refused) return false;
  bool more_left_out = false;
  for (const std::string& name : names) {
    const bool failed_now =
        std::any_of(failure.names.begin(), failure.names.end(),
                    [&](const std::string& each) { return equals_ignoring_case(each, name); });
    if (!failed_now) continue;
    FailedName* failed = find(schedule, name);
    if (!failed) failed = &schedule.failed_names.emplace_back(FailedName{name});
    const bool before = failed->left_out();
    ++failed->failures;
    failed->at = now;
    failed->error = failure.words.substr(0, kLongestError);
    more_left_out |= failed->left_out() && !before;
  }
  return more_left_out && left_out_names(schedule).size() < names.size();
}

void note_issued_names(ScheduleRecord& schedule, const std::vector<std::string>& issued) {
  std::erase_if(schedule.failed_names,
                [&](const FailedName& failed) { return contains(issued, failed.name); });
}

void keep_failed_names_of(ScheduleRecord& schedule, const std::vector<std::string>& names) {
  std::erase_if(schedule.failed_names,
                [&](const FailedName& failed) { return !contains(names, failed.name); });
}

std::vector<std::string> names_to_order(const ScheduleRecord& schedule,
                                        const std::vector<std::string>& names, WallTime now) {
  std::vector<std::string> out;
  const WallTime first = retry_of_left_out(schedule, now);
  const WallTime until = first != 0 && first <= now ? now + kTogether : now;
  for (const std::string& name : names) {
    const FailedName* failed = find(schedule, name);
    if (!failed || !failed->left_out() || retry_at(*failed, now) <= until) out.push_back(name);
  }
  return out.empty() ? names : out;
}

std::vector<std::string> left_out_names(const ScheduleRecord& schedule) {
  std::vector<std::string> out;
  for (const FailedName& failed : schedule.failed_names)
    if (failed.left_out()) out.push_back(failed.name);
  return out;
}

WallTime retry_of_left_out(const ScheduleRecord& schedule, WallTime now) {
  WallTime first = 0;
  for (const FailedName& failed : schedule.failed_names) {
    if (!failed.left_out()) continue;
    WallTime at = retry_at(failed, now);
    if (first == 0 || at < first) first = at;
  }
  return first;
}

bool concerns_left_out_only(const ScheduleRecord& schedule, const Failure& failure) {
  using Kind = Failure::Kind;
  if (failure.kind != Kind::validation && failure.kind != Kind::refused) return false;
  return !failure.names.empty() &&
         std::all_of(failure.names.begin(), failure.names.end(), [&](const std::string& name) {
           const FailedName* failed = find(schedule, name);
           return failed && failed->left_out();
         });
}

}  // namespace acme::protocol
