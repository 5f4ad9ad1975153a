// RFC 9773 as arithmetic: what is read, what is picked, what it is worth, when it is asked again.
#include "protocol/ari.h"

#include <algorithm>
#include <random>

#include "unit/check.h"

using namespace acme;
using namespace acme::protocol;

namespace {

constexpr WallTime kNow = 1'790'000'000;
const std::string kId = "aki.serial";
const RenewPolicy kAuto{};

Validity from_to(WallTime not_before, WallTime not_after) {
  return {true, true, not_before, not_after};
}

// A certificate's schedule as the driver has it before the CA is asked.
ScheduleRecord planned(const Validity& validity, const RenewPolicy& policy = kAuto) {
  ScheduleRecord schedule;
  plan_renewal(schedule, policy, validity, 0);
  return schedule;
}

struct Suggested {
  WallTime start;
  WallTime end;
  double uniform = 0.5;
};
// The renewal point that follows from a suggestion; 0: it does not count.
WallTime weighed(const Validity& validity, const Suggested& window,
                 const RenewPolicy& policy = kAuto, WallTime not_before = 0) {
  ScheduleRecord schedule = planned(validity, policy);
  note_suggestion(schedule.ari, kId, {window.start, window.end, ""}, {}, kNow, window.uniform);
  schedule.ari.not_before = not_before;
  weigh_suggestion(schedule, policy, validity);
  return schedule.ari.renew_at;
}

std::string body(const std::string& start, const std::string& end, const std::string& more = "") {
  return R"({"suggestedWindow":{"start":")" + start + R"(","end":")" + end + R"("})" + more + "}";
}

}  // namespace

// ---- reading

TEST(the_url_is_the_directorys_with_the_certid_after_a_slash) {
  CHECK_EQ(renewal_info_url("https://ca.example/renewal-info", kId),
           "https://ca.example/renewal-info/aki.serial");
  CHECK_EQ(renewal_info_url("https://ca.example/draft-ietf-acme-ari-02/renewalInfo/", kId),
           "https://ca.example/draft-ietf-acme-ari-02/renewalInfo/aki.serial");
}

TEST(a_window_and_its_explanation_are_read) {
  RenewalInfo info = REQUIRE_OK(
      read_renewal_info(body("2026-01-02T04:00:00Z", "2026-01-03T04:00:00.5+01:00",
                             R"(,"explanationURL":"https://ca.example/docs/ari","extra":[1])")));
  CHECK_EQ(format_rfc3339(info.start), "2026-01-02T04:00:00Z");
  CHECK_EQ(format_rfc3339(info.end), "2026-01-03T03:00:00Z");
  CHECK_EQ(info.explanation_url, "https://ca.example/docs/ari");
}

TEST(what_is_no_window_is_an_error_in_words) {
  for (const std::string& text :
       {std::string(), std::string("no json"), std::string("[]"), std::string("{}"),
        std::string(R"({"suggestedWindow":7})"), body("2026-01-02", "2026-01-03"),
        body("2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"),
        body("2026-01-03T00:00:00Z", "2026-01-03T00:00:00Z")}) {
    auto read = read_renewal_info(text);
    CHECK(!read);
    CHECK(!read.error().message.empty());
  }
  CHECK_CONTAINS(
      read_renewal_info(body("2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z")).error().message,
      "ends before it begins");
}

TEST(an_explanation_that_is_no_web_page_is_left_out) {
  for (const char* url : {"javascript:alert(1)", "https://a.example/\\u0007", "", "file:///etc"}) {
    auto info =
        REQUIRE_OK(read_renewal_info(body("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z",
                                          std::string(R"(,"explanationURL":")") + url + "\"")));
    CHECK_EQ(info.explanation_url, "");
  }
}

// ---- asking

TEST(who_was_never_asked_is_asked_now_and_then_when_the_ca_says) {
  const Validity validity = from_to(kNow - kDay, kNow + 89 * kDay);
  AriRecord ari;
  CHECK(ask_at(ari, kId, validity, kNow) == std::optional<WallTime>(0));
  struct Row {
    std::optional<std::int64_t> retry_after;
    std::int64_t wait;
  };
  for (const Row& row : {Row{{}, 6 * kHour}, Row{0, kMinute}, Row{59, kMinute}, Row{3600, kHour},
                         Row{30 * kDay, kDay}}) {
    note_suggestion(ari, kId, {kNow + kDay, kNow + 2 * kDay, ""}, row.retry_after, kNow, 0.5);
    CHECK(ask_at(ari, kId, validity, kNow) == std::optional<WallTime>(kNow + row.wait));
    CHECK(ask_at(ari, kId, validity, kNow + row.wait) == std::optional<WallTime>(0));
  }
}

TEST(nobody_is_asked_about_what_is_expired_replaced_or_without_a_certid) {
  const AriRecord ari;
  Validity validity = from_to(kNow - 2 * kDay, kNow);
  CHECK(!ask_at(ari, kId, validity, kNow));
  CHECK(ask_at(ari, kId, validity, kNow - 1));
  CHECK(!ask_at(ari, "", validity, kNow - 1));
  validity.current = false;
  CHECK(!ask_at(ari, kId, validity, kNow - 1));
  CHECK(!ask_at(ari, kId, Validity{}, kNow));
}

TEST(what_was_said_of_another_certificate_holds_nobody_back) {
  const Validity validity = from_to(kNow - kDay, kNow + 89 * kDay);
  AriRecord ari;
  note_suggestion(ari, "another.one", {kNow, kNow + kDay, "https://ca.example/why"}, kDay, kNow, 0);
  CHECK(ask_at(ari, kId, validity, kNow) == std::optional<WallTime>(0));
  note_no_suggestion(ari, kId, {}, false, kNow, 0);
  CHECK_EQ(ari.pick, 0);
  CHECK_EQ(ari.explanation_url, "");
}

TEST(a_time_of_a_clock_that_was_in_2038_is_not_believed) {
  const Validity validity = from_to(kNow - kDay, kNow + 89 * kDay);
  AriRecord ari;
  note_suggestion(ari, kId, {kNow, kNow + kDay, ""}, kHour, kNow + 12 * 365 * kDay, 0);
  CHECK(ask_at(ari, kId, validity, kNow) == std::optional<WallTime>(0));
}

TEST(errors_are_asked_again_soon_and_then_every_6_hours) {
  AriRecord ari;
  for (std::int64_t wait : {kMinute, 10 * kMinute, kHour, 6 * kHour, 6 * kHour}) {
    note_no_suggestion(ari, kId, {}, false, kNow, 0);
    CHECK_EQ(ari.ask_again - kNow, wait);
  }
  ari = {};
  note_no_suggestion(ari, kId, {}, true, kNow, 0);
  CHECK_EQ(ari.ask_again - kNow, 6 * kHour);
  note_no_suggestion(ari, kId, 10 * kDay, true, kNow, 0);
  CHECK_EQ(ari.ask_again - kNow, kDay);
  note_no_suggestion(ari, kId, 1, true, kNow, 0);
  CHECK_EQ(ari.ask_again - kNow, kMinute);
}

TEST(an_error_takes_away_nothing_of_what_was_suggested) {
  AriRecord ari;
  note_suggestion(ari, kId, {kNow, kNow + kDay, "https://ca.example/why"}, {}, kNow, 0.5);
  AriRecord before = ari;
  note_no_suggestion(ari, kId, {}, true, kNow + kHour, 0.5);
  CHECK_EQ(ari.pick, before.pick);
  CHECK_EQ(ari.window_end, before.window_end);
  CHECK_EQ(ari.explanation_url, before.explanation_url);
}

// ---- the pick

TEST(the_pick_is_uniform_within_the_window) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  int quarters[4] = {};
  for (int i = 0; i < 4000; ++i) {
    AriRecord ari;
    note_suggestion(ari, kId, {kNow, kNow + 2 * kDay, ""}, {}, kNow, uniform(random));
    CHECK(ari.pick >= kNow && ari.pick < kNow + 2 * kDay);
    ++quarters[(ari.pick - kNow) / (kDay / 2)];
  }
  for (int count : quarters) CHECK(count > 900 && count < 1100);
}

TEST(the_pick_stays_however_often_the_ca_is_asked) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform(0, 1);
  AriRecord ari;
  note_suggestion(ari, kId, {kNow, kNow + 2 * kDay, ""}, {}, kNow, 0.75);
  const WallTime pick = ari.pick;
  for (int i = 0; i < 100; ++i)
    note_suggestion(ari, kId, {kNow, kNow + 2 * kDay, ""}, {}, kNow, uniform(random));
  CHECK_EQ(ari.pick, pick);
  // The window moves: the pick keeps its place in it.
  note_suggestion(ari, kId, {kNow - 10 * kDay, kNow - 6 * kDay, ""}, {}, kNow, 0.01);
  CHECK_EQ(ari.pick, kNow - 7 * kDay);
}

// ---- what it is worth

TEST(the_usual_window_is_followed_to_the_second) {
  const Validity validity = from_to(kNow, kNow + 90 * kDay);
  CHECK_EQ(weighed(validity, {kNow + 59 * kDay, kNow + 61 * kDay, 0.25}),
           kNow + 59 * kDay + 12 * kHour);
}

TEST(a_window_in_the_past_is_a_renewal_now) {
  const Validity validity = from_to(kNow - 10 * kDay, kNow + 80 * kDay);
  for (Suggested window : {Suggested{kNow - 2 * kDay, kNow - kDay}, Suggested{0, 60},
                           Suggested{kNow - 100 * kDay, kNow - 50 * kDay}}) {
    ScheduleRecord schedule = planned(validity);
    note_suggestion(schedule.ari, kId, {window.start, window.end, ""}, {}, kNow, 0.5);
    weigh_suggestion(schedule, kAuto, validity);
    CHECK(schedule.ari.renew_at > 0 && schedule.ari.renew_at <= kNow);
    CHECK_EQ(due_at(schedule, validity, kNow), 0);
  }
}

TEST(a_pick_in_the_first_half_counts_only_when_the_window_ends_there) {
  const Validity validity = from_to(kNow, kNow + 90 * kDay);
  CHECK_EQ(weighed(validity, {kNow + 10 * kDay, kNow + 40 * kDay, 0.5}), kNow + 25 * kDay);
  // Pebble: the whole lifetime.
  CHECK_EQ(weighed(validity, {kNow, kNow + 90 * kDay, 0.25}), 0);
  CHECK_EQ(weighed(validity, {kNow, kNow + 90 * kDay, 0.75}), kNow + 90 * kDay * 3 / 4);
  // It ends before we would renew by ourselves: not later than that.
  CHECK_EQ(weighed(validity, {kNow + 10 * kDay, kNow + 50 * kDay, 0.5}), kNow + 50 * kDay);
}

TEST(a_pick_never_lies_so_late_that_the_tries_no_longer_fit) {
  for (std::int64_t lifetime : {10 * kMinute, 160 * kHour, 45 * kDay, 90 * kDay, 398 * kDay}) {
    const Validity validity = from_to(kNow, kNow + lifetime);
    for (double uniform : {0.0, 0.5, 0.999}) {
      WallTime point = weighed(
          validity, {kNow + lifetime - lifetime / 50, kNow + lifetime + 10 * kDay, uniform});
      CHECK(point <= kNow + lifetime - std::min(lifetime / 5, 5 * kDay));
      CHECK(point >= kNow + lifetime / 2);
    }
  }
}

TEST(a_policy_of_the_operators_own_is_the_latest_time) {
  const Validity validity = from_to(kNow, kNow + 90 * kDay);
  for (const RenewPolicy& policy : {RenewPolicy{RenewPolicy::Kind::share_left, 400, 0},
                                    RenewPolicy{RenewPolicy::Kind::time_left, 0, 36 * kDay}}) {
    CHECK_EQ(weighed(validity, {kNow + 59 * kDay, kNow + 61 * kDay}, policy), 0);
    CHECK_EQ(weighed(validity, {kNow - 2 * kDay, kNow - kDay}, policy), kNow + 1);
  }
}

TEST(property_whatever_a_ca_suggests_the_point_lies_where_it_may) {
  std::mt19937_64 random(3);
  auto within = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 20'000; ++round) {
    const std::int64_t lifetime = within(1, 4) == 1 ? within(60, kDay) : within(kDay, 400 * kDay);
    const Validity validity = from_to(kNow, kNow + lifetime);
    const WallTime half = kNow + lifetime / 2;
    const WallTime latest = kNow + lifetime - last_reserve(lifetime);
    Suggested window{kNow + within(-2 * lifetime, 2 * lifetime), 0, uniform(random)};
    window.end = window.start + within(1, 2 * lifetime);
    if (window.start <= 0) continue;
    RenewPolicy policy;
    if (within(0, 1) == 1)
      policy = {RenewPolicy::Kind::share_left, static_cast<std::uint32_t>(within(1, 900)), 0};
    const WallTime not_before = within(0, 3) == 0 ? kNow + within(0, lifetime) : 0;

    ScheduleRecord schedule = planned(validity, policy);
    note_suggestion(schedule.ari, kId, {window.start, window.end, ""}, {}, kNow, window.uniform);
    schedule.ari.not_before = not_before;
    weigh_suggestion(schedule, policy, validity);
    const WallTime pick = schedule.ari.pick;
    const WallTime point = schedule.ari.renew_at;
    const bool automatic = policy.kind == RenewPolicy::Kind::automatic;
    CHECK(pick >= window.start && pick <= window.end);
    if (point == 0) {
      // Not counted: it was too early to be believed, or later than the operator wants.
      CHECK((pick < half && window.end > half) || !automatic);
      continue;
    }
    CHECK(point > kNow && point <= std::max(latest, half));
    CHECK(automatic || not_before != 0 || point < schedule.renew_at);
    if (window.end > half) CHECK(point >= std::min(half, latest));
    if (automatic && not_before == 0 && pick >= half && pick <= latest) CHECK_EQ(point, pick);
    if (not_before <= latest) CHECK(point >= not_before);
    CHECK_EQ(due_at(schedule, validity, kNow), point);
  }
}

// ---- from one certificate to the next

TEST(a_new_certificate_is_asked_about_after_a_moment_and_has_a_pick_of_its_own) {
  const Validity old = from_to(kNow - 60 * kDay, kNow + 30 * kDay);
  const Validity fresh = from_to(kNow, kNow + 90 * kDay);
  AriRecord ari;
  note_suggestion(ari, kId, {kNow - kDay, kNow + kDay, "https://ca.example/why"}, {}, kNow, 0.1);
  note_new_certificate(ari, "the.next", old, fresh, kNow, 0.5);
  CHECK_EQ(ari.pick, 0);
  CHECK_EQ(ari.explanation_url, "");
  CHECK_EQ(ari.early, 0);
  CHECK(ari.ask_again > kNow && ari.ask_again <= kNow + kMinute);
  CHECK(ask_at(ari, "the.next", fresh, kNow) == std::optional<WallTime>(ari.ask_again));
}

// A CA that always says "now", even of what it has issued a moment ago: how many certificates
// that costs in `span`.
int certificates_from_a_ca_in_a_hurry(std::int64_t lifetime, std::int64_t backdated,
                                      std::int64_t span) {
  int count = 0;
  WallTime now = kNow;
  Validity validity = from_to(now - backdated, now - backdated + lifetime);
  ScheduleRecord schedule = planned(validity);
  while (now < kNow + span) {
    note_suggestion(schedule.ari, std::to_string(count), {now - 2, now - 1, ""}, {}, now, 0.5);
    weigh_suggestion(schedule, kAuto, validity);
    if (WallTime due = due_at(schedule, validity, now); due > now) now = due;
    Validity next = from_to(now - backdated, now - backdated + lifetime);
    note_new_certificate(schedule.ari, std::to_string(++count), validity, next, now, 0.5);
    note_success(schedule, kAuto, next, now, 0.5);
    validity = next;
    ++now;
  }
  return count;
}

TEST(fault_3_a_ca_that_always_says_now_makes_no_storm) {
  CHECK(certificates_from_a_ca_in_a_hurry(90 * kDay, kHour, 7 * kDay) <= 9);
  CHECK(certificates_from_a_ca_in_a_hurry(90 * kDay, 60 * kDay, 7 * kDay) <= 10);
  CHECK(certificates_from_a_ca_in_a_hurry(10 * kMinute, 0, kHour) <= 26);
  CHECK(certificates_from_a_ca_in_a_hurry(160 * kHour, kHour, 7 * kDay) <= 9);
}

TEST(a_renewal_in_its_time_ends_the_suspicion) {
  AriRecord ari;
  ari.id = kId;
  ari.early = 3;
  ari.obtained = kNow - 60 * kDay;
  const Validity old = from_to(kNow - 60 * kDay, kNow + 30 * kDay);
  note_new_certificate(ari, "the.next", old, from_to(kNow, kNow + 90 * kDay), kNow, 0);
  CHECK_EQ(ari.early, 0);
  CHECK_EQ(ari.not_before, 0);
}

// ---- many at once

TEST(fault_1_a_mass_revocation_is_spread_over_an_hour_at_most) {
  AriRecord ari;
  spread_out(ari, 0, 1, kNow);
  CHECK_EQ(ari.not_before, 0);  // who is alone renews at once
  for (std::size_t all : {2, 100, 10'000, 1'000'000}) {
    WallTime last = 0;
    for (std::size_t ahead = 0; ahead < all; ahead += std::max<std::size_t>(all / 100, 1)) {
      AriRecord each;
      spread_out(each, ahead, all, kNow);
      WallTime at = std::max(each.not_before, kNow);
      CHECK(at >= last && at <= kNow + kHour);
      last = at;
    }
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
