// When another issuer is asked, and which one.
#include "protocol/failover.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::protocol;
using Kind = Failure::Kind;

namespace {

constexpr WallTime kNow = 1'790'000'000;
constexpr Validity kNothing{};

Validity valid_for(std::int64_t lifetime, std::int64_t left) {
  return {true, true, kNow + left - lifetime, kNow + left};
}
Failure failure(Kind kind, std::int64_t retry_after = 0) {
  Failure out;
  out.kind = kind;
  out.words = "the CA's words";
  out.retry_after = retry_after;
  return out;
}
// What a row of such failures has come to when it is time to turn, and when that is.
struct Turned {
  std::uint32_t failures;
  std::int64_t after;
};
Turned turned(const Failure& failure, const Validity& validity) {
  ScheduleRecord record;
  WallTime now = kNow;
  for (;;) {
    note_failure(record, failure, validity, now, 0);
    if (is_time_to_turn(record, failure, validity)) return {record.failures, now - kNow};
    if (record.failures > 1000) return {record.failures, -1};
    now = std::max(record.next_try, record.retry_after);
  }
}

std::vector<Alternative> issuers(bool b_reachable = true, bool c_reachable = true) {
  return {{"a", true, 0}, {"b", b_reachable, 0}, {"c", c_reachable, 0}};
}

}  // namespace

TEST(a_refusal_for_good_turns_at_once) {
  for (Kind kind : {Kind::refused, Kind::account, Kind::action_required}) {
    CHECK_EQ(turned(failure(kind), kNothing).failures, 1);
    CHECK_EQ(turned(failure(kind), valid_for(90 * kDay, 30 * kDay)).failures, 1);
  }
  Failure caa = failure(Kind::validation);
  caa.forbidden = true;
  CHECK_EQ(turned(caa, valid_for(90 * kDay, 30 * kDay)).failures, 1);
}

TEST(without_a_certificate_a_short_trouble_is_enough) {
  CHECK(turned(failure(Kind::busy), kNothing).after <= 5 * kMinute);
  CHECK(turned(failure(Kind::malformed), kNothing).after <= 5 * kMinute);
  // Told to wait for long, there is nothing to wait for.
  CHECK_EQ(turned(failure(Kind::rate_limited, 3 * kHour), kNothing).failures, 1);
  CHECK(turned(failure(Kind::rate_limited, 5 * kMinute), kNothing).failures > 1);
  CHECK_EQ(turned(failure(Kind::validation), kNothing).failures, 3);
  // One that has expired is none.
  CHECK(turned(failure(Kind::busy), valid_for(90 * kDay, -kDay)).after <= 5 * kMinute);
}

TEST(a_valid_certificate_waits_until_a_third_of_what_is_left_is_gone) {
  for (std::int64_t left : {30 * kDay, 3 * kDay, 12 * kHour, 5 * kMinute}) {
    for (Kind kind : {Kind::busy, Kind::validation, Kind::rate_limited, Kind::local}) {
      Turned when = turned(failure(kind), valid_for(left * 3, left));
      CHECK(when.after >= 0);
      CHECK(when.after <= left / 3);
      CHECK(when.failures >= 2);
    }
  }
  // A wait that would be too long is not begun.
  CHECK_EQ(turned(failure(Kind::rate_limited, kDay), valid_for(6 * kDay, 2 * kDay)).failures, 1);
  CHECK(turned(failure(Kind::rate_limited, kDay), valid_for(90 * kDay, 30 * kDay)).failures > 5);
}

TEST(who_waits_without_a_failure_has_patience_by_the_same_measure) {
  ScheduleRecord record;
  Validity valid = valid_for(6 * kDay, 3 * kDay);
  CHECK_EQ(patience_ends(record, Waiting::unreachable, valid, kNow), kNow + kDay);
  CHECK_EQ(patience_ends(record, Waiting::unfinished, valid, kNow), kNow + kDay);
  CHECK_EQ(patience_ends(record, Waiting::unreachable, kNothing, kNow), kNow + 2 * kMinute);
  CHECK(patience_ends(record, Waiting::unfinished, kNothing, kNow) > kNow + 10 * kMinute);
  CHECK(patience_ends(record, Waiting::rate_limited, kNothing, kNow) > kNow + 10 * kMinute);
  // The row began earlier.
  record.failing_since = kNow - kHour;
  CHECK_EQ(patience_ends(record, Waiting::unreachable, valid, kNow),
           kNow - kHour + (3 * kDay + kHour) / 3);
  // Where one was left already, nobody is waited for who cannot be reached.
  record.left.push_back({"a"});
  CHECK(patience_ends(record, Waiting::unreachable, valid, kNow) <= kNow);
  CHECK(patience_ends(record, Waiting::unfinished, valid, kNow) > kNow);
}

TEST(the_first_that_is_ready_is_chosen) {
  ScheduleRecord record;
  record.next_try = kNow + kHour;
  CHECK_EQ(choose_issuer(record, issuers(), true, false, kNow).value_or(""), "b");
  CHECK_EQ(choose_issuer(record, issuers(false), true, false, kNow).value_or(""), "c");
  CHECK(!choose_issuer(record, issuers(false, false), true, false, kNow));
  CHECK(!choose_issuer(record, {{"a", true, 0}}, true, false, kNow));
  record.issuer = "b";
  CHECK_EQ(choose_issuer(record, issuers(), true, false, kNow).value_or(""), "a");
  record.left = {{"a", 0, kNow + 10 * kMinute}};
  CHECK_EQ(choose_issuer(record, issuers(), true, false, kNow).value_or(""), "c");
  // All have failed: the one whose own back-off ends first, if that is before ours.
  record.left.push_back({"c", 0, kNow + 20 * kMinute});
  CHECK_EQ(choose_issuer(record, issuers(), true, false, kNow).value_or(""), "a");
  CHECK(!choose_issuer(record, issuers(), false, false, kNow));
  record.next_try = kNow + 5 * kMinute;
  CHECK(!choose_issuer(record, issuers(), true, false, kNow));
}

TEST(who_refused_for_good_is_asked_again_only_when_all_did) {
  ScheduleRecord record;
  record.issuer = "b";
  record.next_try = kNow + kHour;
  record.left = {{"a", 0, 0}};
  record.left[0].refused = true;
  std::vector<Alternative> two = {{"a", true, 0}, {"b", true, 0}};
  CHECK(!choose_issuer(record, two, true, false, kNow));
  CHECK_EQ(choose_issuer(record, two, true, true, kNow).value_or(""), "a");
}

TEST(an_outage_that_is_over_has_no_back_off) {
  ScheduleRecord record;
  record.issuer = "b";
  record.left = {{"a", 0, kNow + kDay}};
  record.left[0].unreachable = true;
  std::vector<Alternative> two = {{"a", true, 0}, {"b", true, 0}};
  CHECK_EQ(choose_issuer(record, two, false, false, kNow).value_or(""), "a");
  two[0].reachable = false;
  CHECK(!choose_issuer(record, two, false, false, kNow));
}

TEST(each_issuer_has_its_own_back_off) {
  ScheduleRecord record;
  Failure busy = failure(Kind::busy);
  note_failure(record, busy, kNothing, kNow, 0);
  note_failure(record, busy, kNothing, kNow + 60, 0);
  WallTime a_next = record.next_try;
  turn_to(record, "a", "b", false, false);
  CHECK_EQ(record.issuer, "b");
  CHECK_EQ(record.failures, 0);
  CHECK_EQ(record.next_try, 0);
  CHECK_EQ(record.left.size(), 1);
  CHECK_EQ(record.left[0].issuer, "a");
  CHECK_EQ(record.left[0].failures, 2);
  CHECK_EQ(record.left[0].next_try, a_next);
  CHECK_EQ(record.left[0].last_error, "the CA's words");
  note_failure(record, busy, kNothing, kNow + 70, 0);
  WallTime b_next = record.next_try;
  turn_to(record, "b", "a", false, false);
  CHECK_EQ(record.failures, 2);
  CHECK_EQ(record.next_try, a_next);
  CHECK_EQ(record.left.size(), 1);
  CHECK_EQ(record.left[0].next_try, b_next);
  // With a certificate all is forgotten.
  note_success(record, {}, valid_for(90 * kDay, 90 * kDay), kNow + 80, 0);
  CHECK(record.issuer.empty());
  CHECK(record.left.empty());
}

TEST(the_current_issuer_is_one_of_the_certificates) {
  ScheduleRecord record;
  std::vector<std::string> ids = {"a", "b"};
  CHECK_EQ(current_issuer(record, ids), "a");
  record.issuer = "b";
  CHECK_EQ(current_issuer(record, ids), "b");
  record.issuer = "gone";
  CHECK_EQ(current_issuer(record, ids), "a");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
