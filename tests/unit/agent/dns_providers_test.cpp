// The providers that talk HTTP, with a model of their servers: what is sent, what is made of
// the answers, and that no secret is said again.
#include "agent/dns/providers.h"

#include <deque>

#include "config/dns_provider.h"
#include "unit/agent/dns_server.h"
#include "unit/agent/example_provider.h"
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::agent::dns;
using namespace acme::test;
using agent::HttpCallback;
using agent::HttpError;
using agent::HttpRequest;
using agent::HttpResult;
using Method = HttpRequest::Method;
using HttpAnswer = protocol::Answer;

namespace {

const TxtRecord kRecord{"_acme-challenge.www.example.com", "the-value", "example.com",
                        "www.example.com", "token.thumbprint"};
const std::string kApi = "https://api.cloudflare.com/client/v4";
const std::string kZone = "0123456789abcdef";

struct Lines final : Log {
  void write(Level, std::string_view line) override { all += std::string(line) + "\n"; }
  std::string all;
};

struct Exchange {
  std::string request;  // "GET https://… {body}"
  HttpResult answer;
  std::vector<std::string> headers = {};
};

std::string method_name(Method method) {
  return method == Method::get ? "GET" : method == Method::post ? "POST" : "DELETE";
}

// Answers in the order that is expected, and in no other.
struct Server final : agent::Http {
  void send(HttpRequest request, HttpCallback done) override {
    CHECK(request.most_body_bytes <= 256 * 1024);
    CHECK_EQ(request.plain_http, request.url.starts_with("http://"));
    std::string line = method_name(request.method) + " " + request.url;
    if (!request.body.empty()) line += " " + request.body;
    std::vector<std::string> headers;
    for (const Secret& header : request.headers) headers.emplace_back(header.view());
    trust = request.trust;
    asked.push_back({line, HttpAnswer{}, headers});
    under_way.push_back(std::move(done));
  }
  std::deque<Exchange> expected;
  std::vector<Exchange> asked;
  std::vector<HttpCallback> under_way;
  std::shared_ptr<const agent::Trust> trust;
};

HttpResult answer(int status, const std::string& body, std::vector<protocol::Header> headers = {}) {
  return HttpAnswer{status, "", std::move(headers), body};
}
HttpResult good(const std::string& result) {
  return answer(200, R"({"success":true,"errors":[],"messages":[],"result":)" + result + "}");
}
HttpResult bad(int status, int code, const std::string& message) {
  return answer(status, R"({"success":false,"result":null,"errors":[{"code":)" +
                            std::to_string(code) + R"(,"message":")" + message + R"("}]})");
}

struct Host {
  explicit Host(const std::string& provider,
                const std::vector<std::pair<std::string, std::string>>& settings) {
    ProviderSettings secrets;
    for (const auto& [key, value] : settings) secrets.emplace_back(key, Secret(value));
    this->provider = REQUIRE_OK(make_provider(services, provider, std::move(secrets)));
  }

  Host& expect(const std::string& request, HttpResult result) {
    http.expected.push_back({request, std::move(result)});
    return *this;
  }
  Host& expect_zone() {
    return expect("GET " + kApi + "/zones?name=example.com&per_page=50",
                  good(R"([{"id":")" + kZone + R"(","name":"example.com","status":"active"}])"));
  }

  Provider::Done into(std::optional<Result<std::string>>& got) {
    return [&got](Result<std::string> result) {
      CHECK(!got);
      got = std::move(result);
    };
  }
  Result<std::string> set(const TxtRecord& record = kRecord) {
    std::optional<Result<std::string>> got;
    provider->set(record, into(got));
    CHECK(!got);
    run();
    CHECK(got.has_value());
    return *got;
  }
  Result<std::string> remove(const std::string& id, const TxtRecord& record = kRecord) {
    std::optional<Result<std::string>> got;
    provider->remove(record, id, into(got));
    CHECK(!got);
    run();
    CHECK(got.has_value());
    return *got;
  }
  std::string refused(Result<std::string> result, Errc code) {
    std::string why = REQUIRE_ERROR(result, code);
    CHECK(why.find("s3cret") == std::string::npos);
    CHECK(log.all.find("s3cret") == std::string::npos);
    return why;
  }
  void run() {
    for (;;) {
      timers.run_due();
      if (!http.under_way.empty()) {
        HttpCallback done = std::move(http.under_way.front());
        http.under_way.erase(http.under_way.begin());
        const Exchange& asked = http.asked[http.asked.size() - http.under_way.size() - 1];
        if (http.expected.empty()) throw Failure("not expected: " + asked.request);
        Exchange expected = std::move(http.expected.front());
        http.expected.pop_front();
        CHECK_EQ(asked.request, expected.request);
        done(std::move(expected.answer));
      } else if (auto due = timers.next_in()) {
        env.boot += *due;
      } else {
        break;
      }
    }
    CHECK(http.expected.empty());
  }

  FakeEnv env;
  agent::Timers timers{env};
  agent::Watches watches;
  Client client{timers, watches};
  Resolver resolver{client, {}};
  Server http;
  Lines log;
  ProviderServices services{env, timers, watches, http, client, resolver, log};
  std::unique_ptr<Provider> provider;
};

const std::string kRecords = kApi + "/zones/" + kZone + "/dns_records";
const std::string kCreate =
    "POST " + kRecords +
    R"( {"type":"TXT","name":"_acme-challenge.www.example.com","content":"the-value","ttl":120})";
const std::string kFind =
    "GET " + kRecords + "?type=TXT&name=_acme-challenge.www.example.com&per_page=100";

}  // namespace

// ---- Cloudflare

TEST(cloudflare_makes_a_record_and_removes_it_by_its_id) {
  Host world("cloudflare", {{"token", "s3cret-token"}});
  world.expect_zone().expect(kCreate, good(R"({"id":"r1"})"));
  const std::string id = REQUIRE_OK(world.set());
  CHECK_EQ(id, kZone + "/r1");
  for (const Exchange& exchange : world.http.asked)
    CHECK_EQ(exchange.headers, std::vector<std::string>{"Authorization: Bearer s3cret-token"});
  world.expect("DELETE " + kRecords + "/r1", good(R"({"id":"r1"})"));
  CHECK_EQ(REQUIRE_OK(world.remove(id)), "");
}

TEST(cloudflare_is_asked_once_for_the_zone_of_several_records) {
  Host world("cloudflare", {{"token", "s3cret-token"}, {"ttl", "300"}});
  std::optional<Result<std::string>> first;
  std::optional<Result<std::string>> second;
  TxtRecord other = kRecord;
  other.value = "other";
  world.provider->set(kRecord, world.into(first));
  world.provider->set(other, world.into(second));
  auto create = [](const std::string& value) {
    return "POST " + kRecords + R"( {"type":"TXT","name":"_acme-challenge.www.example.com",)" +
           R"("content":")" + value + R"(","ttl":300})";
  };
  world.expect_zone()
      .expect(create("the-value"), good(R"({"id":"r1"})"))
      .expect(create("other"), good(R"({"id":"r2"})"));
  world.run();
  CHECK_EQ(REQUIRE_OK(first.value()), kZone + "/r1");
  CHECK_EQ(REQUIRE_OK(second.value()), kZone + "/r2");
}

TEST(cloudflares_zones_may_have_a_token_of_their_own) {
  Host world("cloudflare", {{"token", "s3cret-edit"}, {"zone_token", "s3cret-read"}});
  world.expect_zone().expect(kCreate, good(R"({"id":"r1"})"));
  REQUIRE_OK(world.set());
  CHECK_EQ(world.http.asked[0].headers.at(0), "Authorization: Bearer s3cret-read");
  CHECK_EQ(world.http.asked[1].headers.at(0), "Authorization: Bearer s3cret-edit");
}

TEST(cloudflare_takes_the_global_key_or_a_zones_id) {
  Host key("cloudflare", {{"email", "me@example.com"}, {"key", "s3cret-key"}});
  key.expect_zone().expect(kCreate, good(R"({"id":"r1"})"));
  REQUIRE_OK(key.set());
  CHECK_EQ(key.http.asked[1].headers,
           (std::vector<std::string>{"X-Auth-Email: me@example.com", "X-Auth-Key: s3cret-key"}));
  Host zone("cloudflare", {{"token", "s3cret-token"}, {"zone_id", kZone}});
  zone.expect(kCreate, good(R"({"id":"r1"})"));
  REQUIRE_OK(zone.set());
}

TEST(a_record_that_cloudflare_has_already_is_success) {
  for (int code : {81057, 81058}) {
    Host world("cloudflare", {{"token", "s3cret-token"}});
    world.expect_zone().expect(kCreate, bad(400, code, "The record already exists."));
    CHECK_EQ(REQUIRE_OK(world.set()), "");
    world.expect(kFind,
                 good(R"([{"id":"r0","content":"other"},{"id":"r7","content":"\"the-value\""},
                                 {"id":"r8","content":"the-value"}])"));
    world.expect("DELETE " + kRecords + "/r8", good("{}"));
    world.expect("DELETE " + kRecords + "/r7", good("{}"));
    REQUIRE_OK(world.remove(""));
  }
}

TEST(a_record_that_cloudflare_has_no_more_is_gone) {
  Host world("cloudflare", {{"token", "s3cret-token"}});
  world.expect("DELETE " + kRecords + "/r1", bad(404, 81044, "Record does not exist."));
  REQUIRE_OK(world.remove(kZone + "/r1"));
  world.expect_zone().expect(kFind, good("[]"));
  REQUIRE_OK(world.remove(""));
  world.expect(kFind, good("[]"));
  REQUIRE_OK(world.remove("../../user"));  // what no API has given us is no id
}

TEST(a_zone_that_cloudflare_does_not_show_or_shows_twice_is_told) {
  const std::string ask = "GET " + kApi + "/zones?name=example.com&per_page=50";
  Host world("cloudflare", {{"token", "s3cret-token"}});
  world.expect(ask, good("[]"));
  CHECK_CONTAINS(world.refused(world.set(), Errc::not_found), "Zone / Zone / Read");
  world.expect(ask, good(R"([{"id":"a","name":"example.com","status":"active"},
                             {"id":"b","name":"example.com","status":"active"}])"));
  CHECK_CONTAINS(world.refused(world.set(), Errc::not_found), "several zones example.com");
  world.expect(ask, good(R"([{"id":"a","name":"example.com","status":"pending"},
                             {"id":"b","name":"example.com","status":"active"}])"));
  world.expect("POST " + kApi + "/zones/b" + kCreate.substr(5 + kApi.size() + 7 + kZone.size()),
               good(R"({"id":"r1"})"));
  CHECK_EQ(REQUIRE_OK(world.set()), "b/r1");
  Host unsound("cloudflare", {{"token", "s3cret-token"}});
  unsound.expect(ask, good(R"([{"id":"../x","name":"example.com"}])"));
  unsound.refused(unsound.set(), Errc::protocol);
}

TEST(a_permission_that_is_missing_is_named_and_the_token_is_not) {
  Host world("cloudflare", {{"token", "s3cret-token"}});
  world.expect_zone().expect(kCreate,
                             bad(403, 10000, "Authentication error: s3cret-token may not do that"));
  const std::string why = world.refused(world.set(), Errc::refused);
  CHECK_CONTAINS(why, "HTTP 403: 10000 Authentication error: *** may not do that");
  CHECK_CONTAINS(why, "Zone / DNS / Edit for example.com");
  Host zones("cloudflare", {{"token", "s3cret-token"}});
  zones.expect("GET " + kApi + "/zones?name=example.com&per_page=50",
               bad(401, 1000, "Invalid API Token"));
  CHECK_CONTAINS(zones.refused(zones.set(), Errc::refused), "Zone / Zone / Read");
  Host key("cloudflare", {{"email", "me@example.com"}, {"key", "s3cret-key"}});
  key.expect_zone().expect(kCreate, bad(403, 9103, "Unknown X-Auth-Key or X-Auth-Email"));
  CHECK_CONTAINS(key.refused(key.set(), Errc::refused), "is the global key that of me@example.com");
}

TEST(cloudflares_limit_is_waited_for) {
  Host world("cloudflare", {{"token", "s3cret-token"}});
  const Millis begin = world.env.boot;
  world.expect_zone()
      .expect(kCreate, answer(429, "slow down", {{"Retry-After", "17"}}))
      .expect(kCreate, good(R"({"id":"r1"})"));
  REQUIRE_OK(world.set());
  CHECK_EQ(world.env.boot - begin, 17'000);
  CHECK_CONTAINS(world.log.all, "Cloudflare is asked again in 17 s: HTTP 429");
  world.expect(kCreate, answer(429, "slow down", {{"Retry-After", "3600"}}));
  CHECK_CONTAINS(world.refused(world.set(), Errc::protocol), "in 3600 s only");
  // Five minutes once, not twice.
  world.expect(kCreate, answer(429, "", {{"Retry-After", "300"}}));
  world.expect(kCreate, answer(429, "", {{"Retry-After", "300"}}));
  CHECK_CONTAINS(world.refused(world.set(), Errc::protocol), "in 300 s only");
}

TEST(what_passes_is_tried_again_and_not_for_ever) {
  Host world("cloudflare", {{"token", "s3cret-token"}});
  world.expect_zone()
      .expect(kCreate, HttpError{"connection to api.cloudflare.com refused", false, true})
      .expect(kCreate, answer(502, "<html>"))
      .expect(kCreate, bad(400, 81058, "exists"));  // the first one had arrived
  REQUIRE_OK(world.set());
  for (int i = 0; i < 4; ++i) world.expect(kCreate, answer(503, "<html>no JSON"));
  CHECK_CONTAINS(world.refused(world.set(), Errc::protocol), "HTTP 503");
  world.expect(kCreate, HttpError{"the answer breaks a limit", true, false});
  CHECK_CONTAINS(world.refused(world.set(), Errc::io), "Cloudflare: the answer breaks a limit");
  world.expect(kCreate, answer(200, "no JSON"));
  CHECK_CONTAINS(world.refused(world.set(), Errc::protocol), "HTTP 200");
}

TEST(an_answer_that_comes_after_the_end_is_nobodys) {
  Host world("cloudflare", {{"token", "s3cret-token"}});
  world.provider->set(kRecord, [](const Result<std::string>&) { throw Failure("called"); });
  CHECK_EQ(world.http.under_way.size(), 1);
  world.provider.reset();
  world.http.under_way.front()(good("[]"));
}

// ---- httpreq

TEST(httpreq_posts_name_and_value) {
  Host world("httpreq", {{"endpoint", "http://127.0.0.1:9090/dns"}});
  const std::string body = R"( {"fqdn":"_acme-challenge.www.example.com.","value":"the-value"})";
  world.expect("POST http://127.0.0.1:9090/dns/present" + body, answer(200, ""));
  REQUIRE_OK(world.set());
  CHECK(world.http.asked[0].headers.empty());
  world.expect("POST http://127.0.0.1:9090/dns/cleanup" + body, answer(204, ""));
  REQUIRE_OK(world.remove(""));
  world.expect("POST http://127.0.0.1:9090/dns/present" + body, answer(422, "no such zone\n"));
  CHECK_CONTAINS(world.refused(world.set(), Errc::protocol),
                 "http://127.0.0.1:9090/dns: HTTP 422: no such zone");
}

TEST(httpreq_has_a_password_and_a_raw_mode) {
  Host world("httpreq", {{"endpoint", "https://dns.example"},
                         {"username", "me"},
                         {"password", "s3cret?>"},
                         {"mode", "raw"}});
  const std::string request =
      "POST https://dns.example/present "
      R"({"domain":"www.example.com","token":"token",)"
      R"("keyAuth":"token.thumbprint"})";
  world.expect(request, answer(200, ""));
  REQUIRE_OK(world.set());
  CHECK_EQ(world.http.asked[0].headers.at(0), "Authorization: Basic bWU6czNjcmV0Pz4=");
  TxtRecord unknown = kRecord;
  unknown.key_authorization.clear();
  CHECK_CONTAINS(world.refused(world.set(unknown), Errc::unsupported), "www.example.com");
}

// ---- acme-dns

const std::string kRegistrations = R"({"www.example.com":{"fulldomain":"u1.auth.example",
  "subdomain":"u1","username":"s3cret-user","password":"s3cret-pass",
  "server_url":"https://auth.example/"},
  "old.example.com":{"subdomain":"u2","username":"u","password":"p"}})";

TxtRecord at(const std::string& name, const std::string& owner = "www.example.com") {
  return {name, "the-value", "auth.example", owner};
}

TEST(acme_dns_updates_a_names_registration) {
  Host world("acme-dns", {{"registrations", kRegistrations}});
  const std::string update =
      R"(POST https://auth.example/update {"subdomain":"u1","txt":"the-value"})";
  CHECK_EQ(world.provider->values_at_a_time(), 2);
  world.expect(update, answer(200, R"({"txt":"the-value"})"));
  REQUIRE_OK(world.set(at("u1.auth.example")));
  CHECK_EQ(world.http.asked[0].headers,
           (std::vector<std::string>{"X-Api-User: s3cret-user", "X-Api-Key: s3cret-pass"}));
  REQUIRE_OK(world.remove("", at("u1.auth.example")));
  world.expect(update, answer(200, "{}"));  // a name whose alias leads to another's
  REQUIRE_OK(world.set(at("u1.auth.example", "other.example.com")));
  world.expect(update, answer(401, R"({"error":"forbidden for s3cret-user"})"));
  CHECK_CONTAINS(world.refused(world.set(at("u1.auth.example")), Errc::refused),
                 "forbidden for ***");
}

TEST(acme_dns_tells_what_is_not_registered_or_leads_elsewhere) {
  Host world("acme-dns", {{"registrations", kRegistrations}});
  CHECK_CONTAINS(world.refused(world.set(at("_acme-challenge.no.example.com", "no.example.com")),
                               Errc::not_found),
                 "no registration for no.example.com");
  CHECK_CONTAINS(
      world.refused(world.set(at("_acme-challenge.www.example.com")), Errc::invalid_config),
      "make _acme-challenge.www.example.com a CNAME of that");
  CHECK_CONTAINS(
      world.refused(world.set(at("u2.auth.example", "old.example.com")), Errc::invalid_config),
      "base_url=");
  Host older("acme-dns", {{"registrations", kRegistrations}, {"base_url", "http://10.0.0.1:8053"}});
  older.expect(R"(POST http://10.0.0.1:8053/update {"subdomain":"u2","txt":"the-value"})",
               answer(200, "{}"));
  REQUIRE_OK(older.set(at("u2.auth.example", "old.example.com")));
}

TEST(a_server_of_ones_own_may_have_a_certificate_of_ones_own) {
  Host host("httpreq", {{"endpoint", "https://dns.example"}, {"ca_certificate", "PEM"}});
  host.provider->set(kRecord, [](const Result<std::string>&) {});
  CHECK_EQ(host.http.trust->ca_certificates, "PEM");
  CHECK(host.http.trust->verify);
}

// ---- the example of docs/DNS_PROVIDERS.md

TEST(the_example_works_and_stands_in_the_page) {
  Host host("httpreq", {{"endpoint", "https://dns.example"}});
  ProviderSettings settings;
  settings.emplace_back("token", Secret(std::string_view("s3cret")));
  host.provider =
      std::make_unique<Example>(host.services, Settings("example", std::move(settings)));
  const std::string records = "https://dns.example/zones/example.com/records";
  host.expect("POST " + records +
                  R"( {"type":"TXT","name":"_acme-challenge.www.example.com","text":"the-value"})",
              answer(201, R"({"id":"r/1"})"));
  CHECK_EQ(REQUIRE_OK(host.set()), "r/1");
  host.expect("DELETE " + records + "/r%2F1", answer(404, ""));
  REQUIRE_OK(host.remove("r/1"));
  const std::string code = test_data("../unit/agent/example_provider.h");
  CHECK_CONTAINS(test_data("../../docs/DNS_PROVIDERS.md"), code.substr(code.find("class Example")));
}

// ---- rfc2136

TEST(a_name_server_that_is_away_is_tried_three_times) {
  const std::string endpoint = DnsServer().endpoint;  // whose port is closed again
  DnsLoop loop;
  Resolver resolver(loop.client, {});
  Server http;
  Lines log;
  ProviderSettings settings;
  settings.emplace_back("server", Secret(endpoint));
  settings.emplace_back("key", Secret(std::string_view("acme:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0")));
  auto provider = REQUIRE_OK(
      make_provider({loop.env, loop.timers, loop.watches, http, loop.client, resolver, log},
                    "rfc2136", std::move(settings)));
  std::optional<Result<std::string>> got;
  provider->set(kRecord, [&](Result<std::string> result) { got = std::move(result); });
  loop.run();
  CHECK(!got);
  loop.pass(1'000);
  CHECK(!got);
  loop.pass(5'000);
  CHECK_CONTAINS(REQUIRE_ERROR(got.value(), Errc::io), "the name server " + endpoint);
}

// ---- all of them

TEST(a_provider_that_cannot_be_is_an_error_in_words) {
  Host world("httpreq", {{"endpoint", "https://dns.example"}});
  auto made = [&](const std::string& name, const std::string& key, const std::string& value) {
    ProviderSettings settings;
    if (!key.empty()) settings.emplace_back(key, Secret(value));
    auto result = make_provider(world.services, name, std::move(settings));
    CHECK(!result);
    return result.error().message;
  };
  CHECK_CONTAINS(made("cloudflair", "", ""), "no DNS provider");
  CHECK_CONTAINS(made("cloudflare", "", ""), "token");
  CHECK_CONTAINS(made("rfc2136", "", ""), "server=");
  CHECK_CONTAINS(made("rfc2136", "server", "192.0.2.1:53"), "key=");
  CHECK_CONTAINS(made("acme-dns", "registrations", "[]"), "JSON");
  CHECK_CONTAINS(made("acme-dns", "registrations", R"({"a":{}})"), "no username");
  CHECK_CONTAINS(made("exec", "", ""), "program=");
  CHECK_CONTAINS(made("lexicon", "", ""), "provider=");
  CHECK_CONTAINS(made("acme.sh", "", ""), "plugin=");
}

TEST(each_provider_of_the_configuration_is_there) {
  Host world("httpreq", {{"endpoint", "https://dns.example"}});
  for (const DnsProviderRule& rule : dns_provider_rules()) {
    auto result = make_provider(world.services, std::string(rule.name), {});
    CHECK(!result && result.error().code != Errc::unsupported);
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
