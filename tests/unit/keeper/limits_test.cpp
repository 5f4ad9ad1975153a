// What is spent of a CA's rate limits outlives agent and keeper, within bounds.
#include "keeper/status.h"

#include <fstream>

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

SpentLimits spent() {
  SpentLimits out;
  out.orders_full_at = kNow + 700;
  out.domains = {{"site.example", kNow + 800}};
  out.sets = {{"0123456789abcdef", kNow + 900}};
  return out;
}
struct LimitedBench : Bench {
  LimitedBench() { config.issuers[0].limits = {{300, 3 * kHour}, {50, 7 * kDay}, {5, 7 * kDay}}; }
};

TEST(it_outlives_a_restart) {
  LimitedBench bench;
  CHECK_EQ(bench.accounts().limits("ca").orders_full_at, 0);
  bench.granted(ipc::SaveLimits{"ca", spent()});
  bench.restart();
  SpentLimits read = bench.accounts().limits("ca");
  CHECK_EQ(read.orders_full_at, kNow + 700);
  CHECK_EQ(read.domains.at(0).key, "site.example");
  CHECK_EQ(read.domains.at(0).full_at, kNow + 800);
  CHECK_EQ(read.sets.at(0).full_at, kNow + 900);
  CHECK_EQ(bench.accounts().limits("second").orders_full_at, 0);
}

TEST(no_time_is_further_away_than_a_limit_can_be) {
  LimitedBench bench;
  SpentLimits far = spent();
  far.orders_full_at = far.domains[0].full_at = kNow + 4000 * kDay;
  far.domains[0].key = std::string(5000, 'x') + "\n";
  bench.granted(ipc::SaveLimits{"ca", far});
  SpentLimits read = bench.accounts().limits("ca");
  CHECK(read.orders_full_at <= kNow + 3 * kHour + kMinute);
  CHECK(read.domains[0].full_at <= kNow + 7 * kDay + kMinute);
  CHECK(read.domains[0].key.size() <= 512);
}

TEST(a_damaged_file_is_set_aside_and_nothing_was_spent) {
  LimitedBench bench;
  bench.granted(ipc::SaveLimits{"ca", spent()});
  std::ofstream(bench.folder / "store/issuers/ca/limits.json") << "{\"orders_full_at\": ";
  bench.restart();
  CHECK_EQ(bench.accounts().limits("ca").orders_full_at, 0);
  bench.granted(ipc::SaveLimits{"ca", spent()});
}

TEST(the_status_says_what_all_of_an_issuer_wait_for) {
  LimitedBench bench;
  bench.granted(ipc::SaveLimits{"ca", spent()});
  bench.granted(ipc::HoldIssuer{"ca", kNow + 600});
  bench.send(Bench::frame(ipc::IssuerProgress{"ca", "ca allows 2 orders: \x1b[2J"}));
  Json status =
      keeper::status_json(bench.env, bench.config, bench.certificates(), bench.accounts(), true);
  Json ca = status["issuers"].items().at(0);
  CHECK_EQ(ca["id"].text_or(""), "ca");
  CHECK_EQ(ca["stage"].text_or(""), "ca allows 2 orders: \\x1b[2J");
  CHECK(ca["not_before"].text().has_value());
  bench.send(Bench::frame(ipc::IssuerProgress{"ca", ""}));
  status =
      keeper::status_json(bench.env, bench.config, bench.certificates(), bench.accounts(), true);
  CHECK(!status["issuers"].items().at(0)["stage"].present());
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
