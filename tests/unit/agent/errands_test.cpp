// Errands at a CA: contacts, another account key, the end of an account, revocations; and that
// orders and a change of the account's key keep out of each other's way.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

namespace {

const std::string kAccount = "https://ca.test/account/1";

// A world with an account.
struct Town : World {
  Town() {
    ca.accounts = 1;
    welcome.issuers.push_back({"ca", "", kAccount, 0});
  }
  // Before the agent starts: the configuration asks for it.
  void want(ErrandKind kind, bool begun = false) {
    welcome.errands.push_back({++last, kind, "ca", begun});
  }
  // While it runs: the operator does.
  void ask(ErrandKind kind) { keeper.tell(ipc::Errand{++last, kind, "ca", false}); }
  bool run_until_done(std::size_t count = 1, Millis longest = 60'000) {
    return run_until([&] { return keeper.errands.size() >= count; }, longest);
  }
  std::size_t at(const std::string& line) const {
    auto found = std::find(ca.log.begin(), ca.log.end(), line);
    CHECK(found != ca.log.end());
    return static_cast<std::size_t>(found - ca.log.begin());
  }
  std::uint32_t last = 0;
};

HttpResult refusal(int status, const std::string& type) {
  return answer_of(status, type, "no");
}

}  // namespace

TEST(a_new_contact_is_sent_to_the_accounts_url) {
  Town town;
  town.want(ErrandKind::contact);
  town.start();
  CHECK(town.run_until_done());
  CHECK(town.keeper.errands[0].done);
  CHECK_EQ(town.ca.count("POST /account/1"), 1);
  CHECK_EQ(town.keeper.count(Type::sign_account_update), 1);
}

TEST(a_contact_that_the_ca_refuses_is_the_ca_s_word) {
  Town town;
  town.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/account/1")) return std::nullopt;
    return refusal(400, "invalidContact");
  };
  town.want(ErrandKind::contact);
  town.start();
  CHECK(town.run_until_done());
  CHECK(!town.keeper.errands[0].done && town.keeper.errands[0].refused);
  CHECK_CONTAINS(town.keeper.errands[0].words, "invalidContact: no");
}

TEST(user_action_is_told_with_the_page_to_open) {
  Town town;
  town.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/account/1")) return std::nullopt;
    Answer out = answer_of(403, "userActionRequired", "new terms");
    out.body.pop_back();
    out.body += R"(,"instance":"https://ca.test/agree"})";
    return out;
  };
  town.want(ErrandKind::contact);
  town.start();
  CHECK(town.run_until_done());
  CHECK_CONTAINS(town.keeper.errands[0].words, "open https://ca.test/agree");
}

TEST(a_key_that_the_configuration_changed_is_rolled_over_before_any_order) {
  Town town;
  town.add_many(3);
  town.want(ErrandKind::rollover);
  town.start();
  CHECK(town.run_until_issued(3, 10'000));
  CHECK(town.keeper.errands.at(0).done);
  CHECK(town.at("POST /key-change") < town.at("POST /new-order"));
  CHECK_EQ(town.keeper.count(Type::sign_key_probe), 0);
}

TEST(a_rollover_waits_for_the_orders_under_way_and_holds_up_those_to_come) {
  Town town;
  for (int i = 0; i < 30; ++i) town.add("n" + std::to_string(i) + ".example");
  town.ca.validation = 3000;
  town.start();
  town.run_for(1000);
  const std::size_t before = town.ca.orders.size();
  CHECK_EQ(before, kOrdersInFlight);
  town.ask(ErrandKind::rollover);
  CHECK(town.run_until_done());
  CHECK_EQ(town.ca.orders.size(), before);
  CHECK_EQ(town.ca.issued(), before);
  CHECK(town.run_until_issued(30, 60'000));
  CHECK_EQ(town.keeper.lines_with("order failed"), 0);
}

TEST(a_lost_answer_to_the_key_change_is_looked_up_with_the_new_key) {
  Town town;
  town.ca.after = [once = 0](const HttpRequest& request,
                             const Answer&) mutable -> std::optional<HttpResult> {
    if (!request.url.ends_with("/key-change") || once++ > 0) return std::nullopt;
    return lost();
  };
  town.want(ErrandKind::rollover);
  town.start();
  CHECK(town.run_until_done());
  CHECK(town.keeper.errands[0].done);
  CHECK_EQ(town.ca.count("POST /key-change"), 1);
  CHECK_EQ(town.keeper.count(Type::sign_key_probe), 1);
}

TEST(a_key_change_that_was_lost_on_the_way_is_sent_again) {
  Town town;
  town.ca.before = [once = 0](const HttpRequest& request) mutable -> std::optional<HttpResult> {
    if (!request.url.ends_with("/key-change") || once++ > 0) return std::nullopt;
    return lost();
  };
  town.want(ErrandKind::rollover);
  town.start();
  CHECK(town.run_until_done());
  CHECK(town.keeper.errands[0].done);
  CHECK_EQ(town.ca.count("POST /key-change"), 2);
}

TEST(after_a_crash_both_keys_are_tried_the_new_one_first) {
  Town was_done;
  was_done.ca.key_changed = true;
  was_done.want(ErrandKind::rollover, true);
  was_done.start();
  CHECK(was_done.run_until_done());
  CHECK(was_done.keeper.errands[0].done);
  CHECK_EQ(was_done.ca.count("POST /key-change"), 0);

  Town was_not;
  was_not.want(ErrandKind::rollover, true);
  was_not.start();
  CHECK(was_not.run_until_done());
  CHECK(was_not.keeper.errands[0].done);
  CHECK_EQ(was_not.keeper.count(Type::sign_key_probe), 1);
  CHECK_EQ(was_not.ca.count("POST /key-change"), 1);
}

TEST(a_new_key_that_another_account_has_is_refused_for_good) {
  Town town;
  town.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/key-change")) return std::nullopt;
    Answer out = answer_of(409, "malformed", "key is in use");
    out.url = request.url;
    out.headers.push_back({"Location", "https://ca.test/account/77"});
    return out;
  };
  town.add("a.example");
  town.want(ErrandKind::rollover);
  town.start();
  CHECK(town.run_until_issued(1, 10'000));  // with the old key
  CHECK(town.keeper.errands.at(0).refused);
  CHECK_CONTAINS(town.keeper.errands[0].words, "https://ca.test/account/77");
}

TEST(a_ca_in_trouble_does_not_decide_about_the_key) {
  Town town;
  town.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/key-change")) return std::nullopt;
    return refusal(500, "serverInternal");
  };
  town.want(ErrandKind::rollover);
  town.start();
  CHECK(town.run_until_done(1, 300'000));
  CHECK(!town.keeper.errands[0].done && !town.keeper.errands[0].refused);
}

TEST(after_a_deactivation_the_next_order_has_another_account) {
  Town town;
  ipc::LineageState& state = town.add("a.example");
  state.stored = state.current = true;
  state.not_before = town.env.now() - kDay;
  state.not_after = town.env.now() + 80 * kDay;
  town.start();
  town.ask(ErrandKind::deactivation);
  CHECK(town.run_until_done());
  CHECK(town.keeper.errands[0].done);
  CHECK_EQ(town.ca.accounts, 1);
  town.keeper.tell(ipc::RenewNow{state.lineage});
  CHECK(town.run_until_issued(1, 10'000));
  CHECK_EQ(town.ca.accounts, 2);
}

TEST(a_revocation_is_signed_by_the_account_and_waits_for_no_order) {
  Town town;
  town.add("a.example");
  town.ca.validation = 20'000;
  town.start();
  town.run_for(1000);
  town.ask(ErrandKind::revocation);
  CHECK(town.run_until_done(1, 5000));
  CHECK(town.keeper.errands[0].done);
  CHECK_EQ(town.ca.revocations, 1);
  CHECK_EQ(town.keeper.installed.size(), 0);
}

TEST(what_the_account_may_not_revoke_its_own_key_may) {
  Town town;
  town.ca.is_our_account = false;
  town.start();
  town.ask(ErrandKind::revocation);
  CHECK(town.run_until_done());
  CHECK(town.keeper.errands[0].done);
  CHECK_EQ(town.keeper.count(Type::sign_revocation), 2);
}

TEST(without_an_account_none_is_made_for_a_revocation) {
  Town town;
  town.welcome.issuers[0].account_url.clear();
  town.start();
  town.ask(ErrandKind::revocation);
  CHECK(town.run_until_done());
  CHECK(town.keeper.errands[0].done);
  CHECK_EQ(town.keeper.count(Type::sign_new_account), 0);
}

TEST(what_was_revoked_already_is_revoked) {
  Town town;
  town.ca.revocations = 1;
  town.start();
  town.ask(ErrandKind::revocation);
  CHECK(town.run_until_done());
  CHECK(town.keeper.errands[0].done);
}

TEST(a_revoked_certificate_is_ordered_again_until_there_is_one) {
  Town town;
  ipc::LineageState& state = town.add("a.example");
  state.stored = state.current = true;
  state.not_before = town.env.now() - kDay;
  state.not_after = town.env.now() + 80 * kDay;
  town.start();
  town.run_for(1000);
  CHECK_EQ(town.ca.orders.size(), 0);
  bool broken = true;
  town.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (!broken || !request.url.ends_with("/new-order")) return std::nullopt;
    return refusal(403, "rejectedIdentifier");
  };
  town.keeper.tell(ipc::RenewNow{state.lineage, true});
  town.run_for(30 * kMinute * 1000);
  CHECK(town.keeper.lines_with("order failed") >= 1);
  broken = false;
  CHECK(town.run_until_issued(1, 3 * kHour * 1000));
}

TEST(an_account_of_before_is_looked_for_and_found) {
  World world;
  world.add("a.example");
  world.welcome.issuers.push_back({"ca", "", "", 0, true});
  world.ca.knows_key = true;
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.ca.count("POST /account"), 1);
}

TEST(an_account_that_is_not_found_is_made_once) {
  World world;
  world.add("a.example");
  world.welcome.issuers.push_back({"ca", "", "", 0, true});
  world.start();
  CHECK(world.run_until_issued(1, 5000));
  CHECK_EQ(world.ca.count("POST /account"), 2);
  CHECK_EQ(world.ca.accounts, 1);
}

TEST(a_ca_that_offers_neither_says_so) {
  Town town;
  town.ca.after = [](const HttpRequest& request, const Answer& given) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/directory")) return std::nullopt;
    Answer out = given;
    out.body = out.body.substr(0, out.body.find(",\"keyChange\"")) + "}";
    return out;
  };
  town.want(ErrandKind::rollover);
  town.start();
  CHECK(town.run_until_done());
  town.ask(ErrandKind::revocation);
  CHECK(town.run_until_done(2));
  CHECK_CONTAINS(town.keeper.errands[0].words, "no keyChange");
  CHECK_CONTAINS(town.keeper.errands[1].words, "no revokeCert");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
