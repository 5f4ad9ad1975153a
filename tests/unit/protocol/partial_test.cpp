// Names that fail twice are left out and tried again daily.
#include "protocol/partial.h"

#include "protocol/schedule.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::protocol;
using Kind = Failure::Kind;
using Names = std::vector<std::string>;

namespace {

constexpr WallTime kNow = 1'790'000'000;
const Names kAll = {"a.example", "b.example", "dead.example"};

Failure failure(Names names, Kind kind = Kind::validation) {
  Failure out;
  out.kind = kind;
  out.words = "dns: NXDOMAIN";
  out.names = std::move(names);
  return out;
}
ScheduleRecord without(const std::string& name, WallTime at = kNow) {
  ScheduleRecord record;
  note_failed_names(record, failure({name}), kAll, at);
  CHECK(note_failed_names(record, failure({name}), kAll, at));
  return record;
}

}  // namespace

TEST(the_second_failure_leaves_a_name_out) {
  ScheduleRecord record;
  CHECK(!note_failed_names(record, failure({"dead.example"}), kAll, kNow));
  CHECK_EQ(names_to_order(record, kAll, kNow), kAll);
  CHECK(note_failed_names(record, failure({"Dead.example"}), kAll, kNow + 60));
  CHECK_EQ(names_to_order(record, kAll, kNow + 60), (Names{"a.example", "b.example"}));
  CHECK_EQ(left_out_names(record), Names{"dead.example"});
  CHECK_EQ(record.failed_names[0].error, "dns: NXDOMAIN");
  // The next ones tell nothing new.
  CHECK(!note_failed_names(record, failure({"dead.example"}), kAll, kNow + 120));
}

TEST(a_name_that_the_ca_refuses_is_left_out_too_and_trouble_of_the_cas_is_nobodys_fault) {
  ScheduleRecord record;
  for (Kind kind : {Kind::busy, Kind::rate_limited, Kind::transport, Kind::malformed, Kind::local})
    for (int i = 0; i < 3; ++i)
      CHECK(!note_failed_names(record, failure({"dead.example"}, kind), kAll, kNow));
  CHECK(record.failed_names.empty());
  note_failed_names(record, failure({"dead.example"}, Kind::refused), kAll, kNow);
  CHECK(note_failed_names(record, failure({"dead.example"}, Kind::refused), kAll, kNow));
  note_failed_names(record, failure({"foreign.example"}), kAll, kNow);
  CHECK_EQ(record.failed_names.size(), 1);
}

TEST(where_nothing_would_remain_nothing_is_left_out) {
  ScheduleRecord record;
  note_failed_names(record, failure(kAll), kAll, kNow);
  CHECK(!note_failed_names(record, failure(kAll), kAll, kNow));
  CHECK_EQ(names_to_order(record, kAll, kNow), kAll);
}

TEST(it_is_tried_again_a_day_later_and_comes_back_when_it_can) {
  ScheduleRecord record = without("dead.example");
  CHECK_EQ(retry_of_left_out(record, kNow), kNow + kDay);
  CHECK_EQ(names_to_order(record, kAll, kNow + kDay - 1).size(), 2);
  CHECK_EQ(names_to_order(record, kAll, kNow + kDay), kAll);
  CHECK(concerns_left_out_only(record, failure({"dead.example"})));
  CHECK(!concerns_left_out_only(record, failure({"dead.example", "a.example"})));
  CHECK(!concerns_left_out_only(record, failure({}, Kind::busy)));
  note_issued_names(record, {"a.example", "b.example"});
  CHECK_EQ(record.failed_names.size(), 1);
  note_issued_names(record, kAll);
  CHECK(record.failed_names.empty());
  CHECK_EQ(retry_of_left_out(record, kNow), 0);
}

TEST(several_are_tried_together) {
  ScheduleRecord record = without("dead.example");
  note_failed_names(record, failure({"b.example"}), kAll, kNow + kHour);
  note_failed_names(record, failure({"b.example"}), kAll, kNow + kHour);
  CHECK_EQ(names_to_order(record, kAll, kNow + kHour), Names{"a.example"});
  CHECK_EQ(names_to_order(record, kAll, kNow + kDay), kAll);
}

TEST(a_clock_that_was_once_ahead_keeps_nobody_out) {
  ScheduleRecord record = without("dead.example", kNow + 400 * kDay);
  CHECK_EQ(retry_of_left_out(record, kNow), kNow + kDay);
}

TEST(what_is_no_longer_configured_is_forgotten) {
  ScheduleRecord record = without("dead.example");
  keep_failed_names_of(record, {"a.example"});
  CHECK(record.failed_names.empty());
}

TEST(the_schedule_of_a_certificate_without_a_name_is_due_with_the_retry) {
  Validity valid{true, true, kNow - kDay, kNow + 89 * kDay};
  ScheduleRecord record = without("dead.example");
  record.renew_at = kNow + 59 * kDay;
  CHECK_EQ(due_at(record, valid, kNow), kNow + kDay);
  CHECK_EQ(due_at(record, valid, kNow + kDay), 0);
  record.failed_names.clear();
  CHECK_EQ(due_at(record, valid, kNow), kNow + 59 * kDay);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
