// When the next try is: the agent decides, within bounds that no agent can leave.
#include <algorithm>

#include "base/text.h"
#include "keeper/certificates.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kMostFailedValidations = 64;  // CAs allow five an hour
constexpr std::size_t kLongestDigest = 64;
constexpr Millis kUntilAllIsTried = 10 * kMinute * 1000;  // after a start

// A back-off ends within a day, and while there is still time for a try after
// it: with two thirds of what is left gone, or hourly when nothing is left.
WallTime latest_try(const Managed& managed, WallTime now) {
  WallTime left = managed.stored ? managed.stored->not_after - now : 0;
  if (left <= 0) return now + kHour;
  return now + std::clamp(left / 3 * 2, kMinute, kDay);
}

void bound_past(WallTime& time, WallTime now) {
  time = std::clamp<WallTime>(time, 0, now);
}

// Of the certificate's own names, each type once: no more than an agent may rightly say.
void bound_failed_challenges(ScheduleRecord& schedule, const Managed& managed, WallTime now) {
  const auto& names = managed.config->names;
  auto& failed = schedule.failed_challenges;
  std::erase_if(failed, [&](const FailedChallenge& challenge) {
    return challenge.at > now || challenge.at <= now - kFailedChallengeLife ||
           challenge.type > kLastChallengeType ||
           std::find(names.begin(), names.end(), challenge.name) == names.end();
  });
  const std::size_t most = names.size() * (static_cast<std::size_t>(kLastChallengeType) + 1);
  if (failed.size() > most) failed.resize(most);
}

// Each of the certificate's issuers once, with times as those of the record itself.
void bound_issuers(ScheduleRecord& schedule, const Managed& managed, WallTime now) {
  const auto& issuers = managed.config->issuers;
  auto known = [&](const std::string& id) {
    return std::find(issuers.begin(), issuers.end(), id) != issuers.end();
  };
  if (!known(schedule.issuer)) schedule.issuer.clear();
  bound_past(schedule.failing_since, now);
  std::erase_if(schedule.left, [&](const LeftIssuer& left) { return !known(left.issuer); });
  if (schedule.left.size() > issuers.size()) schedule.left.resize(issuers.size());
  for (LeftIssuer& left : schedule.left) {
    left.next_try = std::min(left.next_try, now + kDay);
    left.retry_after = std::min(left.retry_after, now + kDay);
    bound_past(left.failing_since, now);
    bound_past(left.last_error_at, now);
    left.last_error = printable(left.last_error);
  }
}

void bound_failed_names(ScheduleRecord& schedule, const Managed& managed, WallTime now) {
  const auto& names = managed.config->names;
  auto& failed = schedule.failed_names;
  std::erase_if(failed, [&](const FailedName& each) {
    return std::find(names.begin(), names.end(), each.name) == names.end();
  });
  if (failed.size() > names.size()) failed.resize(names.size());
  for (FailedName& each : failed) {
    bound_past(each.at, now);
    each.error = printable(each.error);
  }
}

}  // namespace

WallTime renewal_due(const Managed& managed) {
  if (WallTime point = managed.schedule.renewal_point(); point != 0) return point;
  return managed.stored->not_after - (managed.stored->not_after - managed.stored->not_before) / 3;
}

Outcome Certificates::save_schedule(Managed& managed, ScheduleRecord schedule) {
  if (managed.trial) return fail(Errc::refused, "a dry run has no schedule");
  WallTime now = env_.now();
  schedule.next_try = std::min(schedule.next_try, latest_try(managed, now));
  schedule.retry_after = std::min(schedule.retry_after, now + kDay);
  bound_past(schedule.last_try, now);
  bound_past(schedule.last_error_at, now);
  if (managed.stored) schedule.renew_at = std::min(schedule.renew_at, managed.stored->not_after);
  schedule.last_error = printable(schedule.last_error);
  schedule.configuration.resize(std::min(schedule.configuration.size(), kLongestDigest));
  auto& failed = schedule.failed_validations;
  std::erase_if(failed, [now](WallTime time) { return time <= now - kHour || time > now; });
  if (failed.size() > kMostFailedValidations)
    failed.erase(failed.begin(), failed.end() - kMostFailedValidations);
  bound_failed_challenges(schedule, managed, now);
  bound_suggestion(schedule.ari, managed, now);
  bound_issuers(schedule, managed, now);
  bound_failed_names(schedule, managed, now);
  const ScheduleRecord before = std::exchange(managed.schedule, std::move(schedule));
  ACME_CHECK(store_.save_schedule(managed.lineage, managed.schedule));
  note_failures(managed, before);
  return {};
}

// The agent says the same a moment later. Should it not come to that, nothing
// here asks for the same certificate once more.
void Certificates::note_success(Managed& managed) {
  ScheduleRecord& schedule = managed.schedule;
  const bool asked_for_more = schedule.failures > 0 || schedule.next_try != 0 ||
                              schedule.renewal_requested || !schedule.issuer.empty() ||
                              !schedule.left.empty();
  schedule.renew_at = 0;  // the agent's next word: for now it is unknown
  schedule.ari = {};
  schedule.next_try = 0;
  schedule.failures = 0;
  schedule.last_error.clear();
  schedule.last_error_at = 0;
  schedule.renewal_requested = false;
  schedule.issuer.clear();
  schedule.failing_since = 0;
  schedule.left.clear();
  if (!asked_for_more) return;
  if (auto saved = store_.save_schedule(managed.lineage, schedule); !saved)
    log_.error(to_string(managed.lineage) + ": " + saved.error().message);
}

// One that lacks something that is wanted, was revoked, or has failed of late is due.
WallTime Certificates::not_due_before(const Managed& managed) const {
  if (!managed.stored || managed.order || managed.stored->revoked != 0 ||
      managed.stored->to_be_replaced || managed.schedule.failures > 0 || !is_current(managed))
    return 0;
  const WallTime due = renewal_due(managed);
  return due > env_.now() ? due : 0;
}

WallTime Certificates::next_try(const Managed& managed) const {
  const ScheduleRecord& schedule = managed.schedule;
  const WallTime wait = std::max(schedule.next_try, schedule.retry_after);
  const bool keeps_to_plan = schedule.failures > 0 && !schedule.renewal_requested &&
                             !managed.order && is_current(managed) &&
                             schedule.renewal_point() > std::max(wait, env_.now());
  return keeps_to_plan ? 0 : wait;
}

Outcome Certificates::request_renewal(Managed& managed) {
  managed.schedule.renewal_requested = true;
  return store_.save_schedule(managed.lineage, managed.schedule);
}

bool Certificates::is_about_to_be_tried(const Managed& managed) const {
  return env_.boottime() - began_ < kUntilAllIsTried &&
         managed.schedule.last_try < renewal_due(managed);
}

void Certificates::warn_of_neglect() {
  WallTime now = env_.now();
  if (!clocks_ahead_.empty()) return;  // renewals are held, and that was said
  for (auto& [lineage, managed] : managed_) {
    if (!managed.stored || now < managed.warned + kDay) continue;
    WallTime due = renewal_due(managed);
    if (now < due + kHour || managed.schedule.last_try >= due) continue;
    if (is_about_to_be_tried(managed)) continue;
    managed.warned = now;
    log_.error(to_string(lineage) + ": renewal was due " + format_relative(due - now) +
               " and nobody tried; the certificate ends " +
               format_relative(managed.stored->not_after - now));
  }
}

}  // namespace acme::keeper
