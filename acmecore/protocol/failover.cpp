#include "protocol/failover.h"

#include <algorithm>

namespace acme::protocol {
namespace {

using Kind = Failure::Kind;

// Without a valid certificate.
constexpr std::int64_t kOutagePatience = 2 * kMinute;
constexpr std::int64_t kUnfinishedPatience = 30 * kMinute;
constexpr std::int64_t kRateLimitPatience = kHour;
constexpr std::uint32_t kDoubtfulValidations = 3;

bool is_valid(const Validity& validity, WallTime when) {
  return validity.stored && validity.not_after > when;
}

// A third of what was left, whatever goes wrong.
WallTime third_of_the_rest(const Validity& validity, WallTime since) {
  return since + std::max<std::int64_t>(validity.not_after - since, 0) / 3;
}

Waiting waiting_of(Kind kind) {
  // Another CA looks at the same records.
  if (kind == Kind::dns) return Waiting::unfinished;
  return kind == Kind::rate_limited ? Waiting::rate_limited : Waiting::unreachable;
}

const LeftIssuer* find_left(const ScheduleRecord& schedule, const std::string& issuer) {
  auto found = std::find_if(schedule.left.begin(), schedule.left.end(),
                            [&](const LeftIssuer& left) { return left.issuer == issuer; });
  return found == schedule.left.end() ? nullptr : &*found;
}

// When it may be asked; an outage that is over has no back-off.
WallTime ready_at(const Alternative& issuer, const LeftIssuer* left) {
  if (!left || left->unreachable) return issuer.not_before;
  return std::max({issuer.not_before, left->next_try, left->retry_after});
}

}  // namespace

WallTime patience_ends(const ScheduleRecord& schedule, Waiting waiting, const Validity& validity,
                       WallTime since) {
  if (schedule.failing_since != 0) since = std::min(since, schedule.failing_since);
  if (waiting == Waiting::unreachable && !schedule.left.empty()) return since;
  if (is_valid(validity, since)) return third_of_the_rest(validity, since);
  switch (waiting) {
    case Waiting::unreachable:
      return since + kOutagePatience;
    case Waiting::rate_limited:
      return since + kRateLimitPatience;
    case Waiting::unfinished:
      break;
  }
  return since + kUnfinishedPatience;
}

bool refuses_for_good(const Failure& failure) {
  return failure.kind == Kind::refused || failure.kind == Kind::account ||
         failure.kind == Kind::action_required || failure.forbidden;
}

bool is_time_to_turn(const ScheduleRecord& schedule, const Failure& failure,
                     const Validity& validity) {
  if (refuses_for_good(failure)) return true;
  const WallTime since = schedule.failing_since;
  const WallTime next = std::max(schedule.next_try, schedule.retry_after);
  if (is_valid(validity, since)) return next > third_of_the_rest(validity, since);
  if (failure.kind == Kind::validation || failure.kind == Kind::local)
    return schedule.failures >= kDoubtfulValidations;
  return next > patience_ends(schedule, waiting_of(failure.kind), validity, since);
}

std::optional<std::string> choose_issuer(const ScheduleRecord& schedule,
                                         const std::vector<Alternative>& issuers, bool urgent,
                                         bool refused, WallTime now) {
  if (issuers.size() < 2) return std::nullopt;
  const std::string& current = schedule.issuer.empty() ? issuers.front().issuer : schedule.issuer;
  const Alternative* best = nullptr;
  WallTime best_at =
      urgent ? std::max({schedule.next_try, schedule.retry_after, now + 1}) : now + 1;
  for (const Alternative& issuer : issuers) {
    if (issuer.issuer == current || !issuer.reachable) continue;
    const LeftIssuer* left = find_left(schedule, issuer.issuer);
    // Back and forth between two that refuse would only be noise.
    if (left && left->refused && !refused) continue;
    WallTime at = std::max(ready_at(issuer, left), now);
    if (at >= best_at) continue;
    best = &issuer;
    best_at = at;
  }
  if (!best) return std::nullopt;
  return best->issuer;
}

const std::string& current_issuer(const ScheduleRecord& schedule,
                                  const std::vector<std::string>& issuers) {
  auto found = std::find(issuers.begin(), issuers.end(), schedule.issuer);
  return found == issuers.end() ? issuers.front() : *found;
}

void turn_to(ScheduleRecord& schedule, const std::string& from, const std::string& to, bool refused,
             bool unreachable) {
  LeftIssuer back;
  if (const LeftIssuer* known = find_left(schedule, to)) back = *known;
  std::erase_if(schedule.left,
                [&](const LeftIssuer& left) { return left.issuer == to || left.issuer == from; });
  schedule.left.push_back({from, schedule.failing_since, schedule.next_try, schedule.retry_after,
                           schedule.failures, refused, unreachable, schedule.last_error,
                           schedule.last_error_at});
  schedule.issuer = to;
  schedule.failing_since = 0;
  schedule.next_try = back.unreachable ? 0 : back.next_try;
  schedule.retry_after = back.retry_after;
  schedule.failures = back.failures;
  schedule.last_error = back.last_error;
  schedule.last_error_at = back.last_error_at;
}

}  // namespace acme::protocol
