// Fault 10: this machine's clock beside the CA's, in the life of an agent.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;

namespace {

// A stored certificate that is due for renewal.
ipc::LineageState& add_due(World& world, const std::string& name, WallTime now = kStart) {
  ipc::LineageState& state = world.add(name);
  state.stored = state.current = true;
  state.issuer = "ca";
  state.not_before = now - 70 * kDay;
  state.not_after = now + 20 * kDay;
  return state;
}

}  // namespace

TEST(fault_10_a_renewal_is_held_before_it_is_ordered_and_goes_on_when_the_clock_is_set) {
  for (std::int64_t ahead : {2 * kHour, -2 * kHour, 10 * kDay}) {
    World world;
    add_due(world, "a.example");
    world.ca.date_ahead = ahead;
    world.start();
    world.run_for(30 * kHour * 1000);
    CHECK_EQ(world.ca.count("POST /new-order"), 0);
    CHECK_EQ(world.keeper.lines_with("this machine's clock is "), 2);  // then daily
    CHECK_EQ(world.keeper.lines_with("this machine's clock is still "), 1);
    CHECK_EQ(world.keeper.clock_ahead, -ahead);
    CHECK_EQ(world.keeper.stages["a.example"].back(),
             "renewal waits until this machine's clock is set");
    CHECK_EQ(world.keeper.lines_with("order failed"), 0);
    CHECK(world.ca.log.size() < 400);
    // Somebody sets it: no question is needed to see that.
    world.env.wall_offset += ahead;
    world.ca.date_ahead = 0;
    CHECK(world.run_until_issued(1, 65'000));
    CHECK_EQ(world.keeper.lines_with("agree again"), 1);
    CHECK_EQ(world.keeper.clock_ahead, 0);
  }
}

TEST(a_ca_whose_date_is_right_again_ends_it_too) {
  World world;
  add_due(world, "a.example");
  world.ca.date_ahead = kDay;
  world.start();
  world.run_for(kHour * 1000);
  world.ca.date_ahead = 30;
  CHECK(world.run_until_issued(1, 12 * kMinute * 1000));
}

TEST(less_than_an_hour_is_no_reason_and_neither_is_an_answer_without_a_date) {
  for (std::int64_t ahead : {50 * kMinute, -50 * kMinute}) {
    World world;
    add_due(world, "a.example");
    world.ca.date_ahead = ahead;
    world.start();
    CHECK(world.run_until_issued(1, 10'000));
  }
  World world;
  add_due(world, "a.example");
  world.start();
  CHECK(world.run_until_issued(1, 10'000));
}

TEST(a_first_issuance_goes_on_and_is_told_of_the_clock) {
  World world;
  world.add("a.example");
  world.ca.date_ahead = -300 * kDay;
  world.start();
  CHECK(world.run_until_issued(1, 10'000));
  CHECK_EQ(world.keeper.lines_with("this machine's clock is 300 d ahead of that of ca"), 1);
}

TEST(an_order_under_way_goes_on) {
  World world;
  ipc::LineageState& state = add_due(world, "a.example");
  world.ca.orders[1].name = "a.example";
  state.order_issuer = "ca";
  state.order_url = "https://ca.test/order/1";
  world.ca.date_ahead = 2 * kDay;
  world.start();
  CHECK(world.run_until_issued(1, 10'000));
}

TEST(a_person_may_renew_whatever_the_clock_says) {
  World world;
  ipc::LineageState& state = add_due(world, "a.example");
  world.ca.date_ahead = 2 * kDay;
  world.start();
  world.run_for(kHour * 1000);
  CHECK(world.keeper.installed.empty());
  world.driver->renew(state.lineage);
  CHECK(world.run_until_issued(1, 10'000));
}

// The clock jumps while we run: from what the CA said before, it is known to be wrong.
TEST(a_clock_that_jumps_to_2038_orders_nothing) {
  World world;
  for (int i = 0; i < 30; ++i) add_due(world, "n" + std::to_string(i) + ".example");
  world.ca.date_ahead = 0;
  world.start();
  CHECK(world.run_until_issued(30, 60'000));
  const std::int64_t jump = 11 * 365 * kDay;
  world.env.wall_offset += jump;
  world.ca.date_ahead = -jump;
  world.run_for(10 * kDay * 1000);
  CHECK_EQ(world.keeper.installed.size(), 30);
  CHECK_EQ(world.ca.orders.size(), 30);
  world.env.wall_offset -= jump;
  world.ca.date_ahead = 0;
  world.run_for(kDay * 1000);
  CHECK_EQ(world.ca.orders.size(), 30);
  CHECK_EQ(world.keeper.lines_with("agree again"), 1);
}

// A machine that stood still from outside: CLOCK_BOOTTIME did not go on, the wall clock was set.
TEST(a_machine_that_was_suspended_from_outside_asks_the_ca_before_it_complains) {
  World world;
  ipc::LineageState& state = add_due(world, "a.example");
  state.schedule.renew_at = kStart + 2 * kDay;
  state.not_after = kStart + 30 * kDay;
  world.add("new.example");
  world.ca.date_ahead = 0;
  world.start();
  CHECK(world.run_until_issued(1, 60'000));
  world.env.wall_offset += 5 * kHour;
  world.run_for(5 * kMinute * 1000);
  CHECK_EQ(world.keeper.lines_with("this machine's clock"), 0);
  CHECK_EQ(world.keeper.clock_ahead, 0);
}

// Near the end a try is made now and then: no certificate ends because a CA has the wrong date.
TEST(a_ca_whose_date_stays_wrong_costs_no_certificate) {
  World world;
  world.keeper.lifetime = 20 * kDay;
  add_due(world, "a.example");
  world.ca.date_ahead = -40 * kDay;
  world.start();
  CHECK(world.run_until_issued(1, 20 * kDay * 1000));
  CHECK(world.env.now() < kStart + 20 * kDay);
  for (int day = 0; day < 100; ++day) {
    std::size_t before = world.keeper.installed.size();
    world.run_for(kDay * 1000);
    CHECK(world.keeper.installed.size() - before <= 1);
  }
  CHECK(world.keeper.installed.size() >= 6 && world.keeper.installed.size() <= 12);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
