// What became of a certificate is remembered, and what is not due is not renewed.
#include "keeper/history.h"

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

std::vector<HistoryEvent> history(Bench& bench) {
  return REQUIRE_OK(bench.store().load_history(kSite));
}

void fail_with(Bench& bench, const std::string& words, std::uint32_t failures = 1) {
  ScheduleRecord schedule = bench.managed(kSite).schedule;
  schedule.failures = failures;
  schedule.last_error = words;
  schedule.last_error_at = bench.env.now();
  bench.granted(ipc::SaveSchedule{kSite, schedule});
}

TEST(issued_then_renewed) {
  Bench bench;
  CHECK(history(bench).empty());
  bench.install();
  bench.install();
  bench.restart();
  const auto events = history(bench);
  CHECK_EQ(events.size(), 2);
  CHECK_EQ(events[0].event, "issued");
  CHECK_EQ(events[0].issuer, "ca");
  CHECK_EQ(events[1].event, "renewed");
}

TEST(failures_are_told_in_the_cas_words) {
  Bench bench;
  fail_with(bench, "rateLimited: too many\x1b[2J");
  const auto events = history(bench);
  CHECK_EQ(events.size(), 1);
  CHECK_EQ(events[0].event, "failed");
  CHECK_EQ(events[0].issuer, "ca");
  CHECK_EQ(events[0].words, "rateLimited: too many\\x1b[2J");
  // The same plan saved once more is no failure more.
  bench.granted(ipc::SaveSchedule{kSite, bench.managed(kSite).schedule});
  CHECK_EQ(history(bench).size(), 1);
  CHECK_EQ(history(bench)[0].times, 1);
  fail_with(bench, "rateLimited: too many\x1b[2J", 2);
  CHECK_EQ(history(bench)[0].times, 2);
}

TEST(an_issuer_that_was_left_is_told_once) {
  Bench bench;
  const Lineage wild{"wild", KeyType::ecdsa256};
  ScheduleRecord schedule;
  schedule.issuer = "second";
  LeftIssuer left;
  left.issuer = "ca";
  left.failures = 3;
  left.last_error = "it cannot be reached";
  left.last_error_at = bench.env.now();
  schedule.left = {left};
  for (int i = 0; i < 2; ++i) bench.granted(ipc::SaveSchedule{wild, schedule});
  const auto events = REQUIRE_OK(bench.store().load_history(wild));
  CHECK_EQ(events.size(), 1);
  CHECK_EQ(events[0].issuer, "ca");
  CHECK_EQ(events[0].words, "it cannot be reached");
}

TEST(a_revocation_is_told_with_its_reason) {
  Bench bench;
  bench.install();
  const std::string version = REQUIRE_OK(bench.store().load_current(kSite)).name;
  CHECK(REQUIRE_OK(
      bench.certificates().note_revoked(bench.managed(kSite), version, "superseded", true)));
  CHECK_EQ(history(bench).back().event, "revoked");
  CHECK_EQ(history(bench).back().words, "superseded");
}

TEST(the_log_is_found_by_any_name) {
  Bench bench;
  bench.install();
  fail_with(bench, "no");
  auto answer = keeper::log_of(bench.certificates(), bench.store(), {"www.site.example"});
  CHECK(answer.ok);
  Json log = REQUIRE_OK(Json::parse(answer.text));
  CHECK_EQ(log["version"].number_or(0), 1);
  const auto all = log["certificates"].items();
  CHECK_EQ(all.size(), 1);
  CHECK_EQ(all[0]["id"].text_or(""), "site");
  const auto events = all[0]["history"].items();
  CHECK_EQ(events.size(), 2);
  CHECK_EQ(events[1]["event"].text_or(""), "failed");
  CHECK_EQ(events[1]["words"].text_or(""), "no");
  CHECK(!keeper::log_of(bench.certificates(), bench.store(), {"nobody.example"}).ok);
  CHECK(!keeper::log_of(bench.certificates(), bench.store(), {}).ok);
}

TEST(what_is_not_due_says_when_it_will_be) {
  Bench bench;
  auto due = [&bench] { return bench.certificates().not_due_before(bench.managed(kSite)); };
  CHECK_EQ(due(), 0);  // there is none yet
  bench.install();
  ScheduleRecord schedule = bench.managed(kSite).schedule;
  schedule.renew_at = bench.env.now() + 60 * kDay;
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  CHECK_EQ(due(), schedule.renew_at);
  CHECK_EQ(keeper::not_due_line(kSite, due(), bench.env.now()),
           "site/ecdsa-256: not due: it is renewed in 60 d (" + format_rfc3339(due()) +
               "); --force orders it now\n");

  fail_with(bench, "no");  // in a back-off: the operator ends it
  CHECK_EQ(due(), 0);
}

TEST(what_was_revoked_or_lacks_a_name_is_due) {
  Bench bench;
  bench.install();
  CHECK(bench.certificates().not_due_before(bench.managed(kSite)) > bench.env.now());
  bench.config.certificates[0].names.push_back("more.site.example");
  bench.restart();
  CHECK_EQ(bench.certificates().not_due_before(bench.managed(kSite)), 0);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
