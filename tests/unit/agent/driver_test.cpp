// Which certificate is ordered when.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

namespace {

// Stored and current, a third of its 90 days left in `until_due`.
void make_valid(World& world, ipc::LineageState& state, std::int64_t until_due) {
  state.stored = true;
  state.current = true;
  state.issuer = "ca";
  state.not_after = world.env.now() + until_due + 30 * kDay;
  state.not_before = state.not_after - 90 * kDay;
  state.schedule.renew_at = world.env.now() + until_due;
}

// An order that the CA has, as an earlier agent left it.
void leave_order(World& world, ipc::LineageState& state, int id) {
  world.ca.orders[id].name = state.lineage.certificate;
  state.order_issuer = "ca";
  state.order_url = "https://ca.test/order/" + std::to_string(id);
}

std::function<std::optional<HttpResult>(const HttpRequest&)> failing(const std::string& path) {
  return [path](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.find(path) == std::string::npos) return std::nullopt;
    return answer_of(403, "rejectedIdentifier", "policy forbids this name");
  };
}

}  // namespace

TEST(a_valid_certificate_is_left_alone_until_it_is_due) {
  World world;
  make_valid(world, world.add("a.example"), -kHour + 5 * kDay);
  world.start();
  world.run_for((5 * kDay - 2 * kHour) * 1000);
  CHECK_EQ(world.ca.log.size(), 0);
  CHECK(world.run_until_issued(1, 3 * kHour * 1000));
}

TEST(a_renewal_point_that_the_record_lacks_is_chosen_once_and_stored) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  make_valid(world, state, 10 * kDay);
  state.schedule.renew_at = 0;
  world.start();
  world.run_for(1000);
  WallTime chosen = world.keeper.schedules.at("a.example").renew_at;
  CHECK(chosen > world.env.now() + 6 * kDay);
  CHECK(chosen <= world.env.now() + 10 * kDay);
}

TEST(a_clock_that_is_set_forward_is_noticed_within_a_minute) {
  World world;
  make_valid(world, world.add("a.example"), 10 * kDay);
  world.start();
  world.run_for(10'000);
  world.env.wall_offset += 11 * kDay;
  CHECK(world.run_until_issued(1, 62'000));
}

TEST(a_clock_that_is_set_back_delays_nothing_for_ever) {
  World world;
  world.ca.before = failing("/new-order");
  world.add("a.example");
  world.start();
  world.run_for(5000);
  world.env.wall_offset -= 300 * kDay;
  world.ca.before = nullptr;
  CHECK(world.run_until_issued(1, 3 * kHour * 1000));
}

TEST(failures_back_off_and_are_told_once_and_then_daily) {
  World world;
  make_valid(world, world.add("a.example"), -kDay);
  world.ca.before = failing("/new-order");
  world.start();
  world.run_for(50 * kHour * 1000);
  // 1, 10, 100 minutes, then daily.
  CHECK(world.ca.count("POST /new-order") >= 5);
  CHECK(world.ca.count("POST /new-order") <= 6);
  CHECK(world.keeper.lines_with("order failed") <= 3);
  CHECK_CONTAINS(world.keeper.line_with("order failed"),
                 "3 a.example: order failed: rejectedIdentifier: policy forbids this name; "
                 "next try in ");
  CHECK_CONTAINS(world.keeper.line_with(" times since "), "order failed");
  CHECK_EQ(world.keeper.schedules.at("a.example").last_error,
           "rejectedIdentifier: policy forbids this name");
}

TEST(a_failure_of_before_the_restart_is_kept_to) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  state.schedule.failures = 2;
  state.schedule.last_error_at = world.env.now() - 60;
  state.schedule.next_try = world.env.now() + 9 * kMinute;
  world.start();
  world.run_for(8 * kMinute * 1000);
  CHECK_EQ(world.ca.log.size(), 0);
  CHECK(world.run_until_issued(1, 2 * kMinute * 1000));
}

TEST(a_changed_configuration_does_not_wait_for_the_old_failures) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  state.schedule.failures = 2;
  state.schedule.last_error_at = world.env.now() - 60;
  state.schedule.next_try = world.env.now() + 9 * kMinute;
  state.configuration = "another digest";
  world.start();
  CHECK(world.run_until_issued(1, 5000));
}

TEST(acmectl_renew_renews_now) {
  World world;
  make_valid(world, world.add("a.example"), 20 * kDay);
  make_valid(world, world.add("b.example"), 20 * kDay);
  world.start();
  world.run_for(5000);
  world.keeper.tell(ipc::RenewNow{{"b.example", KeyType::ecdsa256}});
  CHECK(world.run_until_issued(1, 3000));
  CHECK_EQ(world.keeper.installed[0], "b.example");
  world.run_for(kHour * 1000);
  CHECK_EQ(world.keeper.installed.size(), 1);
  CHECK(!world.keeper.schedules.at("b.example").renewal_requested);
}

TEST(acmectl_renew_does_not_pass_over_the_cas_own_word) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  make_valid(world, state, 20 * kDay);
  state.schedule.retry_after = world.env.now() + 600;
  state.schedule.last_error_at = world.env.now();
  world.start();
  world.keeper.tell(ipc::RenewNow{state.lineage});
  world.run_for(590'000);
  CHECK_EQ(world.ca.log.size(), 0);
  CHECK(world.run_until_issued(1, 90'000));
}

TEST(a_renewal_that_is_asked_for_an_unknown_certificate_is_ignored) {
  World world;
  world.start();
  world.keeper.tell(ipc::RenewNow{{"nobody.example", KeyType::ecdsa256}});
  world.run_for(1000);
  CHECK_EQ(world.ca.log.size(), 0);
}

TEST(a_journalled_order_is_taken_up_by_its_url) {
  World world;
  world.welcome.issuers.push_back({"ca", "", "https://ca.test/account/7", 0});
  leave_order(world, world.add("a.example"), 1);
  world.start();
  CHECK(world.run_until_issued(1, 3000));
  CHECK_EQ(world.ca.count("POST /new-order"), 0);
  CHECK_EQ(world.ca.orders.size(), 1);
}

TEST(a_journalled_order_that_is_gone_is_given_up_and_made_anew_at_once) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  state.order_issuer = "ca";
  state.order_url = "https://ca.test/order/99";
  world.start();
  CHECK(world.run_until_issued(1, 3000));
  CHECK_EQ(world.keeper.given_up, std::vector<std::string>{"a.example"});
  CHECK_EQ(world.keeper.lines_with("order failed"), 0);
  CHECK_EQ(world.keeper.schedules.at("a.example").failures, 0);
}

TEST(a_journalled_order_of_a_ca_that_is_not_configured_is_given_up) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  leave_order(world, state, 1);
  state.order_issuer = "staging";
  world.start();
  CHECK(world.run_until_issued(1, 3000));
  CHECK_EQ(world.keeper.given_up.size(), 1);
  CHECK_EQ(world.ca.orders.size(), 2);
}

TEST(an_order_is_kept_over_trouble_of_the_ca_and_taken_up_again) {
  World world;
  world.add("a.example");
  bool trouble = true;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!trouble || !request.url.ends_with("/finalize/1")) return std::nullopt;
    return answer_of(503, "serverInternal", "maintenance", {{"Retry-After", "300"}});
  };
  world.start();
  world.run_for(20'000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "maintenance");
  CHECK_EQ(world.keeper.given_up.size(), 0);
  trouble = false;
  CHECK(world.run_until_issued(1, 400'000));
  CHECK_EQ(world.ca.orders.size(), 1);
}

TEST(a_renewal_by_hand_that_fails_leaves_the_planned_one) {
  World world;
  world.config.hooks.notify = {{"a", {"/bin/a"}, "", kAllEvents}};
  std::vector<ipc::Happened> told;
  world.keeper.before_with = [&](ipc::Type type, std::string_view bytes) {
    if (type == ipc::Type::happened) told.push_back(REQUIRE_OK(decode<ipc::Happened>(bytes)));
    return std::optional<ipc::Reply>();
  };
  make_valid(world, world.add("a.example"), 20 * kDay);
  world.ca.before = failing("/new-order");
  world.start();
  world.run_for(5000);
  world.keeper.tell(ipc::RenewNow{{"a.example", KeyType::ecdsa256}});
  world.run_for(5000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"),
                 "this name; the one in use is valid until " + format_rfc3339(kStart + 50 * kDay) +
                     " and renewed as planned, in 19 d");
  CHECK_EQ(told.size(), 1);
  CHECK_EQ(told[0].next_try, 0);
}

TEST(a_renewal_by_hand_whose_order_is_kept_is_gone_on_with_by_the_back_off) {
  World world;
  ipc::LineageState& state = world.add("a.example");
  state.stored = state.current = true;
  state.not_before = kStart - kDay;
  state.not_after = kStart + 89 * kDay;
  state.schedule.renewal_requested = true;
  bool refused = false;
  world.keeper.before = [&](Type type) -> std::optional<ipc::Reply> {
    if (type != Type::install_chain || refused) return std::nullopt;
    refused = true;
    return ipc::Reply{false, -9, "the certificate is for another key"};
  };
  world.start();
  world.run_for(5000);
  CHECK_CONTAINS(world.keeper.line_with("order failed"), "next try in 5");
  CHECK(world.run_until([&] { return world.keeper.installed.size() >= 2; }, 100'000));
  CHECK_EQ(world.ca.orders.size(), 1);
}

TEST(an_order_that_waits_long_gives_its_place_to_others) {
  World world;
  world.add_many(40);
  Millis parked_at = 0;
  std::size_t asked = 0;
  world.ca.after = [&](const HttpRequest& request,
                       const Answer& answer) -> std::optional<HttpResult> {
    int id = std::stoi("0" + request.url.substr(request.url.rfind('/') + 1 +
                                                (request.url.ends_with("r") ? 9 : 0)));
    if (request.url.find("/finalize/") == std::string::npos || id > 16) return std::nullopt;
    // The first sixteen are looked into by hand, for hours.
    ++asked;
    parked_at = world.env.boot;
    Answer out = answer;
    std::size_t at = out.body.find("\"valid\"");
    out.body.replace(at, 7, "\"processing\"");
    out.headers.push_back({"Retry-After", "7200"});
    return out;
  };
  world.start();
  CHECK(world.run_until_issued(24, 10'000));
  CHECK_EQ(asked, 16);
  CHECK_CONTAINS(world.keeper.stages["n0.example"].back(), "waiting for the CA until 20");
  std::size_t before = world.ca.log.size();
  world.run_for(7'190'000 - (world.env.boot - parked_at));
  CHECK_EQ(world.ca.log.size(), before);
  CHECK(world.run_until_issued(40, 60'000));
  CHECK_EQ(world.ca.orders.size(), 40);
}

TEST(who_has_no_certificate_comes_before_renewals) {
  World world;
  for (int i = 0; i < 20; ++i) {
    std::string name = "old" + std::to_string(i) + ".example";
    make_valid(world, world.add(name), -kHour * (i + 1));
  }
  world.add("zz-new.example");
  world.start();
  CHECK(world.run_until([&] { return !world.ca.orders.empty(); }, 3000));
  CHECK_EQ(world.ca.orders[1].name, "zz-new.example");
  CHECK_EQ(world.ca.orders[2].name.substr(0, 3), "old");
}

TEST(one_certificate_that_fails_for_ever_costs_the_others_nothing) {
  World world;
  world.add_many(30);
  world.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.body.find("n4.example") == std::string::npos) return std::nullopt;
    return answer_of(403, "rejectedIdentifier", "never");
  };
  world.start();
  CHECK(world.run_until_issued(29, 3000));
  world.run_for(10'000);
  CHECK_EQ(world.keeper.installed.size(), 29);
}

TEST(a_schedule_that_cannot_be_saved_is_told_once) {
  World world;
  world.add_many(1);
  world.ca.before = failing("/new-order");
  world.keeper.before = [](Type type) -> std::optional<ipc::Reply> {
    if (type != Type::save_schedule) return std::nullopt;
    return ipc::Reply{false, -4, "write: Read-only file system"};
  };
  world.start();
  world.run_for(20 * kMinute * 1000);
  CHECK(world.keeper.count(Type::save_schedule) >= 2);
  CHECK_EQ(world.keeper.lines_with("cannot be saved"), 1);
}

TEST(both_keys_of_a_certificate_are_ordered_and_named) {
  World world;
  ipc::LineageState second = world.add("a.example");
  world.config.certificates[0].keys = {KeyType::ecdsa256, KeyType::rsa2048};
  second.lineage.key = KeyType::rsa2048;
  world.welcome.lineages.push_back(second);
  world.start();
  CHECK(world.run_until_issued(2, 3000));
  world.run_for(100);
  CHECK_EQ(world.keeper.lines_with("a.example (ecdsa:256): certificate obtained"), 1);
  CHECK_EQ(world.keeper.lines_with("a.example (rsa:2048): certificate obtained"), 1);
}

// ---- types of challenges, and names that several orders have

namespace {

void offer_both(World& world) {
  world.ca.offers = {"http-01", "tls-alpn-01"};
}
// Another lineage with the names of the certificate that was added last.
void add_twin(World& world, ipc::LineageState state) {
  world.config.certificates.back().keys.push_back(KeyType::rsa2048);
  state.lineage.key = KeyType::rsa2048;
  world.welcome.lineages.push_back(state);
}

}  // namespace

TEST(another_type_is_tried_at_once_in_a_new_order) {
  World world;
  offer_both(world);
  world.ca.unanswered = {"http-01"};
  world.add("a.example");
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  world.run_for(100);
  CHECK_EQ(world.ca.orders.size(), 2);
  CHECK_EQ(world.keeper.given_up, std::vector<std::string>{"a.example"});
  CHECK_CONTAINS(world.keeper.line_with("another type"),
                 "4 a.example: order failed: a.example: http-01: connection: refused; tried with "
                 "another type of challenge now");
  const ScheduleRecord& schedule = world.keeper.schedules.at("a.example");
  CHECK_EQ(schedule.failed_challenges.size(), 1);
  CHECK_EQ(schedule.failed_validations.size(), 1);
  CHECK_EQ(schedule.failures, 0);
}

TEST(a_renewal_begins_with_the_type_that_was_not_the_one_to_fail) {
  World world;
  offer_both(world);
  world.ca.unanswered = {"http-01"};
  ipc::LineageState& state = world.add("a.example");
  state.schedule.failed_challenges = {
      {"a.example", ChallengeType::http01, world.env.now() - 29 * kDay}};
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.ca.orders.size(), 1);
}

TEST(what_failed_over_thirty_days_ago_is_tried_again) {
  World world;
  offer_both(world);
  ipc::LineageState& state = world.add("a.example");
  state.schedule.failed_challenges = {
      {"a.example", ChallengeType::http01, world.env.now() - 31 * kDay}};
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.ca.orders.at(1).type, "http-01");
}

TEST(a_name_that_cannot_be_proven_costs_no_more_than_five_validations_an_hour) {
  World world;
  offer_both(world);
  world.ca.unanswered = {"http-01", "tls-alpn-01"};
  add_twin(world, world.add("a.example"));
  world.start();
  std::vector<Millis> failures;
  std::size_t seen = 0;
  world.run_until(
      [&] {
        std::size_t failed = 0;
        for (const auto& [id, order] : world.ca.orders)
          failed += order.challenge == "invalid" ? 1U : 0U;
        for (; seen < failed; ++seen) failures.push_back(world.env.boot);
        return false;
      },
      12 * kHour * 1000);
  CHECK(failures.size() >= 10);
  // What the record notes as one second may be a second less.
  for (std::size_t i = 5; i < failures.size(); ++i)
    CHECK(failures[i] - failures[i - 5] >= (kHour - 1) * 1000);
}

TEST(one_key_learns_from_the_other_which_type_fails) {
  World world;
  offer_both(world);
  world.ca.unanswered = {"http-01"};
  add_twin(world, world.add("a.example"));
  world.start();
  CHECK(world.run_until_issued(2, 5000));
  CHECK_EQ(world.ca.orders.size(), 3);
}

TEST(orders_of_one_name_come_one_after_the_other_and_hold_up_no_others) {
  World world;
  add_twin(world, world.add("a.example"));
  world.add_many(5);
  std::size_t at_once = 0;
  world.ca.after = [&](const HttpRequest&, const Answer&) -> std::optional<HttpResult> {
    std::size_t open = 0;
    for (const auto& [id, order] : world.ca.orders)
      open += order.name == "a.example" && order.status != "valid" ? 1U : 0U;
    at_once = std::max(at_once, open);
    return std::nullopt;
  };
  world.start();
  CHECK(world.run_until_issued(7, 5000));
  CHECK_EQ(at_once, 1);
  CHECK_EQ(world.ca.orders.size(), 7);
}

TEST(a_lineage_that_is_not_configured_is_ignored) {
  World world;
  world.add("a.example");
  world.config.certificates.clear();
  world.start();
  world.run_for(1000);
  CHECK_EQ(world.ca.log.size(), 0);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
