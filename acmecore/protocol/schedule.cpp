#include "protocol/schedule.h"

#include <algorithm>
#include <cmath>

#include "protocol/partial.h"

namespace acme::protocol {
namespace {

constexpr std::int64_t kShortLifetime = 10 * kDay;
constexpr std::size_t kValidationsPerHour = 5;  // failed ones, of a name: Let's Encrypt's limit
constexpr std::int64_t kBackOff[] = {kMinute, 10 * kMinute, 100 * kMinute, kDay};
// How often in a row the CA's own word may be shorter than our back-off, and what then holds.
constexpr std::uint32_t kQuickRetries = 3;
constexpr std::int64_t kQuickRetryFloor = 10 * kMinute;
// A full disk: whether there is room again is asked of the disk, and costs the CA a nonce.
constexpr std::int64_t kEnvironmentBackOff[] = {10, kMinute, 10 * kMinute, 10 * kMinute};
// A DNS host that cannot be reached, or is slow: the order waits at the CA, and no validation is
// lost.
constexpr std::int64_t kDnsBackOff[] = {kMinute, 10 * kMinute, 30 * kMinute, kHour};
// A clock that is put back a little makes no stored time unbelievable.
constexpr std::int64_t kClockSlack = kHour;

std::int64_t share(std::int64_t whole, double part) {
  return static_cast<std::int64_t>(std::llround(static_cast<double>(whole) * part));
}

bool is_valid(const Validity& validity, WallTime now) {
  return validity.stored && validity.not_after > now;
}

// How much of the lifetime is left when renewal begins.
std::int64_t planned_rest(const RenewPolicy& policy, std::int64_t lifetime) {
  std::int64_t rest = lifetime <= kShortLifetime ? lifetime / 2 : lifetime / 3;
  if (policy.kind == RenewPolicy::Kind::share_left)
    rest = share(lifetime, static_cast<double>(policy.per_mille) / 1000);
  if (policy.kind == RenewPolicy::Kind::time_left) rest = policy.seconds;
  std::int64_t least = std::min(lifetime / 10, kDay);
  return std::clamp(rest, least, lifetime - lifetime / 3);
}

// The longest wait between two tries.
std::int64_t longest_wait(const Validity& validity, WallTime now) {
  if (!is_valid(validity, now)) return kHour;
  std::int64_t lifetime = std::max<std::int64_t>(validity.not_after - validity.not_before, 0);
  std::int64_t floor = std::clamp<std::int64_t>(lifetime / 20, 1, kMinute);
  return std::clamp((validity.not_after - now) / 4, floor, kDay);
}

// A stored time that lies `longest` after it was written at the most.
WallTime believable(WallTime time, WallTime written, std::int64_t longest, WallTime now) {
  if (time <= now) return time;
  if (written <= 0 || written > now + kClockSlack)
    return time > now + longest + kClockSlack ? now : time;
  return std::min(time, written + longest);
}

const std::int64_t* back_off(Failure::Kind kind) {
  if (kind == Failure::Kind::environment) return kEnvironmentBackOff;
  return kind == Failure::Kind::dns ? kDnsBackOff : kBackOff;
}

// When one of the five failed validations is older than an hour.
WallTime validations_allowed_at(const ScheduleRecord& schedule, WallTime now) {
  std::vector<WallTime> recent;
  for (WallTime at : schedule.failed_validations)
    if (at > now - kHour && at <= now + kClockSlack) recent.push_back(std::min(at, now));
  if (recent.size() < kValidationsPerHour) return 0;
  std::sort(recent.begin(), recent.end());
  return recent[recent.size() - kValidationsPerHour] + kHour;
}

void forget_old_validations(ScheduleRecord& schedule, WallTime now) {
  auto old = [&](WallTime at) { return at <= now - kHour || at > now + kClockSlack; };
  std::erase_if(schedule.failed_validations, old);
}

// What is known of the types of challenges, name by name.
void remember_types(ScheduleRecord& schedule, const Failure::Validation& validation, WallTime now) {
  std::erase_if(schedule.failed_challenges, [&](const FailedChallenge& failed) {
    bool old = failed.at <= now - kFailedChallengeLife || failed.at > now + kClockSlack;
    bool again = failed.name == validation.name &&
                 (failed.type == validation.type || !validation.other_left);
    return old || again;
  });
  // When every type has failed, none is better than the others.
  if (validation.other_left)
    schedule.failed_challenges.push_back({validation.name, validation.type, now});
}

// Whether a renewal point can be that of this certificate.
bool fits(WallTime renew_at, const Validity& validity) {
  return renew_at > validity.not_before && renew_at < validity.not_after;
}

// With a wrong clock here, or a CA that hands out old certificates, the renewal
// point of a fresh certificate is past already: without a gap one order would
// follow upon the other.
std::int64_t gap_after_success(const Validity& validity, WallTime obtained) {
  std::int64_t lifetime = std::max<std::int64_t>(validity.not_after - validity.not_before, 0);
  if (validity.not_after <= obtained) return lifetime / 4;
  return std::min(lifetime / 4, (validity.not_after - obtained) / 2);
}

// What was learned of the issuers since the last success.
void ask_first_issuer(ScheduleRecord& schedule) {
  schedule.issuer.clear();
  schedule.failing_since = 0;
  schedule.left.clear();
}

WallTime wanted_at(const ScheduleRecord& schedule, const Validity& validity, WallTime now) {
  if (!is_valid(validity, now) || !validity.current || schedule.renewal_requested) return 0;
  WallTime renewal = fits(schedule.renewal_point(), validity)
                         ? schedule.renewal_point()
                         : renewal_point({}, validity.not_before, validity.not_after, 0);
  WallTime retry = retry_of_left_out(schedule, now);
  return retry == 0 ? renewal : std::min(renewal, retry);
}

}  // namespace

WallTime renewal_point(const RenewPolicy& policy, WallTime not_before, WallTime not_after,
                       double uniform) {
  std::int64_t lifetime = not_after - not_before;
  if (lifetime <= 0) return not_after;
  std::int64_t rest = planned_rest(policy, lifetime);
  std::int64_t jitter = share(rest, std::clamp(uniform, 0.0, 1.0) / 10);
  WallTime point = not_after - rest;
  return point - jitter >= not_before + lifetime / 2 ? point - jitter : point + jitter;
}

std::int64_t last_reserve(std::int64_t lifetime) {
  return std::min(lifetime / 5, 5 * kDay);
}

void plan_renewal(ScheduleRecord& schedule, const RenewPolicy& policy, const Validity& validity,
                  double uniform) {
  if (!validity.stored) return;
  WallTime a = renewal_point(policy, validity.not_before, validity.not_after, 0);
  WallTime b = renewal_point(policy, validity.not_before, validity.not_after, 1);
  if (schedule.renew_at >= std::min(a, b) && schedule.renew_at <= std::max(a, b)) return;
  WallTime point = renewal_point(policy, validity.not_before, validity.not_after, uniform);
  // The last try was the one that obtained it, unless failures came after that.
  if (schedule.failures == 0 && fits(schedule.last_try, validity))
    point = std::max(point, schedule.last_try + gap_after_success(validity, schedule.last_try));
  schedule.renew_at = point;
}

void note_configuration(ScheduleRecord& schedule, const std::string& configuration) {
  if (schedule.configuration == configuration) return;
  schedule.configuration = configuration;
  schedule.next_try = 0;
  schedule.failures = 0;
  ask_first_issuer(schedule);
}

WallTime due_at(const ScheduleRecord& schedule, const Validity& validity, WallTime now) {
  WallTime written = schedule.last_error_at;
  WallTime asked = std::max(written, schedule.last_try);
  WallTime retry_after = believable(schedule.retry_after, asked, kDay, now);
  WallTime due = std::max(wanted_at(schedule, validity, now), retry_after);
  if (!schedule.renewal_requested) {
    // The bound is that of the moment when the wait began, not of now: else it would move along.
    WallTime began = written > 0 ? std::min(written, now) : now;
    std::int64_t longest = longest_wait(validity, began);
    if (retry_after > began) longest = std::max(longest, retry_after + kMinute - began);
    due = std::max(due, believable(schedule.next_try, written, longest, now));
  }
  due = std::max(due, validations_allowed_at(schedule, now));
  return due <= now ? 0 : due;
}

bool note_validations(ScheduleRecord& schedule, const Failure& failure,
                      const std::vector<std::string>& names, WallTime now) {
  auto carried = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (failure.kind != Failure::Kind::validation ||
      std::none_of(failure.names.begin(), failure.names.end(), carried))
    return false;
  forget_old_validations(schedule, now);
  schedule.failed_validations.push_back(now);
  for (const Failure::Validation& each : failure.validations)
    if (carried(each.name)) remember_types(schedule, each, now);
  return true;
}

void note_failure(ScheduleRecord& schedule, const Failure& failure, const Validity& validity,
                  WallTime now, double uniform) {
  forget_old_validations(schedule, now);
  if (failure.kind == Failure::Kind::validation) schedule.failed_validations.push_back(now);
  for (const Failure::Validation& each : failure.validations) remember_types(schedule, each, now);
  schedule.last_error = failure.words;
  // What a person has to open is not always among the words.
  if (!failure.url.empty() && failure.words.find(failure.url) == std::string::npos)
    schedule.last_error += "; open " + failure.url;
  schedule.last_error_at = now;
  schedule.last_try = now;
  if (failure.order_gone || failure.can_try_another_type()) return;

  schedule.renewal_requested = false;
  if (schedule.failures == 0 || schedule.failing_since == 0) schedule.failing_since = now;
  std::uint32_t step = std::min<std::uint32_t>(schedule.failures, std::size(kBackOff) - 1);
  ++schedule.failures;
  std::int64_t wait = back_off(failure.kind)[step];
  wait -= share(wait / 10, uniform);
  wait = std::min(wait, longest_wait(validity, now));
  schedule.retry_after = 0;
  if (failure.retry_after > 0) {
    std::int64_t asked = std::min(failure.retry_after, kDay);
    schedule.retry_after = now + asked;
    std::int64_t floor = schedule.failures <= kQuickRetries ? 0 : std::min(wait, kQuickRetryFloor);
    // A little later, so that those who were told the same do not come all at once.
    wait = std::max(asked + share(std::min(asked / 10, kMinute), uniform), floor);
    wait = std::min(wait, kDay);
  }
  schedule.next_try = now + wait;
}

void note_wait(ScheduleRecord& schedule, std::int64_t seconds, WallTime now) {
  schedule.retry_after = now + std::clamp<std::int64_t>(seconds, 0, kDay);
  schedule.last_try = now;
}

void note_success(ScheduleRecord& schedule, const RenewPolicy& policy, const Validity& validity,
                  WallTime now, double uniform) {
  forget_old_validations(schedule, now);
  schedule.last_try = now;
  schedule.next_try = 0;
  schedule.retry_after = 0;
  schedule.failures = 0;
  schedule.last_error.clear();
  schedule.last_error_at = 0;
  schedule.renewal_requested = false;
  ask_first_issuer(schedule);
  WallTime point = renewal_point(policy, validity.not_before, validity.not_after, uniform);
  std::int64_t gap = gap_after_success(validity, now);
  schedule.renew_at = std::max(point, now + gap);
  // What was obtained is not what was wanted, and would be ordered again at once.
  if (!is_valid(validity, now) || !validity.current)
    schedule.next_try = now + std::clamp<std::int64_t>(gap, 1, kHour);
}

Millis transport_retry(std::uint32_t n, Millis since_first, double uniform) {
  constexpr Millis kFirstTenMinutes = 10 * 60 * 1000;
  Millis most = since_first < kFirstTenMinutes ? 10'000 : 60'000;
  Millis wait = n < 6 ? std::min<Millis>(1000 << n, most) : most;
  return wait - share(wait / 5, std::clamp(uniform, 0.0, 1.0));
}

}  // namespace acme::protocol
