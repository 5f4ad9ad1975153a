#include "protocol/clock.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace acme::protocol {
namespace {

std::int64_t age_of(const Answer& answer) {
  const std::string* age = answer.header("Age");
  std::int64_t seconds = 0;
  if (age) std::from_chars(age->data(), age->data() + age->size(), seconds);
  return std::clamp<std::int64_t>(seconds, 0, 366 * kDay);
}

}  // namespace

std::optional<WallTime> date_of(const Answer& answer) {
  const std::string* date = answer.header("Date");
  auto time = date ? parse_http_date(*date) : std::nullopt;
  if (!time || *time <= 0) return std::nullopt;
  return *time + age_of(answer);
}

bool waits_for_clock(const ScheduleRecord& schedule, const Validity& validity, WallTime here,
                     WallTime there) {
  if (!validity.stored || !validity.current || schedule.renewal_requested) return false;
  const bool valid_here = validity.not_after > here;
  if (!valid_here && validity.not_after <= there) return false;
  const std::int64_t lifetime = std::max<std::int64_t>(validity.not_after - validity.not_before, 0);
  const std::int64_t reserve = last_reserve(lifetime);
  const bool near_end =
      (valid_here && validity.not_after - here < reserve) || validity.not_after - there < reserve;
  const std::int64_t between = std::min(std::max<std::int64_t>(lifetime / 20, 1), kDay);
  const bool tried = schedule.last_try <= here && here - schedule.last_try < between;
  return !near_end || tried;
}

}  // namespace acme::protocol
