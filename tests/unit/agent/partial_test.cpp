// One dead name harms no other, where the certificate may be partial.
#include "unit/agent/simulation.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr Millis kHourMs = kHour * 1000;

Names forty() {
  Names names;
  for (int i = 0; i < 40; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  return names;
}
struct Site {
  Simulation world;
  SimulatedCa& ca = world.add_ca("ca");
  explicit Site(bool partial) { world.add("site", forty(), {"ca"}).partial = partial; }
  const Names& served() { return world.keeper.stored["site"].names; }
};

}  // namespace

TEST(forty_names_of_which_one_is_dead_become_thirty_nine) {
  Site site(true);
  site.ca.dead = {"n7.example.com"};
  site.world.start();
  CHECK(site.world.run_until([&] { return !site.served().empty(); }, 5 * kMinute * 1000));
  CHECK_EQ(site.served().size(), 39);
  CHECK_EQ(std::count(site.served().begin(), site.served().end(), "n7.example.com"), 0);
  CHECK_EQ(site.ca.failed_validations["n7.example.com"], 2);
  site.world.run_for(1000);
  CHECK_EQ(site.world.keeper.lines_with("n7.example.com failed twice and is left out"), 1);
  CHECK_EQ(site.world.keeper.lines_with("the other 39 names are ordered now"), 1);
  CHECK_EQ(site.world.keeper.schedules["site"].failures, 0);
}

TEST(the_dead_name_is_tried_daily_and_no_more) {
  Site site(true);
  site.ca.dead = {"n7.example.com"};
  site.world.start();
  site.world.run_for(10 * 24 * kHourMs);
  CHECK_EQ(site.ca.issued, 1);
  CHECK(site.ca.made >= 3 + 8);
  CHECK(site.ca.made <= 3 + 10);
  CHECK_EQ(site.world.keeper.schedules["site"].failures, 0);
  CHECK(site.world.keeper.schedules["site"].left.empty());
  // Alive again, it is there the next day.
  site.ca.dead.clear();
  site.world.run_for(25 * kHourMs);
  CHECK_EQ(site.served().size(), 40);
  CHECK_EQ(site.ca.issued, 2);
  site.world.run_for(5 * 24 * kHourMs);
  CHECK_EQ(site.ca.issued, 2);
}

TEST(restarts_change_nothing_about_that) {
  Site site(true);
  site.ca.dead = {"n7.example.com"};
  site.world.start();
  for (int i = 0; i < 5 * 24; ++i) {
    site.world.run_for(kHourMs);
    site.world.restart();
  }
  CHECK_EQ(site.ca.issued, 1);
  CHECK(site.ca.made <= 3 + 5);
}

TEST(without_partial_all_wait_for_the_dead_one) {
  Site site(false);
  site.ca.dead = {"n7.example.com"};
  site.world.start();
  site.world.run_for(5 * kHourMs);
  CHECK_EQ(site.ca.issued, 0);
  site.ca.dead.clear();
  site.world.run_for(2 * kHourMs);
  CHECK_EQ(site.served().size(), 40);
}

TEST(a_renewal_is_not_held_up_by_the_dead_name) {
  Site site(true);
  site.ca.dead = {"n7.example.com"};
  site.world.keeper.lifetimes["site"] = 6 * kDay;
  site.world.start();
  for (int day = 0; day < 30; ++day) {
    site.world.run_for(24 * kHourMs);
    CHECK(site.world.keeper.stored["site"].not_after > site.world.env.now() + kDay);
  }
  CHECK_EQ(site.served().size(), 39);
  CHECK(site.ca.issued <= 12);
  CHECK(site.ca.made <= 12 + 30 + 3);
}

TEST(a_name_that_dies_later_is_dropped_from_the_renewal) {
  Site site(true);
  site.world.keeper.lifetimes["site"] = 6 * kDay;
  site.world.start();
  site.world.run_for(kHourMs);
  CHECK_EQ(site.served().size(), 40);
  site.ca.dead = {"n1.example.com", "n2.example.com"};
  site.world.run_for(4 * 24 * kHourMs);
  CHECK_EQ(site.served().size(), 38);
}

TEST(when_all_are_dead_the_certificate_waits_as_any_other) {
  Site site(true);
  for (const std::string& name : forty()) site.ca.dead.insert(name);
  site.world.start();
  site.world.run_for(24 * kHourMs);
  CHECK_EQ(site.ca.issued, 0);
  for (const auto& [name, times] : site.ca.failed_validations) CHECK(times <= 5 * 24);
  CHECK(site.world.keeper.schedules["site"].failures > 3);
  site.ca.dead.clear();
  site.world.run_for(26 * kHourMs);
  CHECK_EQ(site.served().size(), 40);
}

TEST(a_refusal_that_names_nobody_leaves_nobody_out) {
  Site site(true);
  site.ca.forbidden = {"n7.example.com"};
  site.world.start();
  site.world.run_for(kHourMs);
  // The CA named nobody in its refusal, so nobody can be left out.
  CHECK_EQ(site.ca.issued, 0);
  site.ca.forbidden.clear();
  site.world.run_for(2 * kHourMs);
  CHECK_EQ(site.served().size(), 40);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
