// What the agent plans is kept within bounds, and neglect is noticed.
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

ScheduleRecord saved(Bench& bench, const ScheduleRecord& schedule) {
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  bench.restart();
  return bench.managed(kSite).schedule;
}

constexpr WallTime kFarAway = 1'000'000'000'000;

TEST(a_schedule_outlives_a_restart) {
  Bench bench;
  bench.install();
  ScheduleRecord schedule;
  schedule.renew_at = kNow + 60 * kDay;
  schedule.next_try = kNow + 10 * kMinute;
  schedule.last_try = kNow - 5;
  schedule.retry_after = kNow + kHour;
  schedule.failures = 2;
  schedule.last_error = "rateLimited: too many";
  schedule.last_error_at = kNow - 5;
  schedule.configuration = "0123456789abcdef0123456789abcdef";
  schedule.renewal_requested = true;
  schedule.failed_validations = {kNow - 1000, kNow - 5};
  schedule.failed_challenges = {{"site.example", ChallengeType::http01, kNow - kDay},
                                {"www.site.example", ChallengeType::tlsalpn01, kNow - 5}};
  ScheduleRecord read = saved(bench, schedule);
  CHECK_EQ(read.renew_at, schedule.renew_at);
  CHECK_EQ(read.next_try, schedule.next_try);
  CHECK_EQ(read.last_try, schedule.last_try);
  CHECK_EQ(read.retry_after, schedule.retry_after);
  CHECK_EQ(read.failures, schedule.failures);
  CHECK_EQ(read.last_error, schedule.last_error);
  CHECK_EQ(read.last_error_at, schedule.last_error_at);
  CHECK_EQ(read.configuration, schedule.configuration);
  CHECK_EQ(read.renewal_requested, true);
  CHECK_EQ(read.failed_validations, schedule.failed_validations);
  CHECK(read.failed_challenges == schedule.failed_challenges);
}

TEST(no_wait_is_longer_than_a_day) {
  Bench bench;
  bench.install();
  ScheduleRecord schedule;
  schedule.next_try = kFarAway;
  schedule.retry_after = kFarAway;
  ScheduleRecord read = saved(bench, schedule);
  CHECK_EQ(read.next_try, kNow + kDay);
  CHECK_EQ(read.retry_after, kNow + kDay);
}

TEST(without_a_valid_certificate_a_back_off_ends_within_the_hour) {
  Bench bench;
  ScheduleRecord schedule;
  schedule.next_try = kNow + kDay;
  CHECK_EQ(saved(bench, schedule).next_try, kNow + kHour);
  bench.install();
  CHECK_EQ(saved(bench, schedule).next_try, kNow + kDay);
  bench.env.pass(91 * kDay);
  schedule.next_try = bench.env.wall + kDay;
  CHECK_EQ(saved(bench, schedule).next_try, bench.env.wall + kHour);
}

TEST(a_back_off_leaves_time_for_the_try_after_it) {
  Bench bench;
  bench.install();
  bench.env.pass(90 * kDay - 6 * kHour);
  ScheduleRecord schedule;
  schedule.next_try = bench.env.wall + kDay;
  CHECK_EQ(saved(bench, schedule).next_try, bench.env.wall + 4 * kHour);
  bench.env.pass(6 * kHour - 10);
  CHECK_EQ(saved(bench, schedule).next_try, bench.env.wall + kMinute);
}

TEST(a_renewal_is_never_planned_after_the_end) {
  Bench bench;
  bench.install();
  ScheduleRecord schedule;
  schedule.renew_at = kFarAway;
  CHECK_EQ(saved(bench, schedule).renew_at, kNow + 90 * kDay);
}

TEST(what_has_been_lies_in_the_past) {
  Bench bench;
  ScheduleRecord schedule;
  schedule.last_try = kFarAway;
  schedule.last_error_at = kFarAway;
  schedule.failed_validations.assign(100'000, kFarAway);
  ScheduleRecord read = saved(bench, schedule);
  CHECK_EQ(read.last_try, kNow);
  CHECK_EQ(read.last_error_at, kNow);
  CHECK(read.failed_validations.empty());
}

TEST(numbers_without_sense_do_no_harm) {
  Bench bench;
  ScheduleRecord schedule;
  for (WallTime* time : {&schedule.renew_at, &schedule.next_try, &schedule.last_try,
                         &schedule.retry_after, &schedule.last_error_at})
    *time = std::numeric_limits<WallTime>::min();
  schedule.failures = 0xFFFFFFFF;
  schedule.failed_validations = {std::numeric_limits<WallTime>::min(),
                                 std::numeric_limits<WallTime>::max(), kNow};
  ScheduleRecord read = saved(bench, schedule);
  CHECK_EQ(read.next_try, 0);
  CHECK_EQ(read.failures, 0xFFFFFFFF);
  CHECK_EQ(read.failed_validations, std::vector<WallTime>{kNow});
}

TEST(a_schedule_cannot_grow) {
  Bench bench;
  ScheduleRecord schedule;
  schedule.last_error = std::string(100'000, 'x');
  schedule.configuration = std::string(100'000, 'c');
  schedule.failed_validations.assign(100'000, kNow - 1);
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  const std::string path = bench.folder / "store/certs/site/ecdsa-256/state.json";
  CHECK(std::filesystem::file_size(path) < 8192);
  CHECK(bench.managed(kSite).schedule.last_error.size() <= 512);
}

TEST(failed_challenges_are_of_the_certificates_own_names_and_of_the_last_30_days) {
  Bench bench;
  ScheduleRecord schedule;
  const FailedChallenge good{"site.example", ChallengeType::http01, kNow - kDay};
  schedule.failed_challenges = {{"evil.example", ChallengeType::http01, kNow - kDay},
                                {"site.example", static_cast<ChallengeType>(9), kNow - kDay},
                                {"site.example", ChallengeType::http01, kNow + 1},
                                {"site.example", ChallengeType::http01, kNow - 30 * kDay},
                                good};
  CHECK(saved(bench, schedule).failed_challenges == std::vector{good});
  const FailedChallenge last{"site.example", kLastChallengeType, kNow - kDay};
  schedule.failed_challenges = {last};
  CHECK(saved(bench, schedule).failed_challenges == std::vector{last});
  schedule.failed_challenges.assign(10'000, good);
  CHECK(saved(bench, schedule).failed_challenges.size() <= 10);
}

TEST(the_issuers_of_a_schedule_are_the_certificates_own) {
  Bench bench;
  ScheduleRecord schedule;
  schedule.issuer = "nobody";
  schedule.left = {{"ca", kNow + 5, kFarAway, kFarAway, 1}, {"nobody"}};
  schedule.failed_names = {{"site.example", 2, kNow + 5, "dns"}, {"evil.example", 2, kNow, ""}};
  ScheduleRecord read = saved(bench, schedule);
  CHECK_EQ(read.issuer, "");
  CHECK_EQ(read.left.size(), 1);
  CHECK_EQ(read.left[0].next_try, kNow + kDay);
  CHECK_EQ(read.left[0].retry_after, kNow + kDay);
  CHECK_EQ(read.left[0].failing_since, kNow);
  CHECK_EQ(read.failed_names.size(), 1);
  CHECK_EQ(read.failed_names[0].at, kNow);
}

TEST(the_cas_words_are_kept_escaped) {
  Bench bench;
  ScheduleRecord schedule;
  schedule.failures = 1;
  schedule.last_error = "\x1b[31m\n\xff";
  CHECK_EQ(saved(bench, schedule).last_error, "\\x1b[31m\\x0a\\xff");
}

// ---- neglect

TEST(a_renewal_that_nobody_tries_is_complained_of_daily) {
  Bench bench;
  bench.install();
  ScheduleRecord schedule;
  schedule.renew_at = kNow + 60 * kDay;
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  const auto complaints = [&bench] {
    bench.certificates().warn_of_neglect();
    return bench.log.count("renewal was due");
  };
  bench.env.pass(60 * kDay);
  CHECK_EQ(complaints(), 0);
  bench.env.pass(kHour);
  CHECK_EQ(complaints(), 1);
  bench.env.pass(kHour);
  CHECK_EQ(complaints(), 1);
  bench.env.pass(kDay);
  CHECK_EQ(complaints(), 2);
  schedule.last_try = bench.env.wall;
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  bench.env.pass(kDay);
  CHECK_EQ(complaints(), 2);
}

TEST(a_renewal_that_was_never_planned_is_missed_too) {
  Bench bench;
  bench.install();  // and then no agent ever starts
  bench.env.pass(59 * kDay);
  bench.certificates().warn_of_neglect();
  CHECK_EQ(bench.log.count("renewal was due"), 0);
  bench.env.pass(2 * kDay);
  bench.certificates().warn_of_neglect();
  CHECK_EQ(bench.log.count("renewal was due"), 1);
}

// A machine that was off for days: all of it is tried within a moment.
TEST(what_became_due_while_no_server_ran_is_no_neglect_yet) {
  Bench bench;
  bench.install();
  bench.env.pass(70 * kDay);
  bench.restart();
  bench.certificates().warn_of_neglect();
  bench.env.pass(9 * kMinute);
  bench.certificates().warn_of_neglect();
  CHECK_EQ(bench.log.count("renewal was due"), 0);
  bench.env.pass(kMinute);
  bench.certificates().warn_of_neglect();
  CHECK_EQ(bench.log.count("renewal was due"), 1);
}

TEST(a_requested_renewal_is_remembered) {
  Bench bench;
  bench.install();
  REQUIRE_OK(bench.certificates().request_renewal(bench.managed(kSite)));
  bench.restart();
  CHECK(bench.certificates().state_of(bench.managed(kSite)).schedule.renewal_requested);
}

TEST(lineages_are_found_by_id_and_by_name) {
  Bench bench;
  CHECK_EQ(bench.certificates().lineages_of("site").size(), 1);
  CHECK_EQ(bench.certificates().lineages_of("WWW.site.example").size(), 1);
  CHECK_EQ(bench.certificates().lineages_of("*.wild.example").size(), 1);
  CHECK_EQ(bench.certificates().lineages_of("a.wild.example").size(), 1);  // by its wildcard
  CHECK(bench.certificates().lineages_of("").empty());
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
