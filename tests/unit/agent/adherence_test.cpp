// Nothing is sent before the time that the CA has named (Retry-After), whatever it was said of
// and whoever is started anew meanwhile.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

namespace {

using Requests = std::vector<Millis>;

// Requests to this path are answered with status and Retry-After until `until`; each is noted.
void limit(World& world, const std::string& path, int status, const std::string& seconds,
           Millis until, Requests& asked) {
  world.ca.before = [&world, path, status, seconds, until,
                     &asked](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with(path)) return std::nullopt;
    asked.push_back(world.env.boot);
    if (world.env.boot >= until) return std::nullopt;
    return answer_of(status, status == 429 ? "rateLimited" : "", "later",
                     {{"Retry-After", seconds}});
  };
}

// What a helper that is started now is told.
void restart(World& world, World& again) {
  again.env.boot = world.env.boot;
  for (const ipc::LineageState& state : world.welcome.lineages) {
    ipc::LineageState& added = again.add(state.lineage.certificate);
    if (auto saved = world.keeper.schedules.find(state.lineage.certificate);
        saved != world.keeper.schedules.end())
      added.schedule = saved->second;
  }
}

}  // namespace

TEST(a_short_wait_within_an_order_outlives_a_restart) {
  World world;
  Requests asked;
  world.add("a.example");
  limit(world, "/new-order", 429, "30", world.env.boot + 20'000, asked);
  world.start();
  world.run_for(1000);
  CHECK_EQ(asked.size(), 1);
  for (int i = 0; i < 20; ++i) {
    World again;
    restart(world, again);
    limit(again, "/new-order", 429, "30", 0, asked);
    again.start();
    again.run_for(29'000 - (again.env.boot - asked[0]));
    CHECK_EQ(asked.size(), 1);
    world.env.boot += 1000;
  }
  World last;
  restart(world, last);
  limit(last, "/new-order", 429, "30", 0, asked);
  last.start();
  CHECK(last.run_until_issued(1, 40'000));
  CHECK(asked[1] >= asked[0] + 30'000);
}

TEST(an_order_that_is_processing_for_days_is_left_alone_over_a_restart) {
  World world;
  world.add("a.example");
  Millis told = 0;
  world.ca.after = [&](const HttpRequest& request,
                       const Answer& answer) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/finalize/1")) return std::nullopt;
    told = world.env.boot;
    Answer out = answer;
    out.body.replace(out.body.find("\"valid\""), 7, "\"processing\"");
    out.headers.push_back({"Retry-After", "864000"});
    return out;
  };
  world.start();
  world.run_for(5000);
  CHECK(told != 0);
  World again;
  restart(world, again);
  again.welcome.lineages[0].order_issuer = "ca";
  again.welcome.lineages[0].order_url = "https://ca.test/order/1";
  again.ca.orders = world.ca.orders;
  again.start();
  again.run_for((kDay - 1) * 1000 - (again.env.boot - told));
  CHECK_EQ(again.ca.log.size(), 0);  // capped at a day
  CHECK(again.run_until_issued(1, 10'000));
  CHECK_EQ(again.ca.orders.size(), 1);
}

TEST(newNonce_is_asked_for_once_however_many_wait_for_nonces) {
  for (const char* seconds : {"20", "7200"}) {
    World world;
    world.add_many(20);
    Requests asked;
    const Millis wait = std::stoi(seconds) * 1000;
    // One that is in flight already may still be answered the same.
    limit(world, "/nonce", 503, seconds, world.env.boot + 10'000, asked);
    world.start();
    world.run_for(wait - 100);
    CHECK(asked.size() >= 1 && asked.size() <= 20);
    CHECK(asked.back() - asked.front() <= world.ca.latency);
    CHECK_EQ(world.ca.count("POST"), 0);
    CHECK(world.run_until_issued(20, 400'000));
  }
}

TEST(a_limited_newAccount_holds_whoever_is_due_later_too) {
  World world;
  ipc::LineageState& later = world.add("later.example");
  later.stored = later.current = true;
  later.not_before = kStart - 60 * kDay;
  later.not_after = kStart + 30 * kDay + 1000;
  later.schedule.renew_at = kStart + 1000;
  world.add("a.example");
  Requests asked;
  limit(world, "/account", 429, "7200", world.env.boot + 7'200'000, asked);
  world.start();
  world.run_for(7'199'000);
  CHECK_EQ(asked.size(), 1);
  CHECK_EQ(world.keeper.count(Type::hold_issuer), 1);
  CHECK(world.run_until_issued(2, 200'000));
}

TEST(a_directory_with_retry_after_is_not_read_again_by_those_who_come_later) {
  for (const char* seconds : {"30", "3600"}) {
    World world;
    ipc::LineageState& later = world.add("later.example");
    later.stored = later.current = true;
    later.not_before = kStart - 60 * kDay;
    later.not_after = kStart + 30 * kDay + 10;
    later.schedule.renew_at = kStart + 10;
    world.add("a.example");
    Requests asked;
    const Millis wait = std::stoi(seconds) * 1000;
    limit(world, "/directory", 503, seconds, world.env.boot + wait - 1000, asked);
    world.start();
    world.run_for(wait - 100);
    CHECK_EQ(asked.size(), 1);
    CHECK_EQ(world.keeper.count(Type::hold_issuer), 1);
    CHECK(world.run_until_issued(2, 200'000));
  }
}

TEST(a_limit_on_one_certificate_delays_none_of_the_nineteen_others) {
  auto issue_nineteen = [](bool limited) {
    World world;
    world.add_many(20);
    world.ca.before = [limited](const HttpRequest& request) -> std::optional<HttpResult> {
      bool its = request.url.ends_with("/new-order") &&
                 request.body.find("\"n7.example\"") != std::string::npos;
      if (!limited || !its) return std::nullopt;
      return answer_of(429, "rateLimited", "too many", {{"Retry-After", "50"}});
    };
    world.start();
    const Millis began = world.env.boot;
    CHECK(world.run_until_issued(19, 30'000));
    return world.env.boot - began;
  };
  CHECK(issue_nineteen(true) <= issue_nineteen(false) + 1000);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
