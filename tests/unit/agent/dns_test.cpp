// The name servers of nginx's `resolver`: messages, and who is asked when.
#include <arpa/inet.h>
#include <netinet/in.h>

#include "agent/dns/lookup.h"
#include "agent/resolving_http.h"
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using agent::ResolvingHttp;
using agent::Timers;
using agent::dns::address_query;
using agent::dns::Addresses;
using agent::dns::Family;
using agent::dns::Lookups;
using agent::dns::read_addresses;

namespace {

// What a name server makes of a query. Rcodes: 2 SERVFAIL, 3 NXDOMAIN.
std::string answer_to(const std::string& query, const std::vector<std::string>& values,
                      int rcode = 0, unsigned ttl = 300, int type = 0) {
  std::string out = query;
  out[2] = static_cast<char>(out[2] | 0x80);
  out[3] = static_cast<char>(0x80 | rcode);
  out[7] = static_cast<char>(values.size());
  for (const std::string& value : values) {
    const char kind = static_cast<char>(type != 0 ? type : value.size() == 4 ? 1 : 28);
    out += std::string("\xC0\x0C\x00", 3) + kind + std::string("\x00\x01\x00\x00", 4);
    out +=
        {static_cast<char>(ttl >> 8), static_cast<char>(ttl), 0, static_cast<char>(value.size())};
    out += value;
  }
  return out;
}

const std::string kV4 = {'\x7F', 0, 0, 1};
const std::string kV6 = std::string(15, '\0') + '\x01';

bool is_v6(const std::string& query) {
  return query[query.size() - 3] == 28;
}

// A name server on loopback.
class NameServer {
 public:
  NameServer() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    CHECK_EQ(getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    name = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  // Answers all that was asked, by `reply`; how many that was.
  int serve(const std::function<std::string(const std::string&)>& reply) {
    int count = 0;
    char buffer[512];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    ssize_t n;
    while ((n = recvfrom(fd_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from),
                         &size)) > 0) {
      ++count;
      const std::string bytes = reply({buffer, static_cast<std::size_t>(n)});
      if (!bytes.empty())
        sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
    return count;
  }
  std::string name;

 private:
  UniqueFd fd_;
};

std::string both(const std::string& query) {
  return answer_to(query, {is_v6(query) ? kV6 : kV4});
}

struct Bench {
  FakeEnv env;
  Timers timers{env};
  std::vector<NameServer> servers{2};
  Lookups lookups{timers, {servers[0].name, servers[1].name}};
  std::optional<Result<Addresses>> result;

  explicit Bench(const std::string& host = "ca.example") {
    lookups.find(host, [this](Result<Addresses> found) { result = std::move(found); });
    CHECK(!result);
    timers.run_due();
  }
  void pass(Millis time) {
    env.boot += time;
    timers.run_due();
  }
};

}  // namespace

TEST(a_query_asks_for_one_type_of_one_name) {
  std::string query = REQUIRE_OK(address_query("ca.Example", Family::v6));
  CHECK_CONTAINS(query, std::string("\x02"
                                    "ca\x07") +
                            "Example");
  CHECK(is_v6(query));
  CHECK_EQ(query[2] & 1, 1);  // recursion desired
  CHECK(REQUIRE_OK(address_query("ca.example", Family::v4)).substr(0, 2) != query.substr(0, 2) ||
        REQUIRE_OK(address_query("ca.example", Family::v4)).substr(0, 2) != query.substr(0, 2));
  (void)REQUIRE_ERROR(address_query(std::string(64, 'a') + ".example", Family::v4), Errc::protocol);
}

TEST(addresses_are_read_with_the_shortest_life) {
  std::string query = REQUIRE_OK(address_query("ca.example", Family::v4));
  Addresses found = *read_addresses(answer_to(query, {kV4, {'\x7F', 0, 0, 2}}), query);
  CHECK_EQ(found.list, (std::vector<std::string>{"127.0.0.1", "127.0.0.2"}));
  CHECK_EQ(found.ttl, 300);
  CHECK_EQ(found.failure, "");
  CHECK_EQ(read_addresses(answer_to(query, {}, 3), query)->failure, "NXDOMAIN");
  CHECK_EQ(read_addresses(answer_to(query, {}), query)->failure, "");
  // Of another type than was asked for, such as an alias on the way.
  CHECK(read_addresses(answer_to(query,
                                 {std::string("\x01"
                                              "b\x00",
                                              3)},
                                 0, 300, 5),
                       query)
            ->list.empty());
}

TEST(what_is_no_answer_to_this_query_is_none) {
  std::string query = REQUIRE_OK(address_query("ca.example", Family::v4));
  std::string good = answer_to(query, {kV4});
  CHECK(!read_addresses(query, query));  // a question
  CHECK(!read_addresses(good.substr(0, good.size() - 1), query));
  CHECK(!read_addresses("", query));
  std::string other = good;
  other[0] = static_cast<char>(other[0] + 1);
  CHECK(!read_addresses(other, query));
  CHECK(!read_addresses(good, REQUIRE_OK(address_query("other.example", Family::v4))));
}

TEST(a_host_is_found_with_the_addresses_of_both_families) {
  Bench bench;
  CHECK_EQ(bench.servers[0].serve(both), 2);
  bench.lookups.read();
  CHECK_EQ(REQUIRE_OK(*bench.result).list, (std::vector<std::string>{"127.0.0.1", "::1"}));
  CHECK_EQ(bench.servers[1].serve(both), 0);
}

TEST(a_server_that_does_not_answer_makes_way_for_the_next) {
  Bench bench;
  bench.pass(3000);
  CHECK_EQ(bench.servers[1].serve(both), 2);
  bench.lookups.read();
  CHECK_EQ(REQUIRE_OK(*bench.result).list.size(), 2);
}

TEST(a_server_in_trouble_makes_way_for_the_next_and_one_that_knows_does_not) {
  Bench bench;
  bench.servers[0].serve([](const std::string& query) { return answer_to(query, {}, 2); });
  bench.lookups.read();
  CHECK(!bench.result);
  bench.servers[1].serve([](const std::string& query) { return answer_to(query, {}, 3); });
  bench.lookups.read();
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.result, Errc::not_found),
                 "the name ca.example cannot be resolved by " + bench.servers[0].name + ", " +
                     bench.servers[1].name + ": NXDOMAIN");
}

TEST(one_family_is_enough_when_the_other_does_not_come) {
  Bench bench;
  bench.servers[0].serve(
      [](const std::string& query) { return is_v6(query) ? std::string() : both(query); });
  bench.lookups.read();
  CHECK(!bench.result);
  bench.pass(3000);
  CHECK_EQ(REQUIRE_OK(*bench.result).list, std::vector<std::string>{"127.0.0.1"});
}

TEST(servers_that_never_answer_are_given_up_after_two_rounds) {
  Bench bench;
  for (int i = 0; i < 4; ++i) {
    CHECK(!bench.result);
    bench.pass(3000);
  }
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.result, Errc::not_found), "no answer");
}

TEST(garbage_and_foreign_answers_are_passed_over) {
  Bench bench;
  bench.servers[0].serve([](const std::string&) { return std::string(600, '\xFF'); });
  bench.lookups.read();
  CHECK(!bench.result);
  bench.pass(3000);
  bench.servers[1].serve(both);
  bench.lookups.read();
  CHECK(bench.result.has_value());
}

TEST(a_name_that_dns_cannot_know_is_an_error_at_once) {
  Bench bench(std::string(64, 'a') + ".example");
  CHECK_CONTAINS(REQUIRE_ERROR(*bench.result, Errc::not_found), "no name that DNS could know");
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

}  // namespace

TEST(requests_to_a_host_wait_for_one_look_up_and_later_ones_remember_it) {
  FakeEnv env;
  Timers timers(env);
  Recorder inner;
  NameServer server;
  ResolvingHttp http(env, timers, inner);
  http.use({server.name});
  for (int i = 0; i < 3; ++i) http.send(to("https://ca.example:14000/dir"), [](HttpResult) {});
  timers.run_due();
  CHECK_EQ(server.serve(both), 2);
  CHECK_EQ(http.descriptors().size(), 1);
  http.read();
  CHECK(http.descriptors().empty());
  CHECK_EQ(inner.sent.size(), 3);
  CHECK_EQ(inner.sent[2].addresses, (std::vector<std::string>{"127.0.0.1", "::1"}));
  http.send(to("https://ca.example:14000/order"), [](HttpResult) {});
  CHECK_EQ(inner.sent.size(), 4);
  env.boot += 301'000;
  http.send(to("https://ca.example:14000/order"), [](HttpResult) {});
  CHECK_EQ(inner.sent.size(), 4);
}

TEST(addresses_and_a_server_without_a_resolver_need_no_look_up) {
  FakeEnv env;
  Timers timers(env);
  Recorder inner;
  ResolvingHttp http(env, timers, inner);
  http.send(to("https://ca.example/dir"), [](HttpResult) {});
  http.use({"127.0.0.1:1"});
  http.send(to("https://127.0.0.1:14000/dir"), [](HttpResult) {});
  http.send(to("https://[::1]:14000/dir"), [](HttpResult) {});
  CHECK_EQ(inner.sent.size(), 3);
  for (const HttpRequest& request : inner.sent) CHECK(request.addresses.empty());
}

TEST(a_host_that_is_not_found_is_a_network_error) {
  FakeEnv env;
  Timers timers(env);
  Recorder inner;
  NameServer server;
  ResolvingHttp http(env, timers, inner);
  http.use({server.name});
  std::optional<HttpResult> result;
  http.send(to("https://ca.example/dir"), [&](HttpResult got) { result = std::move(got); });
  timers.run_due();
  server.serve([](const std::string& query) { return answer_to(query, {}, 3); });
  http.read();
  const auto& error = std::get<HttpError>(*result);
  CHECK_CONTAINS(error.words, "NXDOMAIN");
  CHECK(error.worth_a_retry && !error.reached);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
