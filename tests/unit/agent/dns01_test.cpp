// Orders that are proven in DNS: records come before the CA is asked and go afterwards, whatever
// happens in between.
#include "unit/agent/dns_world.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr Millis kSecond = 1000;

// ---- the way it mostly goes

TEST(all_records_are_set_then_seen_then_the_ca_is_asked_and_then_they_go) {
  DnsWorld dns;
  dns.add("*.example.com", {"base", "wild"});
  std::size_t at_challenge = 0;
  dns.world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.find("/dns-01/") != std::string::npos) at_challenge = dns.zone.size();
    return std::nullopt;
  };
  dns.start();
  CHECK(dns.world.run_until_issued(1, 60 * kSecond));
  CHECK_EQ(at_challenge, 2);
  CHECK(dns.world.run_until([&] { return dns.is_clean(); }, 10 * kSecond));
  dns.world.run_for(kSecond);
  const std::string name = "_acme-challenge.example.com";
  CHECK(dns.index_of("journal has " + name + " wild") <
        dns.index_of("model sets " + name + " base"));
  CHECK(dns.index_of("model sets " + name + " wild") < dns.index_of("awaits 2"));
  CHECK_EQ(dns.count("journal knows"), 2);
  CHECK(dns.index_of("model removes " + name + " base id-base") <
        dns.index_of("journal forgets base"));
  CHECK_EQ(dns.count("journal forgets"), 2);
  const auto& stages = dns.world.keeper.stages["*.example.com"];
  for (const char* stage : {"looking for the zones of its names", "setting TXT records",
                            "waiting for DNS to show the TXT records", "validating"})
    CHECK(std::find(stages.begin(), stages.end(), stage) != stages.end());
}

TEST(an_order_that_is_proven_otherwise_touches_no_dns) {
  DnsWorld dns;
  dns.world.add("www.example.com");
  dns.start();
  CHECK(dns.world.run_until_issued(1, 60 * kSecond));
  CHECK(dns.calls.empty());
}

TEST(of_the_providers_the_longest_zone_wins) {
  IssuerConfig issuer;
  issuer.dns = {{"any", {}, ""}, {"long", {}, "a.example.com"}, {"short", {}, "example.com"}};
  CHECK_EQ(*agent::provider_for(issuer, "_acme-challenge.x.a.example.com"), 1);
  CHECK_EQ(*agent::provider_for(issuer, "_acme-challenge.a.example.com"), 1);
  CHECK_EQ(*agent::provider_for(issuer, "_acme-challenge.example.com"), 2);
  CHECK_EQ(*agent::provider_for(issuer, "_acme-challenge.notexample.com"), 0);
  issuer.dns.erase(issuer.dns.begin());
  CHECK(!agent::provider_for(issuer, "_acme-challenge.example.org"));
}

TEST(an_alias_leads_to_another_zone_and_its_provider) {
  DnsWorld dns;
  dns.world.config.issuers[0].dns = {{"model", {}, "example.com"}, {"other", {}, "example.net"}};
  dns.aliases["_acme-challenge.example.com"] = "x.acme.example.net";
  dns.add("*.example.com");
  dns.start();
  CHECK(dns.world.run_until_issued(1, 60 * kSecond));
  CHECK_EQ(dns.count("other sets x.acme.example.net value"), 1);
}

TEST(with_an_alias_zone_the_records_go_there_and_a_missing_alias_is_told) {
  for (bool delegated : {true, false}) {
    DnsWorld dns;
    dns.world.config.issuers[0].dns_alias = "acme.example.net";
    const std::string target = "_acme-challenge.example.com.acme.example.net";
    if (delegated) dns.aliases["_acme-challenge.example.com"] = target;
    dns.add("*.example.com");
    dns.start();
    CHECK(dns.world.run_until_issued(1, 60 * kSecond));
    CHECK_EQ(dns.count("model sets " + target + " value"), 1);
    CHECK_EQ(dns.world.keeper.lines_with("is no alias of " + target), delegated ? 0 : 1);
  }
}

// ---- what goes wrong before the CA is asked

TEST(what_name_servers_do_not_show_fails_the_order_without_a_validation) {
  DnsWorld dns;
  dns.complete = false;
  dns.missing = {"ns2.example.com (192.0.2.2:53) does not show _acme-challenge.example.com yet"};
  dns.add("*.example.com");
  dns.start();
  CHECK(dns.world.run_until([&] { return dns.world.keeper.lines_with("order failed") == 1; },
                            20 * 60 * kSecond));
  CHECK_CONTAINS(dns.world.keeper.line_with("order failed"),
                 "the TXT records do not show: ns2.example.com (192.0.2.2:53)");
  CHECK_EQ(dns.world.ca.count("POST /dns-01/"), 0);
  const auto& stages = dns.world.keeper.stages["*.example.com"];
  CHECK(std::find(stages.begin(), stages.end(), "waiting for DNS: " + dns.missing[0]) !=
        stages.end());
  CHECK(dns.world.run_until([&] { return dns.is_clean(); }, 10 * kSecond));

  // A minute later, with the order that is there.
  dns.complete = true;
  dns.missing.clear();
  CHECK(dns.world.run_until_issued(1, 120 * kSecond));
  CHECK_EQ(dns.world.ca.orders.size(), 1);
  CHECK(dns.world.keeper.given_up.empty());
  CHECK(dns.world.keeper.schedules["*.example.com"].failed_validations.empty());
}

TEST(a_server_that_is_dead_is_told_of_and_no_hindrance) {
  DnsWorld dns;
  dns.missing = {"ns2.example.com (192.0.2.2:53) does not answer"};
  dns.add("*.example.com");
  dns.start();
  CHECK(dns.world.run_until_issued(1, 60 * kSecond));
  CHECK_EQ(dns.world.keeper.lines_with("but ns2.example.com (192.0.2.2:53) does not answer"), 1);
}

TEST(what_a_provider_says_is_told_and_the_order_is_kept) {
  DnsWorld dns;
  dns.set_error = "the token may not edit example.com";
  dns.add("*.example.com", {"base", "wild"});
  dns.start();
  CHECK(dns.world.run_until([&] { return dns.world.keeper.lines_with("order failed") == 1; },
                            60 * kSecond));
  CHECK_CONTAINS(dns.world.keeper.line_with("order failed"),
                 "_acme-challenge.example.com: model: the token may not edit example.com (the CA "
                 "was not asked); next try in");
  // It may have been set all the same.
  CHECK(dns.world.run_until([&] { return dns.is_clean(); }, 10 * kSecond));
  CHECK_EQ(dns.count("removes"), 2);
  dns.set_error.clear();
  CHECK(dns.world.run_until_issued(1, 120 * kSecond));
  CHECK_EQ(dns.world.ca.orders.size(), 1);
}

TEST(a_name_without_a_zone_or_a_provider_is_told) {
  DnsWorld lost;
  lost.lost.insert("_acme-challenge.example.com");
  lost.add("*.example.com");
  lost.start();
  lost.world.run_for(30 * kSecond);
  CHECK_EQ(lost.world.keeper.lines_with("_acme-challenge.example.com does not exist in DNS"), 1);
  CHECK(lost.calls.empty());

  DnsWorld foreign;
  foreign.world.config.issuers[0].dns[0].zone = "example.org";
  foreign.add("*.example.com");
  foreign.start();
  foreign.world.run_for(30 * kSecond);
  CHECK_EQ(foreign.world.keeper.lines_with(
               "no DNS provider of ca is for _acme-challenge.example.com in the zone example.com: "
               "there is one for example.org"),
           1);
}

TEST(settings_that_cannot_be_read_are_told) {
  DnsWorld dns;
  dns.settings_error["ca"] = "model: token: cannot open /etc/token: No such file or directory";
  dns.add("*.example.com");
  dns.start();
  dns.world.run_for(30 * kSecond);
  CHECK_EQ(dns.world.keeper.lines_with("cannot open /etc/token"), 1);
  CHECK(dns.calls.empty());
}

TEST(what_cannot_be_journalled_is_not_set) {
  DnsWorld dns;
  dns.journal_error = "cannot write dns_records.json: No space left on device";
  dns.add("*.example.com");
  dns.start();
  CHECK(dns.world.run_until([&] { return dns.world.keeper.lines_with("order failed") == 1; },
                            60 * kSecond));
  CHECK_CONTAINS(dns.world.keeper.line_with("order failed"), "No space left on device");
  CHECK(dns.is_clean());
  CHECK_EQ(dns.count("model"), 0);
  dns.journal_error.clear();
  CHECK(dns.world.run_until_issued(1, 120 * kSecond));
}

TEST(more_values_than_a_provider_holds_are_refused_in_words) {
  DnsWorld dns;
  dns.values_at_a_time = 1;
  dns.add("*.example.com", {"base", "wild"});
  dns.start();
  dns.world.run_for(30 * kSecond);
  CHECK_EQ(dns.world.keeper.lines_with("put the name and its wildcard into two certificates"), 1);
  CHECK(dns.zone.empty());
}

TEST(a_persistent_record_is_looked_for_before_the_ca_is_asked) {
  DnsWorld dns;
  const std::string name = "_validation-persist.example.com";
  const std::string record = "ca.example; accounturi=https://ca.test/account/1; policy=wildcard";
  dns.world.config.issuers[0].challenges = {ChallengeType::dnspersist01};
  dns.world.ca.offers = {"dns-persist-01"};
  dns.add("*.example.com");
  dns.wanted["*.example.com"] = {{"example.com", name, record, true}};
  dns.zone.insert({name, "ca.example; accounturi=https://ca.test/account/1"});
  dns.start();
  CHECK(dns.world.run_until([&] { return dns.world.keeper.lines_with("order failed") == 1; },
                            60 * kSecond));
  CHECK_CONTAINS(dns.world.keeper.line_with("order failed"),
                 "there is no TXT record " + name + " \"" + record + "\": make it");
  CHECK_EQ(dns.world.ca.count("POST /dns-persist-01/"), 0);
  dns.zone.insert({name,
                   "ca2.example ;policy=wildcard; accounturi=https://ca.test/account/1; "
                   "persistUntil=1900000000"});
  CHECK(dns.world.run_until_issued(1, 120 * kSecond));
  CHECK_EQ(dns.world.ca.orders.size(), 1);
  CHECK_EQ(dns.zone.size(), 2);
  CHECK_EQ(dns.count("removes"), 0);
}

TEST(where_no_name_server_answers_the_ca_decides_about_a_persistent_record) {
  DnsWorld dns;
  dns.world.config.issuers[0].challenges = {ChallengeType::dnspersist01};
  dns.world.ca.offers = {"dns-persist-01"};
  dns.add("*.example.com");
  dns.wanted["*.example.com"] = {{"example.com", "_validation-persist.example.com", "x", true}};
  dns.lost.insert("_validation-persist.example.com");
  dns.start();
  CHECK(dns.world.run_until_issued(1, 60 * kSecond));
}

// ---- going

TEST(what_cannot_be_removed_is_told_once_and_tried_until_it_is) {
  DnsWorld dns;
  dns.remove_error = "503 Service Unavailable";
  dns.add("*.example.com");
  dns.start();
  CHECK(dns.world.run_until_issued(1, 60 * kSecond));
  dns.world.run_for(9 * kSecond);
  CHECK_EQ(dns.count("removes"), 1);
  CHECK_EQ(dns.world.keeper.lines_with("cannot be removed: 503 Service Unavailable; tried again"),
           1);
  dns.world.run_for(3600 * kSecond);
  CHECK_EQ(dns.count("removes"), 5);
  CHECK_EQ(dns.world.keeper.lines_with("cannot be removed"), 2);
  dns.remove_error.clear();
  CHECK(dns.world.run_until([&] { return dns.is_clean(); }, 3700 * kSecond));
  dns.world.run_for(kSecond);
  CHECK_EQ(dns.world.keeper.lines_with("is removed"), 1);
}

TEST(after_a_week_it_is_left_to_the_operator) {
  DnsWorld dns;
  dns.remove_error = "403 Forbidden";
  dns.add("*.example.com");
  dns.start();
  CHECK(dns.world.run_until_issued(1, 60 * kSecond));
  dns.world.run_for(8 * 24 * 3600 * kSecond);
  CHECK_EQ(dns.world.keeper.lines_with("403 Forbidden; delete it by hand"), 1);
  CHECK_EQ(dns.count("journal forgets"), 1);
}

// ---- after a crash

DnsRecord left(const Lineage& lineage, const std::string& value) {
  return {lineage, "ca",          "model",       "_acme-challenge.example.com",
          value,   "example.com", "example.com", "id-" + value,
          kStart};
}

TEST(what_another_agent_left_is_removed_at_the_start) {
  DnsWorld dns;
  dns.zone.insert({"_acme-challenge.example.com", "old"});
  dns.world.welcome.dns_records = {left({"gone", KeyType::ecdsa256}, "old")};
  dns.start();
  CHECK(dns.world.run_until([&] { return dns.is_clean(); }, 10 * kSecond));
  dns.world.run_for(kSecond);
  CHECK_EQ(dns.count("model removes _acme-challenge.example.com old id-old"), 1);
  CHECK_EQ(dns.count("journal forgets old"), 1);
}

TEST(an_order_that_goes_on_takes_its_records_up) {
  DnsWorld dns;
  ipc::LineageState& state = dns.add("*.example.com", {"value"});
  const Lineage lineage = state.lineage;
  dns.start();
  CHECK(dns.world.run_until([&] { return dns.count("awaits") == 1; }, 60 * kSecond));

  // The next agent, with the same CA: the record stands as it is until the order is done.
  DnsWorld next;
  next.add("*.example.com", {"value"});
  next.world.ca.orders = dns.world.ca.orders;
  next.world.welcome.lineages[0].order_issuer = "ca";
  next.world.welcome.lineages[0].order_url = "https://ca.test/order/1";
  next.zone.insert({"_acme-challenge.example.com", "value"});
  next.world.welcome.dns_records = {left(lineage, "value")};
  next.world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.find("/dns-01/") != std::string::npos) CHECK_EQ(next.count("removes"), 0);
    return std::nullopt;
  };
  next.start();
  CHECK(next.world.run_until_issued(1, 60 * kSecond));
  CHECK(next.world.run_until([&] { return next.is_clean(); }, 10 * kSecond));
  CHECK_EQ(next.count("removes"), 1);
}

TEST(what_no_provider_is_for_any_more_is_left_to_the_operator) {
  DnsWorld dns;
  dns.world.config.issuers[0].dns.clear();
  dns.world.welcome.dns_records = {left({"gone", KeyType::ecdsa256}, "old")};
  dns.start();
  dns.world.run_for(kSecond);
  CHECK_EQ(dns.world.keeper.lines_with("no DNS provider is configured for it any more; delete it "
                                       "by hand"),
           1);
  CHECK_EQ(dns.count("journal forgets old"), 1);
}

TEST(another_provider_than_the_one_that_set_it_gets_no_id_of_its) {
  DnsWorld dns;
  dns.world.config.issuers[0].dns = {{"other", {}, ""}};
  dns.world.welcome.dns_records = {left({"gone", KeyType::ecdsa256}, "old")};
  dns.start();
  CHECK(dns.world.run_until([&] { return dns.is_clean(); }, 10 * kSecond));
  CHECK_EQ(dns.calls.front(), "other removes _acme-challenge.example.com old ");
}

// ---- one name, several orders

struct Shared : DnsWorld {
  const Lineage ecdsa{"site", KeyType::ecdsa256};
  const Lineage rsa{"site", KeyType::rsa2048};
  agent::DnsRecords& book() {
    if (!records) records = std::make_unique<agent::DnsRecords>(world.services, made, world.config);
    return *records;
  }
  void set(const Lineage& owner, std::vector<std::string> values) {
    book().open_provider("ca", 0, [=, this](Result<agent::DnsRecords::SharedProvider> provider) {
      std::vector<agent::DnsRecords::Wanted> wanted;
      for (const std::string& value : values) wanted.push_back({left(owner, value), *provider});
      book().set(owner, wanted, [=, this](const Outcome& outcome) {
        CHECK(outcome);
        done.push_back(owner);
      });
    });
  }
  bool are_set(std::size_t orders) {
    return world.run_until([&] { return done.size() == orders; }, 10 * kSecond);
  }
  bool are_gone() {
    return world.run_until([&] { return book().size() == 0; }, 10 * kSecond);
  }
  std::vector<Lineage> done;
  agent::DnsTools made = tools();
  std::unique_ptr<agent::DnsRecords> records;
};

TEST(a_record_that_two_orders_want_is_set_once_and_goes_with_the_second) {
  Shared dns;
  dns.set(dns.ecdsa, {"same", "one"});
  dns.set(dns.rsa, {"same", "two"});
  CHECK(dns.are_set(2));
  CHECK_EQ(dns.count("sets _acme-challenge.example.com same"), 1);
  dns.book().release(dns.ecdsa);
  dns.world.run_for(kSecond);
  CHECK_EQ(dns.zone.size(), 2);
  CHECK(!dns.zone.contains({"_acme-challenge.example.com", "one"}));
  dns.book().release(dns.rsa);
  CHECK(dns.are_gone());
  CHECK(dns.zone.empty());
}

TEST(a_record_that_is_being_removed_is_set_again_afterwards) {
  Shared dns;
  dns.set(dns.ecdsa, {"same"});
  CHECK(dns.are_set(1));
  dns.book().release(dns.ecdsa);
  dns.set(dns.rsa, {"same"});
  CHECK(dns.are_set(2));
  CHECK_EQ(dns.zone.size(), 1);
  CHECK_EQ(dns.count("sets"), 2);
}

TEST(an_order_waits_for_room_at_a_provider_that_holds_few_values) {
  Shared dns;
  dns.values_at_a_time = 2;
  dns.set(dns.ecdsa, {"a", "b"});
  dns.set(dns.rsa, {"c", "d"});
  CHECK(dns.are_set(1));
  dns.world.run_for(5 * kSecond);
  CHECK_EQ(dns.zone.size(), 2);
  CHECK_EQ(dns.done.size(), 1);
  dns.book().release(dns.ecdsa);
  CHECK(dns.are_set(2));
  CHECK(dns.zone.contains({"_acme-challenge.example.com", "d"}));
}

TEST(an_order_that_ends_while_its_records_are_being_set_leaves_none) {
  for (Millis after : {0, 1, 10, 30}) {
    Shared dns;
    dns.set(dns.ecdsa, {"a", "b", "c", "d", "e", "f"});
    dns.world.run_for(after);
    dns.book().release(dns.ecdsa);
    dns.world.run_for(kSecond);
    // Where it was not even begun, it begins when the provider is there.
    dns.book().release(dns.ecdsa);
    CHECK(dns.are_gone());
    CHECK(dns.zone.empty());
  }
}

TEST(programs_are_called_one_after_the_other) {
  for (const char* provider : {"exec", "model"}) {
    Shared dns;
    dns.world.config.issuers[0].dns = {{provider, {}, ""}};
    std::vector<agent::DnsRecords::Wanted> wanted;
    dns.book().open_provider("ca", 0, [&](Result<agent::DnsRecords::SharedProvider> opened) {
      for (int i = 0; i < 8; ++i) {
        wanted.push_back({left(dns.ecdsa, std::to_string(i)), *opened});
        wanted.back().record.provider = provider;
      }
      dns.book().set(dns.ecdsa, wanted, [&](const Outcome&) { dns.done.push_back(dns.ecdsa); });
    });
    dns.world.run_for(10);
    CHECK_EQ(dns.count("sets"), std::string_view(provider) == "exec" ? 1 : 4);
    CHECK(dns.are_set(1));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
