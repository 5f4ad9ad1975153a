// Tables and simulated lives for the arithmetic of renewal and repetition.
#include "protocol/schedule.h"

#include <algorithm>
#include <random>

#include "unit/check.h"

using namespace acme;
using namespace acme::protocol;
using Kind = Failure::Kind;

namespace {

constexpr WallTime kNow = 1'790'000'000;

RenewPolicy share_left(std::uint32_t per_mille) {
  return {RenewPolicy::Kind::share_left, per_mille, 0};
}
RenewPolicy time_left(std::int64_t seconds) {
  return {RenewPolicy::Kind::time_left, 0, seconds};
}

Validity valid_for(std::int64_t lifetime, std::int64_t left) {
  return {true, true, kNow + left - lifetime, kNow + left};
}
constexpr Validity kNothing{};

Failure failure(Kind kind, std::int64_t retry_after = 0) {
  Failure out;
  out.kind = kind;
  out.words = "the CA's words";
  out.retry_after = retry_after;
  return out;
}

// The wait after the n-th failure in a row (from 1).
std::int64_t wait_after(std::uint32_t n, const Validity& validity, double uniform = 0,
                        std::int64_t retry_after = 0) {
  ScheduleRecord record;
  record.failures = n - 1;
  note_failure(record, failure(Kind::busy, retry_after), validity, kNow, uniform);
  CHECK_EQ(record.failures, n);
  return record.next_try - kNow;
}

}  // namespace

// ---- the renewal point

TEST(the_renewal_point_leaves_a_third_of_a_long_lifetime_and_half_of_a_short_one) {
  struct Row {
    std::int64_t lifetime;
    std::int64_t left;
  };
  for (const Row& row :
       {Row{90 * kDay, 30 * kDay}, Row{45 * kDay, 15 * kDay}, Row{64 * kDay, 64 * kDay / 3},
        Row{200 * kDay, 200 * kDay / 3}, Row{10 * kDay, 5 * kDay}, Row{160 * kHour, 80 * kHour},
        Row{10 * kMinute, 5 * kMinute}, Row{2 * kMinute, kMinute}}) {
    CHECK_EQ(renewal_point({}, kNow, kNow + row.lifetime, 0), kNow + row.lifetime - row.left);
  }
}

TEST(a_policy_of_the_operator_is_followed) {
  CHECK_EQ(renewal_point(time_left(30 * kDay), kNow, kNow + 90 * kDay, 0), kNow + 60 * kDay);
  CHECK_EQ(renewal_point(time_left(30 * kDay), kNow, kNow + 45 * kDay, 0), kNow + 15 * kDay);
  CHECK_EQ(renewal_point(share_left(250), kNow, kNow + 100 * kDay, 0), kNow + 75 * kDay);
  CHECK_EQ(renewal_point(share_left(500), kNow, kNow + 6 * kDay, 0), kNow + 3 * kDay);
}

TEST(a_policy_that_no_lifetime_can_satisfy_is_bounded) {
  // Thirty days before the end of a six-day certificate: no storm of renewals.
  CHECK_EQ(renewal_point(time_left(30 * kDay), kNow, kNow + 6 * kDay, 0), kNow + 2 * kDay);
  CHECK_EQ(renewal_point(share_left(1000), kNow, kNow + 90 * kDay, 0), kNow + 30 * kDay);
  // A minute before the end: no time for a second try.
  CHECK_EQ(renewal_point(time_left(60), kNow, kNow + 90 * kDay, 0), kNow + 89 * kDay);
  CHECK_EQ(renewal_point(share_left(1), kNow, kNow + 5 * kDay, 0), kNow + 5 * kDay - 12 * kHour);
}

TEST(jitter_is_a_tenth_of_what_is_left_and_never_before_half_of_the_lifetime) {
  for (std::int64_t lifetime : {std::int64_t{120}, kHour, 6 * kDay, 10 * kDay, 90 * kDay}) {
    for (const RenewPolicy& policy :
         {RenewPolicy{}, share_left(100), share_left(500), share_left(600), time_left(kDay)}) {
      WallTime base = renewal_point(policy, kNow, kNow + lifetime, 0);
      std::int64_t rest = kNow + lifetime - base;
      for (double uniform : {0.0, 0.1, 0.5, 0.999}) {
        WallTime point = renewal_point(policy, kNow, kNow + lifetime, uniform);
        CHECK(std::abs(point - base) <= rest / 10 + 1);
        CHECK(point >= std::min(base, kNow + lifetime / 2));
        CHECK(point < kNow + lifetime);
      }
    }
  }
  CHECK_EQ(renewal_point({}, kNow, kNow + 90 * kDay, 0.5), kNow + 60 * kDay - 36 * kHour);
  CHECK_EQ(renewal_point({}, kNow, kNow + 6 * kDay, 0.5), kNow + 3 * kDay + kDay * 3 / 20);
}

TEST(a_certificate_without_a_lifetime_has_its_end_as_its_renewal_point) {
  CHECK_EQ(renewal_point({}, kNow, kNow, 0.5), kNow);
  CHECK_EQ(renewal_point({}, kNow, kNow - 5, 0.5), kNow - 5);
}

TEST(a_loaded_record_gets_a_renewal_point_when_it_has_none_or_a_foreign_one) {
  Validity validity = valid_for(90 * kDay, 80 * kDay);
  WallTime point = renewal_point({}, validity.not_before, validity.not_after, 0.5);
  for (WallTime before : {WallTime{0}, kNow - 100 * kDay, kNow + 3000 * kDay}) {
    ScheduleRecord record;
    record.renew_at = before;
    plan_renewal(record, {}, validity, 0.5);
    CHECK_EQ(record.renew_at, point);
  }
  ScheduleRecord record;
  record.renew_at = point - kHour;
  plan_renewal(record, {}, validity, 0.5);
  CHECK_EQ(record.renew_at, point - kHour);  // chosen once
  plan_renewal(record, share_left(500), validity, 0);
  CHECK_EQ(record.renew_at, validity.not_after - 45 * kDay);  // another policy
  plan_renewal(record, {}, kNothing, 0.5);
  CHECK_EQ(record.renew_at, validity.not_after - 45 * kDay);
}

// ---- when the next try is due

TEST(what_is_missing_expired_or_not_for_todays_configuration_is_due_now) {
  ScheduleRecord record;
  CHECK_EQ(due_at(record, kNothing, kNow), 0);
  record.renew_at = kNow + kDay;
  CHECK_EQ(due_at(record, valid_for(90 * kDay, -1), kNow), 0);
  Validity other = valid_for(90 * kDay, 80 * kDay);
  other.current = false;
  CHECK_EQ(due_at(record, other, kNow), 0);
}

TEST(a_good_certificate_is_due_at_its_renewal_point) {
  ScheduleRecord record;
  Validity validity = valid_for(90 * kDay, 80 * kDay);
  record.renew_at = kNow + 49 * kDay;
  CHECK_EQ(due_at(record, validity, kNow), kNow + 49 * kDay);
  CHECK_EQ(due_at(record, validity, kNow + 49 * kDay), 0);
}

TEST(a_renewal_point_that_cannot_be_this_certificates_is_not_believed) {
  Validity validity = valid_for(90 * kDay, 80 * kDay);
  for (WallTime wrong : {WallTime{0}, kNow - 11 * kDay, kNow + 80 * kDay, kNow + 5000 * kDay}) {
    ScheduleRecord record;
    record.renew_at = wrong;
    CHECK_EQ(due_at(record, validity, kNow), kNow + 50 * kDay);
  }
}

TEST(a_back_off_is_waited_for) {
  ScheduleRecord record;
  note_failure(record, failure(Kind::refused), kNothing, kNow, 0);
  CHECK_EQ(due_at(record, kNothing, kNow + 1), kNow + kMinute);
  CHECK_EQ(due_at(record, kNothing, kNow + kMinute), 0);
}

TEST(a_fault_of_the_environment_is_looked_at_again_soon) {
  ScheduleRecord record;
  for (std::int64_t wait : {std::int64_t{10}, kMinute, 10 * kMinute, 10 * kMinute, 10 * kMinute}) {
    note_failure(record, failure(Kind::environment), kNothing, kNow, 0);
    CHECK_EQ(record.next_try - kNow, wait);
  }
}

TEST(a_request_by_acmectl_passes_the_back_off_once) {
  Validity validity = valid_for(90 * kDay, 80 * kDay);
  ScheduleRecord record;
  record.failures = 3;
  note_failure(record, failure(Kind::refused), validity, kNow, 0);
  CHECK(due_at(record, validity, kNow) > kNow);
  record.renewal_requested = true;
  CHECK_EQ(due_at(record, validity, kNow), 0);
  note_failure(record, failure(Kind::refused), validity, kNow, 0);
  CHECK(!record.renewal_requested);
  CHECK(due_at(record, validity, kNow) > kNow);
}

TEST(a_request_by_acmectl_does_not_pass_retry_after) {
  ScheduleRecord record;
  note_failure(record, failure(Kind::rate_limited, 5000), kNothing, kNow, 0);
  record.renewal_requested = true;
  CHECK_EQ(due_at(record, kNothing, kNow + 10), kNow + 5000);
  CHECK_EQ(due_at(record, kNothing, kNow + 5000), 0);
}

TEST(a_changed_configuration_passes_the_back_off_but_not_retry_after) {
  ScheduleRecord record;
  record.configuration = "old";
  record.failures = 3;
  note_failure(record, failure(Kind::refused), valid_for(90 * kDay, 80 * kDay), kNow, 0);
  note_configuration(record, "old");
  CHECK(due_at(record, kNothing, kNow) > kNow);
  note_configuration(record, "new");
  CHECK_EQ(record.configuration, "new");
  CHECK_EQ(due_at(record, kNothing, kNow), 0);
  note_failure(record, failure(Kind::rate_limited, 700), kNothing, kNow, 0);
  note_configuration(record, "newer");
  CHECK_EQ(due_at(record, kNothing, kNow), kNow + 700);
}

TEST(five_failed_validations_an_hour_are_never_exceeded) {
  ScheduleRecord record;
  for (int i = 0; i < 5; ++i) {
    record.renewal_requested = true;
    CHECK_EQ(due_at(record, kNothing, kNow + i * 60), 0);
    note_failure(record, failure(Kind::validation), kNothing, kNow + i * 60, 0);
  }
  record.renewal_requested = true;
  CHECK_EQ(due_at(record, kNothing, kNow + 300), kNow + kHour);
  CHECK_EQ(due_at(record, kNothing, kNow + kHour), 0);
  note_configuration(record, "new");
  CHECK_EQ(due_at(record, kNothing, kNow + 300), kNow + kHour);
  // The sixth, an hour after the first, waits for the second.
  note_failure(record, failure(Kind::validation), kNothing, kNow + kHour, 0);
  record.renewal_requested = true;
  CHECK_EQ(record.failed_validations.size(), 5);
  CHECK_EQ(due_at(record, kNothing, kNow + kHour + 1), kNow + 60 + kHour);
}

TEST(a_success_does_not_forget_the_failed_validations_of_the_last_hour) {
  ScheduleRecord record;
  for (int i = 0; i < 5; ++i) note_failure(record, failure(Kind::validation), kNothing, kNow, 0);
  record.failed_validations.push_back(kNow - 2 * kHour);
  note_success(record, {}, valid_for(90 * kDay, 90 * kDay), kNow, 0);
  CHECK_EQ(record.failed_validations.size(), 5);
  record.renewal_requested = true;
  CHECK_EQ(due_at(record, valid_for(90 * kDay, 90 * kDay), kNow + 5), kNow + kHour);
}

TEST(a_clock_that_was_once_in_2038_does_no_harm) {
  constexpr WallTime k2038 = 2'145'916'800;
  Validity validity = valid_for(90 * kDay, 20 * kDay);
  ScheduleRecord record;
  record.failures = 3;
  note_failure(record, failure(Kind::validation, kDay), validity, k2038, 0.5);
  for (int i = 0; i < 9; ++i) record.failed_validations.push_back(k2038 + i);
  record.renew_at = k2038;
  CHECK_EQ(due_at(record, validity, kNow), 0);
  note_failure(record, failure(Kind::busy), validity, kNow, 0);
  CHECK(record.failed_validations.empty());
}

TEST(a_clock_that_is_put_back_a_little_does_not_void_a_wait) {
  ScheduleRecord record;
  note_failure(record, failure(Kind::rate_limited, 600), kNothing, kNow, 0);
  CHECK_EQ(due_at(record, kNothing, kNow - 60), kNow + 600);
}

TEST(a_wait_that_was_stored_too_long_is_cut_to_its_maximum) {
  ScheduleRecord record;
  record.last_error_at = kNow - 10;
  record.next_try = kNow + 30 * kDay;
  CHECK_EQ(due_at(record, kNothing, kNow), kNow - 10 + kHour);
  CHECK_EQ(due_at(record, kNothing, kNow + 600), kNow - 10 + kHour);  // it does not move along
  record.retry_after = kNow + 30 * kDay;
  CHECK_EQ(due_at(record, kNothing, kNow), kNow - 10 + kDay + kMinute);  // with its jitter
  ScheduleRecord unknown;
  unknown.next_try = kNow + 30 * kDay;
  CHECK_EQ(due_at(unknown, kNothing, kNow), 0);
}

TEST(when_the_certificate_is_lost_a_daily_wait_becomes_an_hourly_one) {
  ScheduleRecord record;
  record.failures = 3;
  note_failure(record, failure(Kind::refused), valid_for(90 * kDay, 80 * kDay), kNow, 0);
  CHECK_EQ(record.next_try, kNow + kDay);
  CHECK_EQ(due_at(record, kNothing, kNow + 60), kNow + kHour);
}

// ---- after a failure

TEST(failed_orders_back_off_1_10_100_minutes_and_then_daily) {
  Validity validity = valid_for(90 * kDay, 30 * kDay);
  CHECK_EQ(wait_after(1, validity), kMinute);
  CHECK_EQ(wait_after(2, validity), 10 * kMinute);
  CHECK_EQ(wait_after(3, validity), 100 * kMinute);
  CHECK_EQ(wait_after(4, validity), kDay);
  CHECK_EQ(wait_after(50, validity), kDay);
  CHECK_EQ(wait_after(4'000'000'000, validity), kDay);
}

TEST(jitter_makes_a_back_off_shorter_by_a_tenth_at_most) {
  Validity validity = valid_for(90 * kDay, 30 * kDay);
  for (double uniform : {0.0, 0.3, 0.999}) {
    CHECK(wait_after(1, validity, uniform) >= 54 && wait_after(1, validity, uniform) <= 60);
    CHECK(wait_after(4, validity, uniform) >= kDay * 9 / 10);
    CHECK(wait_after(4, validity, uniform) <= kDay);
  }
  CHECK_EQ(wait_after(1, validity, 0.5), 57);
}

TEST(without_a_valid_certificate_tries_are_an_hour_apart_at_most) {
  for (const Validity& validity : {kNothing, valid_for(90 * kDay, 0), valid_for(90 * kDay, -5)}) {
    CHECK_EQ(wait_after(1, validity), kMinute);
    CHECK_EQ(wait_after(2, validity), 10 * kMinute);
    CHECK_EQ(wait_after(3, validity), kHour);
    CHECK_EQ(wait_after(9, validity), kHour);
  }
}

TEST(a_wait_is_a_quarter_of_what_is_left_at_most) {
  CHECK_EQ(wait_after(9, valid_for(90 * kDay, 2 * kDay)), 12 * kHour);
  CHECK_EQ(wait_after(9, valid_for(90 * kDay, kHour)), 15 * kMinute);
  CHECK_EQ(wait_after(9, valid_for(90 * kDay, 100)), kMinute);
  CHECK_EQ(wait_after(1, valid_for(120, 60)), 15);
  CHECK_EQ(wait_after(9, valid_for(120, 8)), 6);
  CHECK_EQ(wait_after(9, valid_for(10, 1)), 1);
}

TEST(many_tries_fit_before_the_end_of_every_certificate) {
  for (std::int64_t lifetime : {std::int64_t{120}, std::int64_t{600}, kHour, kDay, 160 * kHour,
                                45 * kDay, 90 * kDay, 398 * kDay}) {
    Validity validity{true, true, kNow, kNow + lifetime};
    ScheduleRecord record;
    note_success(record, {}, validity, kNow, 0.999);
    WallTime now = record.renew_at;
    int tries = 0;
    WallTime last = 0;
    while (now < validity.not_after) {
      ++tries;
      last = now;
      note_failure(record, failure(Kind::busy), validity, now, 0);
      now = due_at(record, validity, now);
      CHECK(now > last);
    }
    CHECK(tries >= 7);
    // The last one is no half-hearted one: it comes near the end.
    CHECK(validity.not_after - last <= std::max<std::int64_t>(lifetime / 20, kMinute));
  }
}

TEST(retry_after_wins_over_the_back_off) {
  Validity validity = valid_for(90 * kDay, 30 * kDay);
  CHECK_EQ(wait_after(1, validity, 0, 5), 5);
  CHECK_EQ(wait_after(1, validity, 0, 3 * kHour), 3 * kHour);
  CHECK_EQ(wait_after(3, kNothing, 0, 5 * kHour), 5 * kHour);
  CHECK_EQ(wait_after(1, valid_for(120, 60), 0, 100), 100);
}

TEST(retry_after_is_capped_at_a_day_and_jitter_comes_after_it) {
  Validity validity = valid_for(90 * kDay, 30 * kDay);
  CHECK_EQ(wait_after(1, validity, 0.999, 40 * kDay), kDay);
  for (double uniform : {0.0, 0.5, 0.999}) {
    std::int64_t wait = wait_after(1, validity, uniform, 600);
    CHECK(wait >= 600 && wait <= 660);
  }
  ScheduleRecord record;
  note_failure(record, failure(Kind::rate_limited, 40 * kDay), validity, kNow, 0.5);
  CHECK_EQ(record.retry_after, kNow + kDay);
}

TEST(a_wait_within_an_order_outlives_a_restart_whatever_failed_before) {
  for (WallTime failed : {WallTime(0), kNow - 10 * kDay, kNow - 10}) {
    ScheduleRecord record;
    record.last_error_at = failed;
    note_wait(record, kHour, kNow);
    CHECK_EQ(due_at(record, kNothing, kNow + 60), kNow + kHour);
    CHECK_EQ(due_at(record, kNothing, kNow + kHour), 0);
    note_wait(record, 40 * kDay, kNow);
    CHECK_EQ(due_at(record, kNothing, kNow + 60), kNow + kDay);
  }
}

TEST(a_short_retry_after_is_not_followed_for_ever) {
  Validity validity = valid_for(90 * kDay, 30 * kDay);
  CHECK_EQ(wait_after(3, validity, 0, 1), 1);
  CHECK_EQ(wait_after(4, validity, 0, 1), 10 * kMinute);
  CHECK_EQ(wait_after(40, valid_for(120, 60), 0, 1), 15);
}

TEST(an_order_that_is_gone_costs_no_back_off) {
  ScheduleRecord record;
  Failure gone = failure(Kind::validation);
  gone.order_gone = true;
  note_failure(record, gone, kNothing, kNow, 0);
  CHECK_EQ(record.failures, 0);
  CHECK_EQ(due_at(record, kNothing, kNow), 0);
  CHECK_EQ(record.last_error, "the CA's words");
  CHECK_EQ(record.failed_validations.size(), 1);  // but it was one
}

TEST(a_failure_is_remembered_in_the_cas_words) {
  ScheduleRecord record;
  note_failure(record, failure(Kind::refused), kNothing, kNow, 0);
  CHECK_EQ(record.last_error, "the CA's words");
  CHECK_EQ(record.last_error_at, kNow);
  CHECK_EQ(record.last_try, kNow);
  CHECK(record.failed_validations.empty());
}

// ---- after a success

TEST(a_success_ends_all_waiting) {
  ScheduleRecord record;
  record.renewal_requested = true;
  note_failure(record, failure(Kind::rate_limited, 600), kNothing, kNow - 600, 0);
  note_success(record, {}, valid_for(90 * kDay, 90 * kDay), kNow, 0);
  CHECK_EQ(record.renew_at, kNow + 60 * kDay);
  CHECK_EQ(record.next_try, 0);
  CHECK_EQ(record.retry_after, 0);
  CHECK_EQ(record.failures, 0);
  CHECK_EQ(record.last_error, "");
  CHECK(!record.renewal_requested);
}

TEST(a_fresh_certificate_is_never_renewed_at_once) {
  // The clock here is 70 days ahead, or the CA hands out an old certificate.
  for (std::int64_t left : {20 * kDay, 2 * kDay, kHour, std::int64_t{0}, -kDay}) {
    Validity validity = valid_for(90 * kDay, left);
    ScheduleRecord record;
    note_success(record, {}, validity, kNow, 0.5);
    CHECK(record.renew_at > kNow);
    if (left > 0) CHECK(record.renew_at <= validity.not_after - left / 2);
  }
}

TEST(orders_never_follow_upon_each_other_even_when_each_succeeds) {
  // By our clock what is obtained is about to end, has ended, or is for other names.
  for (std::int64_t left : {kHour, std::int64_t{600}, std::int64_t{0}, -kDay, 89 * kDay}) {
    Validity validity = valid_for(90 * kDay, left);
    if (left > kDay) validity.current = false;
    ScheduleRecord record;
    note_success(record, {}, validity, kNow, 0.5);
    CHECK(due_at(record, validity, kNow) >=
          kNow + std::min<std::int64_t>(kHour, left > 0 ? left / 2 : kHour));
    ScheduleRecord loaded = record;  // a restart makes no difference
    plan_renewal(loaded, {}, validity, 0.2);
    CHECK(due_at(loaded, validity, kNow + 1) > kNow);
  }
}

TEST(a_certificate_of_two_minutes_is_renewed_in_good_time_and_its_retries_fit) {
  for (int failures_each_time = 0; failures_each_time <= 4; ++failures_each_time) {
    std::mt19937 random(7);
    auto uniform = [&] { return std::uniform_real_distribution<double>(0, 1)(random); };
    ScheduleRecord record;
    WallTime now = kNow;
    Validity validity{true, true, now, now + 120};
    note_success(record, {}, validity, now, uniform());
    int renewals = 0;
    while (now < kNow + kHour) {
      WallTime due = std::max(due_at(record, validity, now), now);
      CHECK(due - validity.not_before >= 59 || record.failures > 0);
      now = due;
      for (int i = 0; i < failures_each_time; ++i) {
        now += 1;
        note_failure(record, failure(Kind::busy), validity, now, uniform());
        now = std::max(due_at(record, validity, now), now);
      }
      now += 2;  // an order takes that long
      CHECK(now <= validity.not_after - 5);
      validity = {true, true, now, now + 120};
      note_success(record, {}, validity, now, uniform());
      ++renewals;
    }
    CHECK(renewals >= 30);
  }
}

TEST(a_year_of_outages_never_lets_a_certificate_expire_while_the_ca_answers_now_and_then) {
  for (std::int64_t lifetime : {2 * kDay, 160 * kHour, 45 * kDay, 90 * kDay}) {
    std::mt19937 random(static_cast<unsigned>(lifetime));
    auto uniform = [&] { return std::uniform_real_distribution<double>(0, 1)(random); };
    ScheduleRecord record;
    Validity validity{true, true, kNow, kNow + lifetime};
    note_success(record, {}, validity, kNow, uniform());
    int orders = 0;
    for (WallTime now = kNow; now < kNow + 365 * kDay;) {
      WallTime due = due_at(record, validity, now);
      if (due != 0) {
        now = due;
        continue;
      }
      CHECK(now < validity.not_after);
      ++orders;
      // Down for the first two thirds of the time that is left at the renewal point.
      bool up = validity.not_after - now < lifetime / 9;
      if (up) {
        validity = {true, true, now, now + lifetime};
        note_success(record, {}, validity, now, uniform());
      } else {
        note_failure(record, failure(Kind::busy), validity, now, uniform());
      }
      ++now;
    }
    CHECK(orders < 40 * 365 * kDay / lifetime);
  }
}

// ---- transport errors

TEST(a_transport_error_is_retried_from_1_s_doubling_to_10_s_and_later_each_minute) {
  std::vector<Millis> waits;
  for (std::uint32_t n = 0; n < 6; ++n) waits.push_back(transport_retry(n, n * 1000, 0));
  CHECK_EQ(waits, (std::vector<Millis>{1000, 2000, 4000, 8000, 10'000, 10'000}));
  CHECK_EQ(transport_retry(70, 599'999, 0), 10'000);
  CHECK_EQ(transport_retry(70, 600'000, 0), 60'000);
  CHECK_EQ(transport_retry(4'000'000'000, 600'000'000, 0), 60'000);
}

TEST(jitter_of_a_transport_retry_makes_it_a_fifth_shorter_at_most) {
  CHECK_EQ(transport_retry(9, 0, 0.5), 9'000);
  CHECK_EQ(transport_retry(9, 0, 1.0), 8'000);
  CHECK(transport_retry(0, 0, 0.999) >= 800);
}

// ---- types of challenges

namespace {

Failure failed_validation(const std::string& name, ChallengeType type, bool other_left) {
  Failure out = failure(Kind::validation);
  out.names = {name};
  out.validations = {{name, type, other_left}};
  return out;
}

}  // namespace

TEST(a_failure_that_leaves_another_type_costs_no_back_off_but_counts) {
  ScheduleRecord record;
  record.renewal_requested = true;
  note_failure(record, failed_validation("a", ChallengeType::http01, true), kNothing, kNow, 0);
  CHECK_EQ(due_at(record, kNothing, kNow), 0);
  CHECK_EQ(record.failures, 0);
  CHECK(record.renewal_requested);
  CHECK_EQ(record.last_error, "the CA's words");
  CHECK_EQ(record.failed_validations.size(), 1);
  CHECK(record.failed_challenges ==
        (std::vector<FailedChallenge>{{"a", ChallengeType::http01, kNow}}));
}

TEST(when_the_other_type_fails_as_well_both_are_as_good_as_before) {
  ScheduleRecord record;
  note_failure(record, failed_validation("a", ChallengeType::http01, true), kNothing, kNow, 0);
  note_failure(record, failed_validation("b", ChallengeType::http01, true), kNothing, kNow, 0);
  note_failure(record, failed_validation("a", ChallengeType::tlsalpn01, false), kNothing, kNow, 0);
  CHECK(record.failed_challenges ==
        (std::vector<FailedChallenge>{{"b", ChallengeType::http01, kNow}}));
  CHECK_EQ(record.failures, 1);
  CHECK_EQ(due_at(record, kNothing, kNow), kNow + kMinute);
}

TEST(a_type_that_failed_is_remembered_for_thirty_days_also_over_a_success) {
  ScheduleRecord record;
  note_failure(record, failed_validation("a", ChallengeType::http01, true), kNothing, kNow, 0);
  note_success(record, {}, valid_for(90 * kDay, 90 * kDay), kNow, 0);
  CHECK_EQ(record.failed_challenges.size(), 1);
  const WallTime later = kNow + 30 * kDay;
  note_failure(record, failed_validation("b", ChallengeType::http01, true), kNothing, later, 0);
  CHECK(record.failed_challenges ==
        (std::vector<FailedChallenge>{{"b", ChallengeType::http01, later}}));
}

TEST(rounds_of_both_types_never_exceed_five_failed_validations_an_hour) {
  ScheduleRecord record;
  std::vector<WallTime> tries;
  bool second = false;
  for (WallTime now = kNow; now < kNow + 6 * kHour; now += 10) {
    if (due_at(record, kNothing, now) != 0) continue;
    tries.push_back(now);
    note_failure(
        record,
        failed_validation("a", second ? ChallengeType::tlsalpn01 : ChallengeType::http01, !second),
        kNothing, now, 0);
    second = !second;
  }
  CHECK(tries.size() >= 10);
  for (std::size_t i = 5; i < tries.size(); ++i) CHECK(tries[i] - tries[i - 5] >= kHour);
}

TEST(whatever_carries_the_name_hears_of_its_validation) {
  Failure failure = failed_validation("b", ChallengeType::http01, true);
  ScheduleRecord record;
  CHECK(note_validations(record, failure, {"a", "b"}, kNow));
  CHECK_EQ(record.failed_validations, std::vector<WallTime>{kNow});
  CHECK_EQ(record.failed_challenges.at(0).name, "b");
  CHECK_EQ(record.failures, 0);
  CHECK_EQ(due_at(record, kNothing, kNow), 0);

  ScheduleRecord other;
  CHECK(!note_validations(other, failure, {"a", "c"}, kNow));
  failure.kind = Kind::busy;
  CHECK(!note_validations(other, failure, {"b"}, kNow));
  CHECK(other.failed_validations.empty() && other.failed_challenges.empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
