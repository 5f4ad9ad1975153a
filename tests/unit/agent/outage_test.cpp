// A CA that cannot be reached: everybody waits, one looks.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

namespace {

// The CA's port is closed from `from` to `to`.
void close_port(World& world, Millis from, Millis to) {
  world.ca.before = [&world, from, to](const HttpRequest&) -> std::optional<HttpResult> {
    if (world.env.boot < from || world.env.boot >= to) return std::nullopt;
    return refused();
  };
}

}  // namespace

TEST(a_port_refused_for_30_s_in_the_middle_of_an_order_costs_at_most_12_s_more) {
  for (Millis into : {0, 12, 33, 60, 90}) {
    World world;
    world.add("a.example");
    Millis from = world.env.boot + into;
    close_port(world, from, from + 30'000);
    world.start();
    world.run_for(into + 30'000);
    CHECK_EQ(world.keeper.installed.size(), 0);
    CHECK(world.run_until_issued(1, 12'000));
    CHECK_EQ(world.ca.orders.size(), 1);
    CHECK_EQ(world.ca.accounts, 1);
    CHECK_EQ(world.keeper.lines_with("order failed"), 0);
  }
}

TEST(a_port_refused_for_30_s_in_the_middle_of_twenty_orders_is_not_hammered) {
  World world;
  world.add_many(20);
  world.ca.validation = 2000;
  Millis from = world.env.boot + 1000;
  close_port(world, from, from + 30'000);
  world.start();
  world.run_for(1000);
  std::size_t before = world.ca.log.size();
  CHECK_EQ(world.ca.orders.size(), 16);
  world.run_for(29'999);
  // What was in flight when it began, then one probe after the other; and
  // twice as often as for one order, because many have to be done then.
  CHECK(world.ca.log.size() - before <= 16 + 16 + 12);
  CHECK(
      world.run_until([&] { return world.keeper.lines_with("can be reached again") == 1; }, 5001));
  CHECK(world.run_until_issued(20, 7'000));
  CHECK_EQ(world.ca.orders.size(), 20);
}

TEST(an_outage_is_one_line_and_its_end_another) {
  World world;
  world.add_many(5);
  close_port(world, world.env.boot, world.env.boot + 45'000);
  world.start();
  CHECK(world.run_until_issued(5, 60'000));
  CHECK_EQ(world.keeper.lines_with("cannot be reached"), 1);
  CHECK_CONTAINS(
      world.keeper.line_with("cannot be reached"),
      "3 ca: the CA cannot be reached: connection to ca.test:443 refused; next try in 1 s");
  CHECK_EQ(world.keeper.lines_with("can be reached again"), 1);
  CHECK_CONTAINS(world.keeper.line_with("can be reached again"),
                 "5 ca: the CA can be reached again, after 5");
}

TEST(a_long_outage_is_told_daily_with_a_count_and_probed_each_minute) {
  World world;
  world.add("a.example");
  close_port(world, world.env.boot, world.env.boot + 3 * kDay * 1000);
  world.start();
  world.run_for(50 * kHour * 1000);
  CHECK_EQ(world.keeper.lines_with("cannot be reached"), 3);
  CHECK_CONTAINS(world.keeper.line_with("still cannot be reached"), " tries in 24 h");
  CHECK(world.ca.log.size() < 50 * 60 * 4 / 3 + 100);
  CHECK(world.ca.log.size() > 50 * 60 - 100);
  CHECK(world.run_until_issued(1, 25 * kHour * 1000));
}

TEST(the_status_says_that_an_order_waits_for_the_ca) {
  World world;
  world.add("a.example");
  close_port(world, world.env.boot + 30, world.env.boot + 5'000);
  world.start();
  CHECK(world.run_until_issued(1, 30'000));
  const auto& stages = world.keeper.stages["a.example"];
  CHECK(std::find(stages.begin(), stages.end(),
                  "waiting for the CA: connection to ca.test:443 refused") != stages.end());
}

TEST(a_request_that_is_always_lost_holds_up_nobody_else) {
  World world;
  world.add_many(10);
  std::vector<Millis> tries;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/authz/3")) return std::nullopt;
    tries.push_back(world.env.boot);
    return lost();
  };
  world.start();
  CHECK(world.run_until_issued(9, 2000));
  world.run_for(60'000);
  CHECK(tries.size() >= 7);
  CHECK(tries.size() <= 12);
  CHECK_EQ(world.keeper.lines_with("cannot be reached"), 0);
  CHECK_EQ(world.keeper.lines_with("3 ca: the CA does not answer"), 1);
}

TEST(one_lost_answer_is_no_trouble_worth_a_line) {
  World world;
  world.add_many(10);
  bool dropped = false;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (dropped || !request.url.ends_with("/authz/3")) return std::nullopt;
    dropped = true;
    return lost();
  };
  world.start();
  CHECK(world.run_until_issued(10, 3000));
  CHECK_EQ(world.keeper.lines_with("6 ca: ca.test:443 closed the connection"), 1);
  CHECK_EQ(world.keeper.lines_with("does not answer"), 0);
}

TEST(a_ca_that_swallows_requests_is_told_once) {
  World world;
  world.add_many(5);
  Millis end = world.env.boot + 100'000;
  world.ca.latency = 1000;
  world.ca.before = [&](const HttpRequest&) -> std::optional<HttpResult> {
    if (world.env.boot >= end) return std::nullopt;
    return lost();
  };
  world.start();
  CHECK(world.run_until_issued(5, 200'000));
  CHECK_EQ(world.keeper.lines_with("3 ca: the CA does not answer"), 1);
}

TEST(nonces_of_before_an_outage_are_not_used_after_it) {
  World world;
  world.add_many(3);
  world.ca.validation = 1000;
  Millis from = world.env.boot + 500;
  bool down = false;
  std::size_t heads = 0;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (world.env.boot < from) return std::nullopt;
    if (!down) heads = world.ca.count("HEAD /nonce");
    down = true;
    if (world.env.boot < from + 5000) return refused();
    // The first request that gets through is one for a nonce.
    if (heads != 0) CHECK(request.method == HttpRequest::Method::head);
    heads = 0;
    return std::nullopt;
  };
  world.start();
  CHECK(world.run_until_issued(3, 30'000));
}

TEST(two_cas_do_not_wait_for_each_other) {
  World world;
  world.add("a.example");
  world.add("b.example");
  IssuerConfig other = world.config.issuers[0];
  other.id = "dead";
  other.directory_url = "https://ca.test/dead-directory";
  world.config.issuers.push_back(other);
  world.config.certificates[0].issuers = {"dead"};
  world.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.ends_with("/dead-directory")) return refused();
    return std::nullopt;
  };
  world.start();
  CHECK(world.run_until_issued(1, 2000));
  CHECK_EQ(world.keeper.installed[0], "b.example");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
