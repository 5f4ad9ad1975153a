// A CA's rate limits: who waits, who goes first, and what is said of it.
#include "unit/agent/simulation.h"

using namespace acme;
using namespace acme::test;

namespace {

const RateLimits kLetsEncrypt{{300, 3 * kHour}, {50, 7 * kDay}, {5, 7 * kDay}};
constexpr Millis kHourMs = kHour * 1000;

// Names of registered domains of their own.
void add_new(Simulation& world, int count, const Names& issuers = {"ca"}) {
  for (int i = 0; i < count; ++i) {
    std::string name = "new" + std::to_string(i) + ".test";
    world.add(name, {name}, issuers);
  }
}
void add_due(Simulation& world, const std::string& name, std::int64_t left) {
  world.add(name, {name}, {"ca"});
  world.keeper.stored[name] = {
      "ca", {name}, world.env.now() + left - 90 * kDay, world.env.now() + left};
  world.keeper.schedules[name].renew_at = world.env.now() - kHour;
  world.keeper.schedules[name].configuration = "digest";
}

}  // namespace

TEST(a_thousand_new_names_are_paced_and_the_wait_is_told_once) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", kLetsEncrypt);
  add_new(world, 1000);
  world.start();
  world.run_for(10 * kMinute * 1000);
  CHECK(ca.issued >= 299 && ca.issued <= 320);
  CHECK_EQ(world.keeper.lines_with("ca allows 300 orders in 3 h: "), 1);
  CHECK_EQ(world.keeper.lines_with("orders wait for their turn, the last for about "), 1);
  CHECK_CONTAINS(world.keeper.issuer_stages["ca"], "the last for about 6 h");
  CHECK_CONTAINS(world.keeper.stages["new999.test"],
                 "waiting for its turn: ca allows 300 orders in 3 h");
  world.run_for(8 * kHourMs);
  CHECK_EQ(ca.issued, 1000);
  CHECK_EQ(ca.limited, 0);
  CHECK_EQ(world.keeper.issuer_stages["ca"], "");
  CHECK_EQ(world.keeper.stages["new999.test"], "");
}

// RFC 9773, as Let's Encrypt has it: what the CA wants to have renewed now counts for nothing.
TEST(what_the_ca_suggested_itself_waits_for_no_turn) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", RateLimits{{5, 3 * kHour}, {}, {}});
  ca.limits = {};
  for (int i = 0; i < 20; ++i) {
    const std::string name = "due" + std::to_string(i) + ".test";
    add_due(world, name, 20 * kDay);
    world.keeper.ari_ids[name] = "aki." + name;
    AriRecord& ari = world.keeper.schedules[name].ari;
    ari.id = world.keeper.ari_ids[name];
    ari.window_start = world.env.now() - kDay;
    ari.window_end = world.env.now() + kDay;
    ari.pick = ari.renew_at = world.env.now() - kHour;
    ari.ask_again = world.env.now() + kDay;
  }
  add_new(world, 10);
  world.start();
  world.run_for(10 * kMinute * 1000);
  CHECK(ca.issued >= 25 && ca.issued <= 26);
}

TEST(restarts_do_not_reset_what_was_spent) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", kLetsEncrypt);
  add_new(world, 400);
  world.start();
  for (int i = 0; i < 20; ++i) {
    world.run_for(1000 + 377 * i);
    world.restart();
  }
  world.run_for(10 * kMinute * 1000);
  CHECK_EQ(ca.limited, 0);
  CHECK(ca.made <= 330);
  world.run_for(3 * kHourMs);
  CHECK_EQ(world.keeper.stored.size(), 400);
  CHECK_EQ(ca.limited, 0);
}

TEST(names_of_one_registered_domain_have_a_limit_of_their_own) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", kLetsEncrypt);
  for (int i = 0; i < 60; ++i) {
    std::string name = "www" + std::to_string(i) + ".example.co.uk";
    world.add(name, {name}, {"ca"});
  }
  add_new(world, 20);
  world.start();
  world.run_for(kMinute * 1000);
  CHECK(ca.issued >= 69 && ca.issued <= 70);
  CHECK_EQ(world.keeper.lines_with("ca allows 50 certificates of example.co.uk in 7 d: "), 1);
  world.run_for(3 * 24 * kHourMs);
  CHECK_EQ(world.keeper.stored.size(), 80);
  CHECK_EQ(ca.limited, 0);
}

TEST(renewals_go_first_and_among_them_who_has_least_time_left) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", {{5, 3 * kHour}, {}, {}});
  add_new(world, 20);
  for (int i = 0; i < 8; ++i) add_due(world, "old" + std::to_string(i) + ".test", (20 - i) * kDay);
  std::vector<std::string> order;
  world.keeper.on_installed = [&](const std::string& id, const auto&) { order.push_back(id); };
  world.start();
  world.run_for(10 * kHourMs);
  CHECK(order.size() > 10);
  // Five at once, in any order; then one by one.
  std::sort(order.begin(), order.begin() + 5);
  CHECK_EQ(Names(order.begin(), order.begin() + 8),
           (Names{"old3.test", "old4.test", "old5.test", "old6.test", "old7.test", "old2.test",
                  "old1.test", "old0.test"}));
  CHECK_EQ(ca.limited, 0);
}

TEST(renewals_are_not_held_up_by_the_limit_of_their_domain) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", kLetsEncrypt);
  for (int i = 0; i < 50; ++i) {
    std::string name = "www" + std::to_string(i) + ".example.com";
    world.add(name, {name}, {"ca"});
  }
  world.start();
  world.run_for(kMinute * 1000);
  const std::size_t first = ca.issued;
  CHECK(first >= 49);
  // All of them a second time, as after a change of the account: names that are known.
  for (auto& [id, schedule] : world.keeper.schedules) schedule.renewal_requested = true;
  world.restart();
  world.run_for(kMinute * 1000);
  CHECK(ca.issued >= first + 49);
  CHECK_EQ(ca.limited, 0);
}

TEST(failures_cost_orders_but_no_certificates) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", {{}, {2, 7 * kDay}, {2, 7 * kDay}});
  ca.dead = {"a.example.com"};
  world.add("a", {"a.example.com"}, {"ca"});
  world.start();
  world.run_for(2 * kHourMs);
  CHECK(ca.made >= 3);
  CHECK(ca.failed_validations["a.example.com"] <= 5);
  ca.dead.clear();
  CHECK(world.run_until([&] { return ca.issued == 1; }, 2 * kHourMs));
}

TEST(who_would_wait_for_too_long_is_taken_to_another_issuer) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", {{5, 10 * kHour}, {}, {}});
  SimulatedCa& other = world.add_ca("other");
  add_new(world, 20, {"ca", "other"});
  world.start();
  world.run_for(10 * kMinute * 1000);
  CHECK(ca.issued <= 5);
  CHECK_EQ(world.keeper.stored.size(), 20);
  CHECK_EQ(ca.issued + other.issued, 20);
}

TEST(a_cas_word_to_everybody_outlives_a_restart) {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca", kLetsEncrypt);
  world.add("a", {"a.example.com"}, {"ca"});
  world.keeper.held["ca"] = world.env.now() + 2 * kHour;
  world.start();
  for (int i = 0; i < 10; ++i) {
    world.run_for(kHourMs / 6);
    world.restart();
  }
  CHECK_EQ(ca.made, 0);
  CHECK(world.run_until([&] { return ca.issued == 1; }, kHourMs));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
