// The Date of answers, and which renewals wait while two clocks disagree.
#include "protocol/clock.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::protocol;

namespace {

constexpr WallTime kNow = 1'790'000'000;

Answer dated(const std::string& date, const std::string& age = "") {
  Answer answer;
  answer.status = 200;
  answer.headers.push_back({"date", date});
  if (!age.empty()) answer.headers.push_back({"age", age});
  return answer;
}

const Validity kFresh{true, true, kNow - 10 * kDay, kNow + 80 * kDay};

bool waits(const Validity& validity, std::int64_t ahead, WallTime last_try = 0) {
  ScheduleRecord schedule;
  schedule.last_try = last_try;
  return waits_for_clock(schedule, validity, kNow, kNow - ahead);
}

}  // namespace

TEST(the_date_of_an_answer_and_how_long_a_cache_kept_it) {
  CHECK(date_of(dated("Mon, 21 Sep 2026 14:13:20 GMT")) == std::optional<WallTime>(kNow));
  CHECK(date_of(dated("Mon, 21 Sep 2026 14:13:20 GMT", "3600")) ==
        std::optional<WallTime>(kNow + kHour));
  CHECK(date_of(dated("Mon, 21 Sep 2026 14:13:20 GMT", "-5")) == std::optional<WallTime>(kNow));
  CHECK(!date_of(dated("yesterday")));
  CHECK(!date_of(Answer{}));
}

TEST(fault_10_what_is_valid_by_one_of_the_clocks_waits) {
  CHECK(waits(kFresh, 2 * kHour));
  CHECK(waits(kFresh, -2 * kHour));
  // By our clock it ended long ago, by the CA's it did not: we are in 2038.
  const Validity old{true, true, kNow - 4000 * kDay, kNow - 3910 * kDay};
  CHECK(waits(old, 3950 * kDay));
  // It has ended by both.
  CHECK(!waits(old, kDay));
}

TEST(a_first_issuance_and_a_persons_wish_do_not_wait) {
  CHECK(!waits(Validity{}, 4000 * kDay));
  Validity other_names = kFresh;
  other_names.current = false;
  CHECK(!waits(other_names, 2 * kHour));
  ScheduleRecord schedule;
  schedule.renewal_requested = true;
  CHECK(!waits_for_clock(schedule, kFresh, kNow, kNow + 2 * kHour));
}

TEST(no_certificate_ends_because_a_ca_has_the_wrong_date) {
  const Validity ending{true, true, kNow - 88 * kDay, kNow + 2 * kDay};
  CHECK(!waits(ending, 60 * kDay));               // near its end by ours
  CHECK(waits(ending, 60 * kDay, kNow - kHour));  // but not hour by hour
  CHECK(!waits(ending, 60 * kDay, kNow - kDay));
  CHECK(!waits(kFresh, -79 * kDay));   // near its end by the CA's
  CHECK(!waits(kFresh, -100 * kDay));  // ended by the CA's
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
