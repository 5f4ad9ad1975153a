// Orders from the welcome to the certificate, and what becomes of them when
// single requests go wrong.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

TEST(the_first_certificate_needs_one_account_and_one_order) {
  World world;
  world.add("a.example");
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  world.run_for(100);
  CHECK_EQ(world.ca.accounts, 1);
  CHECK_EQ(world.ca.orders.size(), 1);
  CHECK_EQ(world.keeper.count(Type::directory_read), 1);
  CHECK_EQ(world.keeper.count(Type::account_created), 1);
  CHECK_EQ(world.keeper.count(Type::order_created), 1);
  CHECK_EQ(world.keeper.count(Type::present_challenges), 1);
  CHECK_EQ(world.keeper.given_up.size(), 0);
  const ScheduleRecord& schedule = world.keeper.schedules.at("a.example");
  CHECK_EQ(schedule.failures, 0);
  CHECK_EQ(schedule.configuration, "digest");
  CHECK(schedule.renew_at > world.env.now() + 50 * kDay);
  std::string line = world.keeper.line_with("certificate obtained");
  CHECK_CONTAINS(line, "5 a.example: certificate obtained from ca, valid until 20");
  CHECK_CONTAINS(line, ", renewal due 20");
  CHECK_CONTAINS(line, " s)");
}

TEST(the_status_is_told_each_stage_and_the_end) {
  World world;
  world.add("a.example");
  world.start();
  world.run_until_issued(1, 5000);
  world.run_for(100);
  std::vector<std::string> expected{"ordering", "validating", "finalizing", "downloading", ""};
  CHECK_EQ(world.keeper.stages["a.example"], expected);
}

TEST(a_known_account_is_used_without_asking) {
  World world;
  world.add("a.example");
  world.welcome.issuers.push_back({"ca", "", "https://ca.test/account/7", 0});
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.ca.accounts, 0);
}

TEST(twenty_orders_share_directory_account_and_nonces) {
  World world;
  world.add_many(20);
  world.start();
  CHECK(world.run_until_issued(20, 10'000));
  CHECK_EQ(world.ca.count("GET /directory"), 1);
  CHECK_EQ(world.ca.accounts, 1);
  CHECK_EQ(world.ca.orders.size(), 20);
  // Only what the first wave of requests needs; later ones live on the answers.
  CHECK(world.ca.count("HEAD /nonce") <= 17);
}

TEST(at_most_sixteen_orders_are_in_flight) {
  World world;
  world.add_many(50);
  world.ca.validation = 3000;
  world.start();
  world.run_for(2000);
  CHECK_EQ(world.ca.orders.size(), 16);
  CHECK(world.run_until_issued(50, 60'000));
}

TEST(or_as_many_as_are_configured) {
  World world;
  world.add_many(20);
  world.config.issuers.front().orders_in_flight = 3;
  world.ca.validation = 3000;
  world.start();
  world.run_for(2000);
  CHECK_EQ(world.ca.orders.size(), 3);
}

TEST(an_order_whose_validation_hangs_does_not_hold_up_the_others) {
  World world;
  world.add_many(40);
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    // The first order's authorization never gets an answer but "later".
    if (!request.url.ends_with("/authz/1")) return std::nullopt;
    return answer_of(503, "rateLimited", "later", {{"Retry-After", "30"}});
  };
  world.start();
  CHECK(world.run_until_issued(39, 20'000));
}

TEST(every_second_nonce_is_refused_and_all_are_issued) {
  World world;
  world.add_many(20);
  world.ca.refuse_nonces = 50;
  world.start();
  CHECK(world.run_until_issued(20, 5000));
  CHECK_EQ(world.keeper.lines_with("failed"), 0);
}

TEST(a_ca_that_refuses_every_nonce_is_a_failure_and_no_storm) {
  World world;
  world.add("a.example");
  world.ca.refuse_nonces = 101;
  world.start();
  world.run_for(40'000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "badNonce");
  CHECK(world.ca.count("POST /account") <= 20);
}

TEST(a_short_retry_after_is_waited_for_in_place) {
  World world;
  world.add_many(20);
  Millis told_at = 0;
  Millis again_at = 0;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/finalize/7") || again_at != 0) return std::nullopt;
    if (told_at == 0) {
      told_at = world.env.boot;
      return answer_of(429, "rateLimited", "slowly", {{"Retry-After", "20"}});
    }
    again_at = world.env.boot;
    return std::nullopt;
  };
  world.start();
  CHECK(world.run_until_issued(19, 3000));
  CHECK(world.run_until_issued(20, 30'000));
  CHECK(again_at >= told_at + 20'000);
  CHECK(again_at <= told_at + 21'000);
  CHECK_EQ(world.keeper.lines_with("failed"), 0);
}

TEST(a_long_retry_after_fails_the_order_and_is_kept_to_by_the_schedule) {
  World world;
  world.add_many(3);
  bool limited = true;
  std::vector<Millis> asked;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/new-order") ||
        request.body.find("n1.example") == std::string::npos)
      return std::nullopt;
    asked.push_back(world.env.boot);
    if (!limited) return std::nullopt;
    return answer_of(429, "rateLimited", "too many", {{"Retry-After", "3600"}});
  };
  world.start();
  CHECK(world.run_until_issued(2, 3000));
  world.run_for(100);
  CHECK_EQ(asked.size(), 1);
  CHECK_CONTAINS(world.keeper.line_with("order failed"),
                 "3 n1.example: order failed: rateLimited: too many");
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "; next try in 6");
  const ScheduleRecord& schedule = world.keeper.schedules.at("n1.example");
  CHECK_EQ(schedule.failures, 1);
  CHECK(schedule.retry_after >= world.env.now() + 3599);
  limited = false;
  world.run_for(3'590'000);
  CHECK_EQ(asked.size(), 1);
  CHECK(world.run_until_issued(3, 200'000));
}

TEST(a_lost_finalize_is_looked_after_and_not_sent_blindly) {
  World world;
  world.add("a.example");
  bool dropped = false;
  world.ca.after = [&](const HttpRequest& request, const Answer&) -> std::optional<HttpResult> {
    if (dropped || !request.url.ends_with("/finalize/1")) return std::nullopt;
    dropped = true;
    return lost();
  };
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK(dropped);
  CHECK_EQ(world.ca.count("POST /finalize"), 1);
  CHECK_EQ(world.ca.orders.size(), 1);
}

TEST(a_finalize_that_never_arrived_is_sent_again) {
  World world;
  world.add("a.example");
  int drops = 2;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (drops == 0 || !request.url.ends_with("/finalize/1")) return std::nullopt;
    --drops;
    return lost();
  };
  world.start();
  CHECK(world.run_until_issued(1, 20'000));
  CHECK_EQ(world.ca.count("POST /finalize"), 3);
  CHECK_EQ(world.ca.orders[1].finalized, 1);
}

TEST(a_challenge_whose_start_was_lost_is_not_started_twice) {
  World world;
  world.add("a.example");
  bool dropped = false;
  world.ca.after = [&](const HttpRequest& request, const Answer&) -> std::optional<HttpResult> {
    if (dropped || !request.url.ends_with("/challenge/1")) return std::nullopt;
    dropped = true;
    return lost();
  };
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.keeper.count(Type::sign_challenge), 1);
}

TEST(a_lost_newOrder_costs_one_orphan_order_at_most) {
  World world;
  world.add("a.example");
  bool dropped = false;
  world.ca.after = [&](const HttpRequest& request, const Answer&) -> std::optional<HttpResult> {
    if (dropped || !request.url.ends_with("/new-order")) return std::nullopt;
    dropped = true;
    return lost();
  };
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.ca.orders.size(), 2);
  CHECK_EQ(world.ca.issued(), 1);
}

TEST(an_answer_beyond_the_limits_is_not_asked_for_again_and_again) {
  World world;
  world.add("a.example");
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/new-order")) return std::nullopt;
    return HttpError{"the answer of ca.test is larger than 1 MiB", true, false};
  };
  world.start();
  world.run_for(30'000);
  CHECK_EQ(world.ca.count("POST /new-order"), 1);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "larger than 1 MiB");
}

TEST(a_finalize_answered_beyond_the_limits_costs_no_second_certificate) {
  World world;
  world.add("a.example");
  bool endless = true;
  world.ca.after = [&](const HttpRequest& request, const Answer&) -> std::optional<HttpResult> {
    if (!endless || !request.url.ends_with("/finalize/1")) return std::nullopt;
    endless = false;
    return HttpError{"the answer of ca.test is larger than 1 MiB", true, false};
  };
  world.start();
  CHECK(world.run_until_issued(1, 120'000));
  CHECK_EQ(world.ca.orders.size(), 1);
  CHECK_EQ(world.ca.orders[1].finalized, 1);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "larger than 1 MiB; next try in");
}

TEST(a_keeper_that_cannot_journal_the_order_ends_it) {
  World world;
  world.add("a.example");
  world.keeper.before = [](Type type) -> std::optional<ipc::Reply> {
    if (type != Type::order_created) return std::nullopt;
    return ipc::Reply{false, -4, "write: No space left on device"};
  };
  world.start();
  world.run_for(20'000);
  CHECK_EQ(world.keeper.installed.size(), 0);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "No space left on device");
  CHECK_EQ(world.keeper.given_up, std::vector<std::string>{"a.example"});
}

TEST(a_failed_order_is_given_up_after_its_authorizations_are_deactivated) {
  World world;
  world.add("a.example");
  world.keeper.before = [](Type type) -> std::optional<ipc::Reply> {
    if (type != Type::present_challenges) return std::nullopt;
    return ipc::Reply{false, -13, "the board is full"};
  };
  world.start();
  world.run_for(3000);
  const auto& types = world.keeper.types;
  auto deactivated = std::find(types.begin(), types.end(), Type::sign_deactivate_authorization);
  auto given_up = std::find(types.begin(), types.end(), Type::give_up_order);
  CHECK(deactivated < given_up);
  CHECK(given_up != types.end());
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "the board is full");
}

TEST(a_certificate_that_the_keeper_refuses_is_a_failure_in_its_words) {
  World world;
  world.add("a.example");
  world.keeper.before = [](Type type) -> std::optional<ipc::Reply> {
    if (type != Type::install_chain) return std::nullopt;
    return ipc::Reply{false, -10, "the certificate is for other names"};
  };
  world.start();
  world.run_for(3000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "the certificate is for other names");
  CHECK_EQ(world.keeper.schedules.at("a.example").failures, 1);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
