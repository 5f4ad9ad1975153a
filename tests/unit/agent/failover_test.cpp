// A certificate with two issuers: who is asked, when one of them fails.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;

namespace {

ipc::LineageState& add(World& world, const std::string& name) {
  ipc::LineageState& state = world.add(name);
  world.config.certificates.back().issuers = {"ca", "other"};
  return state;
}

// Due now, of such a lifetime.
ipc::LineageState& add_due(World& world, const std::string& name, std::int64_t lifetime,
                           std::int64_t left) {
  ipc::LineageState& state = add(world, name);
  state.stored = true;
  state.current = true;
  state.issuer = "ca";
  state.not_after = world.env.now() + left;
  state.not_before = state.not_after - lifetime;
  state.schedule.renew_at = world.env.now();
  world.keeper.lifetime = lifetime;
  return state;
}

std::function<std::optional<HttpResult>(const HttpRequest&)> dead() {
  return [](const HttpRequest&) -> std::optional<HttpResult> { return refused(); };
}

std::function<std::optional<HttpResult>(const HttpRequest&)> answering(
    const std::string& path, int status, const std::string& type,
    std::vector<protocol::Header> headers = {}) {
  return [=](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.find(path) == std::string::npos) return std::nullopt;
    return answer_of(status, type, "the CA's words", headers);
  };
}

}  // namespace

TEST(a_refusal_for_good_at_first_issuance_is_taken_to_the_next_issuer_at_once) {
  World world;
  world.ca.before = answering("/new-order", 403, "rejectedIdentifier");
  add(world, "a.example");
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.keeper.from[0], "other");
  CHECK_EQ(world.ca.count("POST /new-order"), 1);
  CHECK_CONTAINS(world.keeper.line_with("asked instead"),
                 "3 a.example: order at ca failed: rejectedIdentifier: the CA's words; other is "
                 "asked instead, now: there is no valid certificate");
  world.run_for(1000);
  CHECK_CONTAINS(world.keeper.line_with("certificate obtained"), "from other");
  CHECK_CONTAINS(world.keeper.line_with("certificate obtained"), "from ca if it can");
  // The next renewal begins with the first one again.
  CHECK(world.keeper.schedules.at("a.example").issuer.empty());
  world.ca.before = nullptr;
  CHECK(world.run_until_issued(2, 70 * kDay * 1000));
  CHECK_EQ(world.keeper.from[1], "ca");
}

TEST(an_account_that_needs_a_person_is_no_obstacle_to_another_ca) {
  World world;
  world.ca.before = answering("/new-order", 403, "userActionRequired");
  add(world, "a.example");
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.keeper.from[0], "other");
}

TEST(a_first_issuance_waits_a_few_minutes_for_a_dead_ca) {
  World world;
  world.ca.before = dead();
  add(world, "a.example");
  world.start();
  world.run_for(110'000);
  CHECK_EQ(world.other.log.size(), 0);
  CHECK(world.run_until_issued(1, 4 * kMinute * 1000));
  CHECK_EQ(world.keeper.from[0], "other");
  CHECK_CONTAINS(world.keeper.line_with("asked instead"), "cannot be reached");
}

TEST(a_short_outage_changes_nothing) {
  World world;
  world.ca.before = dead();
  add(world, "a.example");
  world.start();
  world.run_for(60'000);
  world.ca.before = nullptr;
  CHECK(world.run_until_issued(1, 60'000));
  CHECK_EQ(world.keeper.from[0], "ca");
  CHECK_EQ(world.other.log.size(), 0);
}

TEST(a_six_day_certificate_leaves_a_dead_first_issuer_well_before_its_end) {
  World world;
  world.ca.before = dead();
  add_due(world, "a.example", 6 * kDay, 3 * kDay);
  const WallTime began = world.env.now();
  world.start();
  world.run_for(23 * kHour * 1000);
  CHECK_EQ(world.other.log.size(), 0);
  CHECK(world.run_until_issued(1, 3 * kHour * 1000));
  CHECK_EQ(world.keeper.from[0], "other");
  CHECK(world.env.now() < began + 26 * kHour);  // 46 hours before its end
  CHECK_CONTAINS(world.keeper.line_with("asked instead"), "the certificate ends in 2 d");
}

TEST(a_ca_that_only_answers_with_errors_is_left_in_time_too) {
  World world;
  world.ca.before = answering("/", 503, "serverInternal", {{"Retry-After", "7200"}});
  add_due(world, "a.example", 6 * kDay, 3 * kDay);
  const WallTime began = world.env.now();
  world.start();
  CHECK(world.run_until_issued(1, 2 * kDay * 1000));
  CHECK_EQ(world.keeper.from[0], "other");
  CHECK(world.env.now() > began + 12 * kHour);
  CHECK(world.env.now() < began + 25 * kHour);
}

TEST(a_long_certificate_waits_for_days_before_it_goes_elsewhere) {
  World world;
  world.ca.before = dead();
  add_due(world, "a.example", 90 * kDay, 30 * kDay);
  world.start();
  world.run_for(9 * kDay * 1000);
  CHECK_EQ(world.other.log.size(), 0);
  CHECK(world.run_until_issued(1, 2 * kDay * 1000));
  CHECK_EQ(world.keeper.from[0], "other");
}

TEST(a_rate_limit_that_ends_in_time_is_waited_for) {
  World world;
  world.ca.before = answering("/new-order", 429, "rateLimited", {{"Retry-After", "36000"}});
  add_due(world, "a.example", 90 * kDay, 30 * kDay);
  world.start();
  world.run_for(9 * kHour * 1000);
  CHECK_EQ(world.other.log.size(), 0);
  world.ca.before = nullptr;
  CHECK(world.run_until_issued(1, 2 * kHour * 1000));
  CHECK_EQ(world.keeper.from[0], "ca");
}

TEST(a_rate_limit_that_ends_too_late_is_not) {
  World world;
  world.ca.before = answering("/new-order", 429, "rateLimited", {{"Retry-After", "36000"}});
  add_due(world, "a.example", 30 * kHour, 15 * kHour);
  world.start();
  CHECK(world.run_until_issued(1, 10'000));
  CHECK_EQ(world.keeper.from[0], "other");
}

TEST(a_failed_validation_is_no_reason_to_ask_elsewhere_at_once) {
  World world;
  world.ca.unanswered = {"http-01"};
  add_due(world, "a.example", 90 * kDay, 30 * kDay);
  world.start();
  world.run_for(2 * kDay * 1000);
  CHECK_EQ(world.other.log.size(), 0);
}

TEST(whoever_comes_back_first_is_asked_once_both_were_dead) {
  World world;
  world.ca.before = dead();
  world.other.before = dead();
  for (int i = 0; i < 40; ++i) add_due(world, "n" + std::to_string(i), 6 * kDay, 3 * kDay);
  world.start();
  world.run_for(2 * kDay * 1000);
  CHECK_EQ(world.keeper.installed.size(), 0);
  // The first one, long after it was left.
  world.ca.before = nullptr;
  CHECK(world.run_until_issued(40, 3 * kMinute * 1000));
  CHECK_EQ(world.keeper.from[0], "ca");
  // Said with the first one that meets it.
  CHECK_EQ(world.keeper.lines_with("3 n"), 2);
  CHECK_EQ(world.keeper.lines_with("so will every order at ca; other is asked instead"), 1);
}

TEST(an_order_that_comes_to_no_end_is_left_too) {
  World world;
  world.ca.validation = 100 * kDay * 1000;
  add(world, "a.example");
  world.start();
  CHECK(world.run_until_issued(1, 2 * kHour * 1000));
  CHECK_EQ(world.keeper.from[0], "other");
  CHECK_EQ(world.keeper.given_up.size(), 1);
}

TEST(the_choice_outlives_a_restart) {
  World world;
  ipc::LineageState& state = add(world, "a.example");
  state.schedule.issuer = "other";
  state.schedule.left = {{"ca", world.env.now() - 60, world.env.now() + kHour}};
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.keeper.from[0], "other");
  CHECK_EQ(world.ca.log.size(), 0);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
