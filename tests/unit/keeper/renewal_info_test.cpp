// The keeper's part in ARI: which certificate an order replaces, what an agent may say about a
// suggestion, and whom the CA's own clock helps.
#include "keeper/status.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

Json new_order(Bench& bench, bool replaces = true) {
  return REQUIRE_OK(Json::parse(Signed(bench.granted(ipc::SignNewOrder{
                                           kSite, "ca", kCa + "/new-order", kNonce, "", replaces}))
                                    .payload));
}

std::string replaced(Bench& bench, bool replaces = true) {
  return new_order(bench, replaces)["replaces"].text_or("");
}

AriRecord suggestion(const std::string& id) {
  AriRecord ari;
  ari.id = id;
  ari.obtained = kNow;
  ari.window_start = kNow + 59 * kDay;
  ari.window_end = kNow + 61 * kDay;
  ari.pick = ari.renew_at = kNow + 60 * kDay;
  ari.asked_at = kNow;
  ari.ask_again = kNow + 6 * kHour;
  ari.explanation_url = "https://ca.example/why";
  return ari;
}

}  // namespace

TEST(an_order_names_the_certificate_that_it_replaces_when_the_agent_says_so) {
  Bench bench;
  bench.register_account();
  CHECK_EQ(replaced(bench), "");  // there is none yet
  bench.install();
  const std::string id = bench.managed(kSite).stored->ari_id;
  CHECK(id.size() > 20);
  CHECK_EQ(replaced(bench, false), "");
  CHECK_EQ(replaced(bench), id);
  bench.restart();
  CHECK_EQ(replaced(bench), id);
}

TEST(nothing_is_replaced_at_another_ca_or_with_another_account) {
  for (int what = 0; what < 2; ++what) {
    Bench bench;
    bench.install();
    VersionMeta& stored = *bench.managed(kSite).stored;
    (what == 0 ? stored.directory_url : stored.account_url) = "https://second.example/dir";
    CHECK_EQ(replaced(bench), "");
  }
}

TEST(a_certificate_from_before_accounts_were_kept_is_known_by_its_issuer) {
  Bench bench;
  bench.install();
  VersionMeta& stored = *bench.managed(kSite).stored;
  stored.account_url.clear();
  CHECK_EQ(replaced(bench), stored.ari_id);
  stored.issuer = "second";
  CHECK_EQ(replaced(bench), "");
}

TEST(nothing_is_replaced_without_a_name_in_common) {
  Bench bench;
  bench.install();
  bench.managed(kSite).stored->names = {"elsewhere.example"};
  CHECK_EQ(replaced(bench), "");
  bench.managed(kSite).stored->names = {"elsewhere.example", "www.site.example"};
  CHECK_EQ(replaced(bench), bench.managed(kSite).stored->ari_id);
}

TEST(the_agent_is_told_which_configured_ca_issued_it) {
  Bench bench;
  ipc::LineageState state = bench.install();
  CHECK_EQ(state.ari_issuer, "ca");
  CHECK_EQ(state.ari_id, bench.managed(kSite).stored->ari_id);
  VersionMeta& stored = *bench.managed(kSite).stored;
  stored.directory_url = "https://second.example/dir";
  CHECK_EQ(bench.certificates().state_of(bench.managed(kSite)).ari_issuer, "second");
  stored.directory_url = "https://gone.example/dir";
  CHECK_EQ(bench.certificates().state_of(bench.managed(kSite)).ari_issuer, "");
}

TEST(a_suggestion_outlives_a_restart_within_bounds) {
  Bench bench;
  bench.install();
  const std::string id = bench.managed(kSite).stored->ari_id;
  ScheduleRecord schedule;
  schedule.ari = suggestion(id);
  schedule.ari.early = 2;
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  bench.restart();
  const AriRecord& kept = bench.managed(kSite).schedule.ari;
  CHECK_EQ(kept.id, id);
  CHECK_EQ(kept.pick, kNow + 60 * kDay);
  CHECK_EQ(kept.window_start, kNow + 59 * kDay);
  CHECK_EQ(kept.window_end, kNow + 61 * kDay);
  CHECK_EQ(kept.ask_again, kNow + 6 * kHour);
  CHECK_EQ(kept.early, 2);
  CHECK_EQ(kept.explanation_url, "https://ca.example/why");

  schedule.ari.ask_again = schedule.ari.not_before = schedule.ari.renew_at = 1'000'000'000'000;
  schedule.ari.obtained = schedule.ari.asked_at = 1'000'000'000'000;
  schedule.ari.explanation_url = "https://ca.example/\x1b[2J" + std::string(4000, 'x');
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  CHECK_EQ(kept.ask_again, kNow + kDay);
  CHECK_EQ(kept.not_before, kNow + kDay);
  CHECK_EQ(kept.renew_at, kNow + 90 * kDay);
  CHECK_EQ(kept.obtained, kNow);
  CHECK_EQ(kept.asked_at, kNow);
  CHECK(kept.explanation_url.size() < 600);
  CHECK(kept.explanation_url.find('\x1b') == std::string::npos);
}

TEST(what_is_said_of_another_certificate_is_not_kept) {
  Bench bench;
  ScheduleRecord schedule;
  schedule.ari = suggestion("another.one");
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  CHECK_EQ(bench.managed(kSite).schedule.ari.id, "");
  bench.install();
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  CHECK_EQ(bench.managed(kSite).schedule.ari.pick, 0);
}

TEST(the_status_shows_the_suggestion_and_the_point_that_follows) {
  Bench bench;
  bench.install();
  ScheduleRecord schedule;
  schedule.renew_at = kNow + 50 * kDay;
  schedule.ari = suggestion(bench.managed(kSite).stored->ari_id);
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  Json status =
      keeper::status_json(bench.env, bench.config, bench.certificates(), bench.accounts(), true);
  CHECK(!status["clocks_off"].present());
  for (const Json& certificate : status["certificates"].items()) {
    if (certificate["id"].text_or("") != "site") {
      CHECK(!certificate["renewal_info"].present());
      continue;
    }
    CHECK_EQ(certificate["renew_at"].text_or(""), format_rfc3339(kNow + 60 * kDay));
    const Json& info = certificate["renewal_info"];
    CHECK_EQ(info["window_start"].text_or(""), format_rfc3339(kNow + 59 * kDay));
    CHECK_EQ(info["window_end"].text_or(""), format_rfc3339(kNow + 61 * kDay));
    CHECK_EQ(info["asked_at"].text_or(""), format_rfc3339(kNow));
    CHECK_EQ(info["explanation_url"].text_or(""), "https://ca.example/why");
  }
}

TEST(a_clock_that_is_off_is_in_the_status_until_it_agrees) {
  Bench bench;
  bench.send(Bench::frame(ipc::ClockState{"nobody", 7200}));
  bench.send(Bench::frame(ipc::ClockState{"ca", -7200}));
  Json status =
      keeper::status_json(bench.env, bench.config, bench.certificates(), bench.accounts(), true);
  CHECK_EQ(status["clocks_off"].compact(), R"([{"issuer":"ca","ahead_seconds":-7200}])");
  bench.send(Bench::frame(ipc::ClockState{"ca", 0}));
  status =
      keeper::status_json(bench.env, bench.config, bench.certificates(), bench.accounts(), true);
  CHECK(!status["clocks_off"].present());
}

// Our clock is a day behind: what the CA issues now is not yet valid here.
TEST(fault_10_a_first_certificate_is_accepted_by_the_cas_clock) {
  Bench bench;
  std::string csr = bench.finalize();
  Wanted wanted = bench.leaf_for(kSite);
  wanted.from = kNow + kDay;
  const ipc::InstallChain install{kSite, "ca", {bench.issue(csr, wanted)}};
  ipc::Reply refused = bench.ask(install);
  CHECK(!refused.ok);
  CHECK_CONTAINS(refused.text, "not valid before");
  bench.send(Bench::frame(ipc::ClockState{"ca", -kDay}));
  bench.granted(install);
  CHECK(bench.managed(kSite).stored.has_value());
}

TEST(held_renewals_are_no_neglect) {
  Bench bench;
  bench.install();
  bench.env.pass(80 * kDay);
  bench.send(Bench::frame(ipc::ClockState{"ca", kDay}));
  bench.log.lines.clear();
  bench.certificates().warn_of_neglect();
  CHECK(bench.log.lines.empty());
  bench.send(Bench::frame(ipc::ClockState{"ca", 0}));
  bench.certificates().warn_of_neglect();
  CHECK_EQ(bench.log.lines.size(), 1);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
