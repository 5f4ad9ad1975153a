// Directory and account: what all orders at one CA share.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

TEST(an_account_that_the_ca_has_lost_is_registered_again_once) {
  World world;
  world.add_many(5);
  world.welcome.issuers.push_back({"ca", "", "https://ca.test/account/7", 0});
  world.ca.knows_accounts = false;
  world.start();
  CHECK(world.run_until_issued(5, 5000));
  CHECK_EQ(world.ca.accounts, 1);
  CHECK_EQ(world.keeper.count(Type::account_lost), 1);
  CHECK_EQ(world.keeper.count(Type::account_created), 1);
}

TEST(what_other_orders_ask_while_an_account_is_registered_again_waits_for_it) {
  World world;
  world.add_many(2);
  world.welcome.issuers.push_back({"ca", "", "https://ca.test/account/7", 0});
  bool lost = false;
  bool registered = true;
  // The keeper signs nothing for an account that it does not have.
  world.keeper.before = [&](Type type) -> std::optional<ipc::Reply> {
    if (type == Type::account_lost) registered = false;
    if (type == Type::account_created) registered = true;
    bool of_account = type == Type::sign_fetch || type == Type::sign_new_order;
    if (!of_account || registered) return std::nullopt;
    return ipc::Reply{false, -9, "there is no account at ca yet"};
  };
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (lost || !request.url.ends_with("/new-order")) return std::nullopt;
    lost = true;
    return answer_of(400, "accountDoesNotExist", "unknown account");
  };
  world.start();
  CHECK(world.run_until_issued(2, 5000));
  CHECK_EQ(world.keeper.lines_with("failed"), 0);
}

TEST(a_ca_that_forgets_every_account_is_a_failure_and_no_loop) {
  World world;
  world.add("a.example");
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.ends_with("/new-order")) world.ca.knows_accounts = false;
    return std::nullopt;
  };
  world.start();
  world.run_for(50'000);
  CHECK_EQ(world.ca.accounts, 2);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "accountDoesNotExist");
}

TEST(an_account_that_is_refused_is_asked_for_once_by_a_hundred_orders) {
  World world;
  world.add_many(100);
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/account")) return std::nullopt;
    return answer_of(403, "externalAccountRequired", "this CA needs an account of its own");
  };
  world.start();
  world.run_for(40'000);
  CHECK_EQ(world.ca.count("POST /account"), 1);
  // One line for all, and every certificate's own record.
  CHECK_EQ(world.keeper.lines_with("externalAccountRequired"), 1);
  CHECK_CONTAINS(world.keeper.line_with("externalAccountRequired"),
                 "this CA needs an account of its own; so will every order at ca; next try in ");
  CHECK_EQ(world.keeper.schedules.size(), 100);
  world.run_for(60'000);
  CHECK(world.ca.count("POST /account") <= 3);
  CHECK_EQ(world.ca.orders.size(), 0);
  CHECK_EQ(world.keeper.given_up.size(), 0);
}

TEST(a_ca_that_knows_its_customers_is_not_asked_by_a_stranger) {
  World world;
  world.add("a.example");
  world.ca.after = [](const HttpRequest& request,
                      const Answer& given) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/directory")) return std::nullopt;
    Answer out = given;
    out.body.pop_back();
    out.body += R"(,"meta":{"externalAccountRequired":true}})";
    return out;
  };
  world.start();
  world.run_for(10'000);
  CHECK_EQ(world.ca.count("POST"), 0);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "external_account_key");
  World customer;
  customer.config.issuers[0].external_account.kid = "kid-1";
  customer.ca.after = world.ca.after;
  customer.add("a.example");
  customer.start();
  CHECK(customer.run_until_issued(1, 5000));
}

TEST(a_directory_that_is_garbage_is_told_and_tried_again) {
  World world;
  world.add("a.example");
  bool broken = true;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!broken || !request.url.ends_with("/directory")) return std::nullopt;
    Answer out;
    out.status = 200;
    out.body = "<html>It works!</html>";
    return out;
  };
  world.start();
  world.run_for(10'000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "directory");
  CHECK_EQ(world.ca.count("GET /directory"), 1);
  broken = false;
  CHECK(world.run_until_issued(1, 90'000));
}

TEST(acmectl_renew_asks_again_at_once_and_tells_again) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/directory")) return std::nullopt;
    return answer_of(404, "malformed", "gone");
  };
  world.start();
  world.run_for(5000);
  world.keeper.tell(ipc::RenewNow{state.lineage});
  world.run_for(5000);
  CHECK_EQ(world.ca.count("GET /directory"), 2);
  CHECK_EQ(world.keeper.lines_with("order failed"), 2);
}

TEST(a_directory_in_trouble_is_asked_a_few_times_then_it_is_a_failure) {
  World world;
  world.add("a.example");
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/directory")) return std::nullopt;
    return answer_of(500, "serverInternal", "oops");
  };
  world.start();
  world.run_for(30'000);
  CHECK_EQ(world.ca.count("GET /directory"), 4);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "serverInternal: oops");
}

TEST(the_directory_is_read_again_after_a_day) {
  World world;
  world.add("a.example");
  world.keeper.lifetime = 3 * kDay;
  world.start();
  world.run_until_issued(1, 5000);
  CHECK(world.run_until_issued(3, 5 * kDay * 1000));
  CHECK_EQ(world.ca.count("GET /directory"), 3);
}

TEST(a_directory_that_cannot_be_read_again_is_used_as_it_was) {
  World world;
  world.add("a.example");
  world.keeper.lifetime = 3 * kDay;
  world.start();
  world.run_until_issued(1, 5000);
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/directory")) return std::nullopt;
    return answer_of(404, "malformed", "gone");
  };
  CHECK(world.run_until_issued(2, 3 * kDay * 1000));
  CHECK_EQ(world.keeper.lines_with("order failed"), 0);
}

TEST(a_keeper_that_refuses_the_directory_says_why) {
  World world;
  world.add("a.example");
  world.keeper.before = [](Type type) -> std::optional<ipc::Reply> {
    if (type != Type::directory_read) return std::nullopt;
    return ipc::Reply{false, -9, "not an https URL"};
  };
  world.start();
  world.run_for(5000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "not an https URL");
}

TEST(a_newNonce_without_a_nonce_is_a_failure) {
  World world;
  world.add("a.example");
  world.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.method != HttpRequest::Method::head) return std::nullopt;
    Answer out;
    out.status = 200;
    return out;
  };
  world.start();
  world.run_for(5000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "without a nonce");
}

TEST(nothing_is_sent_before_the_time_that_the_ca_named) {
  World world;
  world.add("a.example");
  world.welcome.issuers.push_back({"ca", "", "", world.env.now() + 600});
  world.start();
  world.run_for(599'000);
  CHECK_EQ(world.ca.log.size(), 0);
  CHECK(world.run_until_issued(1, 10'000));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
