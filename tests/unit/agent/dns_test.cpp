// Questions to name servers, their answers, and who is asked when.
#include "agent/dns/addresses.h"
#include "agent/dns/resolver.h"
#include "agent/resolving_http.h"
#include "unit/agent/dns_server.h"
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using namespace acme::agent::dns;
using agent::ResolvingHttp;
using agent::Watches;

namespace {

const std::string kLongLabel = std::string(64, 'a') + ".example";

struct Bench : DnsLoop {
  DnsServer first;
  DnsServer second;
  Resolver resolver{client, {first.endpoint, second.endpoint}};
  std::optional<Result<Addresses>> result;

  explicit Bench(const std::string& host = "ca.example") {
    servers = {&first, &second};
    for (DnsServer* server : servers)
      server->lines = {"ca.example. 300 IN A 127.0.0.1", "ca.example. 600 IN AAAA ::1"};
    find_addresses(timers, resolver, host, [this](auto found) { result = std::move(found); });
    CHECK(!result);
  }
};

agent::dns::Answer ask(DnsLoop& loop, const DnsServer& server, const std::string& name,
                       RecordType type) {
  std::optional<Result<agent::dns::Answer>> got;
  loop.client.ask(server.endpoint, name, type, true, [&](auto answer) { got = std::move(answer); });
  loop.run();
  return REQUIRE_OK(got.value());
}

}  // namespace

TEST(each_type_of_record_is_read) {
  DnsLoop loop;
  DnsServer server;
  loop.servers = {&server};
  server.authoritative = true;
  server.lines = {
      "Example.com. 60 IN NS NS1.Example.com.",
      "example.com. 60 IN SOA ns1.example.com. root.example.com. 7 3600 600 86400 300",
      "_acme-challenge.example.com. 60 IN TXT \"abc\" \"def\"",
      "example.com. 60 IN CAA 128 ISSUE \"ca.example; validationmethods=http-01\"",
      "www.example.com. 60 IN CNAME web.example.net.",
      "web.example.net. 60 IN AAAA 2001:db8::7",
  };
  agent::dns::Answer answer = ask(loop, server, "example.com", RecordType::ns);
  CHECK(answer.authoritative && answer.failure.empty());
  CHECK_EQ(answer.answers.at(0).owner, "example.com");
  CHECK_EQ(answer.answers.at(0).value, "ns1.example.com");
  CHECK_EQ(ask(loop, server, "example.com", RecordType::soa).answers.at(0).value,
           "ns1.example.com");
  CHECK_EQ(ask(loop, server, "_acme-challenge.example.com", RecordType::txt).answers.at(0).value,
           "abcdef");
  CaaValue caa = ask(loop, server, "example.com", RecordType::caa).answers.at(0).caa;
  CHECK(caa.critical);
  CHECK_EQ(caa.tag, "issue");
  CHECK_EQ(caa.value, "ca.example; validationmethods=http-01");
  answer = ask(loop, server, "www.example.com", RecordType::aaaa);
  CHECK(answer.answers.at(0).type == RecordType::cname);
  CHECK_EQ(answer.answers.at(0).value, "web.example.net");
  CHECK_EQ(answer.answers.at(1).value, "2001:db8::7");
  CHECK_EQ(answer.answers.at(1).ttl, 60);
}

TEST(what_does_not_fit_is_asked_for_again_over_tcp) {
  DnsLoop loop;
  DnsServer server;
  loop.servers = {&server};
  server.truncates = true;
  server.lines = {"example.com. 60 IN A 192.0.2.1"};
  CHECK_EQ(ask(loop, server, "example.com", RecordType::a).answers.at(0).value, "192.0.2.1");
  CHECK_EQ(server.asked, (std::vector<std::string>{"udp example.com. A", "tcp example.com. A"}));
}

TEST(a_query_asks_for_one_type_of_one_name) {
  std::string query = REQUIRE_OK(make_query("ca.Example", RecordType::aaaa, true));
  CHECK_CONTAINS(query, std::string("\x02"
                                    "ca\x07") +
                            "Example");
  CHECK_EQ(query[2] & 1, 1);  // recursion desired
  CHECK_EQ(REQUIRE_OK(make_query("ca.example", RecordType::a, false))[2] & 1, 0);
  (void)REQUIRE_ERROR(make_query(kLongLabel, RecordType::a, true), Errc::protocol);
}

TEST(what_is_no_answer_to_this_query_is_none) {
  std::string query = REQUIRE_OK(make_query("ca.example", RecordType::a, true));
  std::string good = query;
  good[2] = static_cast<char>(good[2] | 0x80);
  CHECK(read_answer(good, query).has_value());
  CHECK(!read_answer(query, query));  // a question
  CHECK(!read_answer(good.substr(0, good.size() - 1), query));
  CHECK(!read_answer("", query));
  std::string other = good;
  other[0] = static_cast<char>(other[0] + 1);
  CHECK(!read_answer(other, query));
  CHECK(!read_answer(good, REQUIRE_OK(make_query("other.example", RecordType::a, true))));
}

TEST(nobody_at_the_port_is_told_in_words) {
  DnsLoop loop;
  std::optional<Result<agent::dns::Answer>> got;
  for (const char* server : {"127.0.0.1:1", "no address"}) {
    got.reset();
    loop.client.ask(server, "example.com", RecordType::a, true,
                    [&](auto answer) { got = std::move(answer); });
    loop.run();
    CHECK(got && !*got);
    CHECK_CONTAINS(got->error().message, server);
  }
}

TEST(a_host_is_found_with_the_addresses_of_both_families) {
  Bench bench;
  bench.run();
  Addresses found = REQUIRE_OK(*bench.result);
  CHECK_EQ(found.list, (std::vector<std::string>{"127.0.0.1", "::1"}));
  CHECK_EQ(found.ttl, 300);
  CHECK(bench.second.asked.empty());
}

TEST(a_server_that_does_not_answer_makes_way_for_the_next) {
  Bench bench;
  bench.first.silent_for = {"*"};
  bench.run();
  CHECK(!bench.result);
  bench.pass(kPatience);
  CHECK_EQ(REQUIRE_OK(*bench.result).list.size(), 2);
}

TEST(a_server_in_trouble_makes_way_for_the_next_and_one_that_knows_does_not) {
  Bench bench;
  bench.first.rcode = LDNS_RCODE_SERVFAIL;
  bench.second.rcode = LDNS_RCODE_NXDOMAIN;
  bench.run();
  CHECK_EQ(bench.first.asked.size(), 2);
  CHECK_EQ(REQUIRE_ERROR(*bench.result, Errc::not_found),
           "the name ca.example cannot be resolved by " + bench.first.endpoint + ", " +
               bench.second.endpoint + ": NXDOMAIN");
}

TEST(one_family_is_enough_when_the_other_does_not_come) {
  Bench bench;
  for (DnsServer* server : bench.servers) server->silent_for = {"AAAA"};
  bench.run();
  CHECK(!bench.result);
  bench.pass(kPatience);
  CHECK_EQ(REQUIRE_OK(*bench.result).list, std::vector<std::string>{"127.0.0.1"});
}

TEST(servers_that_never_answer_are_given_up_after_two_rounds) {
  Bench bench;
  for (DnsServer* server : bench.servers) server->silent_for = {"*"};
  bench.run();
  for (int i = 0; i < 4; ++i) {
    CHECK(!bench.result);
    bench.pass(kPatience);
  }
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.result, Errc::not_found), "does not answer");
}

TEST(garbage_is_passed_over) {
  Bench bench;
  bench.first.garbles = true;
  bench.run();
  bench.pass(kPatience);
  CHECK_EQ(REQUIRE_OK(*bench.result).list.size(), 2);
}

TEST(a_name_that_dns_cannot_know_is_an_error_at_once) {
  Bench bench(kLongLabel);
  bench.run();
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.result, Errc::not_found), "no name that DNS could know");
}

TEST(the_systems_servers_are_those_of_resolv_conf) {
  const std::string path = "resolv.conf." + std::to_string(getpid());
  FILE* file = fopen(path.c_str(), "w");
  fputs(
      "# comment\nsearch example.com\nnameserver 192.0.2.1\nnameserver\t2001:db8::1\n"
      "nameserver nonsense\noptions edns0\n",
      file);
  fclose(file);
  auto servers = system_servers(path);
  unlink(path.c_str());
  CHECK_EQ(servers, (std::vector<std::string>{"192.0.2.1:53", "[2001:db8::1]:53"}));
  CHECK_EQ(system_servers("/nonexistent"), std::vector<std::string>{"127.0.0.1:53"});
}

TEST(a_watch_may_take_another_back) {
  Watches watches;
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  CHECK(write(ends[1], "x", 1) == 1);
  int calls = 0;
  Watches::Id a = 0, b = 0;
  a = watches.add(ends[0], POLLIN, [&] { ++calls, watches.remove(a), watches.remove(b); });
  b = watches.add(ends[0], POLLIN, [&] { ++calls, watches.remove(a), watches.remove(b); });
  std::vector<pollfd> polled = watches.wanted();
  poll(polled.data(), polled.size(), 0);
  watches.run_ready(polled);
  close(ends[0]);
  close(ends[1]);
  CHECK_EQ(calls, 1);
  CHECK(watches.wanted().empty());
}

// ---- requests

namespace {

struct Recorder final : agent::Http {
  std::vector<HttpRequest> sent;
  void send(HttpRequest request, HttpCallback) override { sent.push_back(std::move(request)); }
};

HttpRequest to(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

struct Requests : DnsLoop {
  DnsServer server;
  Recorder inner;
  ResolvingHttp http{env, timers, client, inner};

  Requests() {
    servers = {&server};
    server.lines = {"ca.example. 300 IN A 127.0.0.1"};
  }
};

}  // namespace

TEST(requests_to_a_host_wait_for_one_look_up_and_later_ones_remember_it) {
  Requests bench;
  bench.http.use({bench.server.endpoint});
  for (int i = 0; i < 3; ++i)
    bench.http.send(to("https://ca.example:14000/dir"), [](HttpResult) {});
  CHECK(bench.inner.sent.empty());
  bench.run();
  CHECK_EQ(bench.server.asked.size(), 2);
  CHECK_EQ(bench.inner.sent.size(), 3);
  CHECK_EQ(bench.inner.sent[2].addresses, std::vector<std::string>{"127.0.0.1"});
  bench.http.send(to("https://ca.example:14000/order"), [](HttpResult) {});
  CHECK_EQ(bench.inner.sent.size(), 4);
  bench.env.boot += 301'000;
  bench.http.send(to("https://ca.example:14000/order"), [](HttpResult) {});
  CHECK_EQ(bench.inner.sent.size(), 4);
}

TEST(addresses_and_a_server_without_a_resolver_need_no_look_up) {
  Requests bench;
  bench.http.send(to("https://ca.example/dir"), [](HttpResult) {});
  bench.http.use({"127.0.0.1:1"});
  bench.http.send(to("https://127.0.0.1:14000/dir"), [](HttpResult) {});
  bench.http.send(to("https://[::1]:14000/dir"), [](HttpResult) {});
  CHECK_EQ(bench.inner.sent.size(), 3);
  for (const HttpRequest& request : bench.inner.sent) CHECK(request.addresses.empty());
}

TEST(a_host_that_is_not_found_is_a_network_error) {
  Requests bench;
  bench.server.rcode = LDNS_RCODE_NXDOMAIN;
  bench.http.use({bench.server.endpoint});
  std::optional<HttpResult> result;
  bench.http.send(to("https://ca.example/dir"), [&](HttpResult got) { result = std::move(got); });
  bench.run();
  const auto& error = std::get<HttpError>(*result);
  CHECK_CONTAINS(error.words, "NXDOMAIN");
  CHECK(error.worth_a_retry && !error.reached);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
