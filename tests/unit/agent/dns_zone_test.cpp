// Where a TXT record has to stand, and whether the zone's servers show it.
#include "agent/dns/propagation.h"
#include "agent/dns/zone.h"
#include "unit/agent/dns_server.h"

using namespace acme;
using namespace acme::test;
using namespace acme::agent::dns;

namespace {

constexpr const char* kSoa = " 60 IN SOA ns1.example.com. root.example.com. 7 3600 600 86400 300";

struct Bench : DnsLoop {
  DnsServer recursive;
  Resolver resolver{client, {recursive.endpoint}};
  std::optional<Result<ZonePlace>> found;

  Bench() {
    servers = {&recursive};
    recursive.lines = {std::string("example.com.") + kSoa, "example.com. 60 IN NS ns1.example.com.",
                       "ns1.example.com. 60 IN A 127.0.0.1"};
  }
  void find(const std::string& name) {
    locate(resolver, name, 5353, [this](Result<ZonePlace> place) { found = std::move(place); });
    CHECK(!found);
    run();
  }
};

}  // namespace

TEST(a_zone_is_found_by_its_soa_with_its_servers) {
  Bench bench;
  bench.find("_acme-challenge.www.Example.com");
  ZonePlace place = REQUIRE_OK(*bench.found);
  CHECK_EQ(place.name, "_acme-challenge.www.example.com");
  CHECK_EQ(place.zone, "example.com");
  CHECK_EQ(place.servers.at(0).name, "ns1.example.com");
  CHECK_EQ(place.servers.at(0).endpoints, std::vector<std::string>{"127.0.0.1:5353"});
}

TEST(a_zone_of_its_own_below_is_the_one) {
  Bench bench;
  bench.recursive.lines.push_back(std::string("www.example.com.") + kSoa);
  bench.recursive.lines.push_back("www.example.com. 60 IN NS ns1.example.com.");
  bench.find("_acme-challenge.www.example.com");
  CHECK_EQ(REQUIRE_OK(*bench.found).zone, "www.example.com");
}

TEST(aliases_are_followed_into_another_zone) {
  Bench bench;
  auto& lines = bench.recursive.lines;
  lines.push_back("_acme-challenge.example.com. 60 IN CNAME a.acme.example.net.");
  lines.push_back("a.acme.example.net. 60 IN CNAME b.acme.example.net.");
  lines.push_back(std::string("acme.example.net.") + kSoa);
  lines.push_back("acme.example.net. 60 IN NS ns1.example.com.");
  bench.find("_acme-challenge.example.com");
  ZonePlace place = REQUIRE_OK(*bench.found);
  CHECK_EQ(place.name, "b.acme.example.net");
  CHECK_EQ(place.zone, "acme.example.net");
  CHECK_EQ(place.aliases,
           (std::vector<std::string>{"_acme-challenge.example.com", "a.acme.example.net"}));
}

TEST(a_circle_of_aliases_is_told) {
  Bench bench;
  bench.recursive.lines.push_back("a.example.com. 60 IN CNAME b.example.com.");
  bench.recursive.lines.push_back("b.example.com. 60 IN CNAME a.example.com.");
  bench.find("a.example.com");
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.found, Errc::not_found), "a.example.com lead in a circle");
}

TEST(a_chain_of_aliases_has_an_end) {
  Bench bench;
  for (int i = 0; i < 12; ++i)
    bench.recursive.lines.push_back("a" + std::to_string(i) + ".example.com. 60 IN CNAME a" +
                                    std::to_string(i + 1) + ".example.com.");
  bench.find("a0.example.com");
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.found, Errc::not_found), "more than 8 aliases");
}

TEST(a_name_in_no_zone_is_told) {
  Bench bench;
  bench.find("_acme-challenge.other.test");
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.found, Errc::not_found),
                 "no zone in DNS holds _acme-challenge.other.test");
}

TEST(a_zone_without_servers_is_told) {
  Bench bench;
  bench.recursive.lines = {std::string("example.com.") + kSoa};
  bench.find("example.com");
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.found, Errc::not_found), "names no server (NS)");
}

// ---- propagation

namespace {

const std::string kRecord = "_acme-challenge.example.com. 60 IN TXT \"value\"";

struct Servers : DnsLoop {
  DnsServer first;
  DnsServer second;
  std::optional<Propagation> result;
  std::vector<Propagation> told;

  Servers() {
    servers = {&first, &second};
    for (DnsServer* server : servers) {
      server->authoritative = true;
      server->lines = {kRecord};
    }
  }
  void wait(PropagationSettings settings = {}) {
    ZonePlace place{
        "_acme-challenge.example.com",
        "example.com",
        {},
        {{"ns1.example.com", {first.endpoint}}, {"ns2.example.com", {second.endpoint}}}};
    await_propagation(
        env, timers, client, {{place, "value"}}, settings,
        [this](const Propagation& state) { told.push_back(state); },
        [this](Propagation state) { result = std::move(state); });
    CHECK(!result);
    run();
  }
  void pass_seconds(int seconds) {
    for (int i = 0; i < seconds && !result; ++i) pass(1000);
  }
};

}  // namespace

TEST(when_every_server_shows_it_the_wait_ends_at_once) {
  Servers bench;
  bench.first.lines.push_back("_acme-challenge.example.com. 60 IN TXT \"another\"");
  bench.wait();
  CHECK(bench.result && bench.result->complete && bench.result->missing.empty());
  CHECK(bench.told.empty());
}

TEST(a_secondary_that_lags_is_waited_for_and_named) {
  Servers bench;
  bench.second.lines = {"_acme-challenge.example.com. 60 IN TXT \"old\""};
  bench.wait();
  bench.pass_seconds(8);
  CHECK(!bench.result);
  CHECK_EQ(bench.told.size(), 1);
  CHECK_EQ(bench.told[0].missing.at(0), "ns2.example.com (" + bench.second.endpoint +
                                            ") does not show _acme-challenge.example.com yet");
  bench.second.lines = {kRecord};
  bench.pass_seconds(3);
  CHECK(bench.result && bench.result->complete && bench.result->missing.empty());
  CHECK_EQ(bench.first.asked.size(), 1);  // it was right the first time
}

TEST(a_dead_server_is_no_hindrance_in_the_end_but_told) {
  Servers bench;
  bench.second.silent_for = {"*"};
  bench.wait();
  bench.pass_seconds(50);
  CHECK(!bench.result);
  bench.pass_seconds(30);
  CHECK(bench.result && bench.result->complete);
  CHECK_EQ(bench.result->missing.at(0),
           "ns2.example.com (" + bench.second.endpoint + ") does not answer");
}

TEST(servers_that_lie_are_told_by_what_they_do) {
  Servers bench;
  bench.first.authoritative = false;
  bench.second.rcode = LDNS_RCODE_REFUSED;
  bench.wait({20'000, 2000});
  bench.pass_seconds(30);
  CHECK(bench.result && !bench.result->complete);
  CHECK_CONTAINS(bench.result->missing.at(0), "without authority over the zone");
  CHECK_CONTAINS(bench.result->missing.at(1), "answers REFUSED for _acme-challenge.example.com");
}

TEST(where_no_server_answers_the_timeout_decides) {
  Servers bench;
  for (DnsServer* server : bench.servers) server->silent_for = {"*"};
  bench.wait({120'000, 2000});
  bench.pass_seconds(100);
  CHECK(!bench.result);
  bench.pass_seconds(30);
  CHECK(bench.result && !bench.result->complete);
}

TEST(a_fixed_delay_asks_nobody) {
  Servers bench;
  bench.wait({600'000, 2000, 30'000});
  bench.pass_seconds(29);
  CHECK(!bench.result);
  bench.pass_seconds(2);
  CHECK(bench.result && bench.result->complete);
  CHECK(bench.first.asked.empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
