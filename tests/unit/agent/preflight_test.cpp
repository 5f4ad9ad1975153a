// Names looked at beside their first order: what is asked, what is told, and what is left alone.
#include <utility>

#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using agent::dns::RecordType;
using ipc::Verdict;
using Records = std::vector<agent::dns::Record>;

namespace {

const std::string kName = "example.com";
const std::string kForeign = "the body of a stranger";

// A world in which names have addresses, and servers answer at these.
struct Look : World {
  std::map<std::string, std::vector<std::string>> addresses = {{kName, {"192.0.2.1"}}};
  std::map<std::string, std::vector<std::string>> caa;  // issue
  std::map<std::string, std::string> failures;          // by "TYPE name"
  std::set<std::string> silent;                         // the same
  // By address; else this server answers.
  std::map<std::string, std::function<HttpResult(const HttpRequest&)>> servers;
  std::vector<std::string> asked;   // "A example.com"
  std::vector<std::string> probed;  // "192.0.2.1 http://example.com/…"
  Millis dns_takes = 1;

  explicit Look(std::vector<ChallengeType> challenges = {ChallengeType::http01}) {
    ca.meta = R"({"caaIdentities":["CA.test"]})";
    config.issuers[0].challenges = std::move(challenges);
    config.issuers[0].preflight.on = true;
    find = [this](const std::string& name, RecordType type, agent::dns::Client::Done done) {
      timers.after(dns_takes, [this, name, type, done] { done(answer(name, type)); });
    };
    ca.before = [this](const HttpRequest& request) -> std::optional<HttpResult> {
      if (!request.peek) return std::nullopt;
      probed.push_back(request.peek->address + " " + request.url);
      auto found = servers.find(request.peek->address);
      return found == servers.end() ? ours(request) : found->second(request);
    };
  }
  Result<agent::dns::Answer> answer(const std::string& name, RecordType type) {
    const char* kind = type == RecordType::a ? "A " : type == RecordType::aaaa ? "AAAA " : "CAA ";
    asked.push_back(kind + name);
    if (silent.contains(asked.back())) return fail(Errc::not_found, "no server answers");
    agent::dns::Answer out;
    if (auto code = failures.find(asked.back()); code != failures.end()) {
      out.failure = code->second;
      return out;
    }
    if (type == RecordType::caa)
      for (const std::string& value : caa[name])
        out.answers.push_back({name, type, 60, "", {false, "issue", value}});
    else
      for (const std::string& address : addresses[name])
        if ((address.find(':') != std::string::npos) == (type == RecordType::aaaa))
          out.answers.push_back({name, type, 60, address, {}});
    return out;
  }
  HttpResult ours(const HttpRequest& request) {
    const std::string token = request.url.substr(request.url.rfind('/') + 1);
    CHECK(std::find(keeper.probes.begin(), keeper.probes.end(), token) != keeper.probes.end());
    return page(200, token + ".rest\n");
  }
  static HttpResult page(int status, const std::string& body, const std::string& location = "") {
    Answer out;
    out.status = status;
    out.body = body;
    if (!location.empty()) out.headers.push_back({"Location", location});
    return out;
  }
  static HttpError unreachable(bool no_route = false) {
    return {"connection to example.com:80 refused", false, true, no_route};
  }
  // A first order, and all that is said of it.
  void order() {
    if (welcome.lineages.empty()) add(kName);
    start();
    CHECK(run_until([this] { return !keeper.installed.empty() && keeper.probes.empty(); }, 20'000));
    run_for(30'000);
  }
  // The one warning.
  std::string warning() {
    order();
    CHECK_EQ(keeper.lines_with("preflight: "), 1);
    CHECK_EQ(keeper.lines_with(kForeign), 0);
    const std::string line = keeper.line_with("preflight: ");
    CHECK(line.starts_with("4 example.com: preflight: "));
    return line;
  }
  void quiet() {
    order();
    CHECK_EQ(keeper.lines_with("4 "), 0);
    CHECK(keeper.line_with("preflight: ").starts_with("6 "));
  }
};

HttpResult stranger(const HttpRequest&) {
  return Look::page(404, kForeign);
}
HttpResult dead(const HttpRequest&) {
  return Look::unreachable();
}

}  // namespace

TEST(each_address_is_asked_by_itself_for_a_token_of_our_own) {
  Look world;
  world.addresses[kName] = {"192.0.2.1", "192.0.2.2", "2001:db8::1"};
  world.quiet();
  std::sort(world.probed.begin(), world.probed.end());
  const std::string url = " http://example.com/.well-known/acme-challenge/token1";
  CHECK_EQ(world.probed,
           (std::vector<std::string>{"192.0.2.1" + url, "192.0.2.2" + url, "2001:db8::1" + url}));
  CHECK_CONTAINS(world.keeper.line_with("preflight: "), "nothing stands in the way of ca");
  CHECK_EQ(world.keeper.count(ipc::Type::begin_probe), 1);
  CHECK_EQ(world.keeper.count(ipc::Type::end_probe), 1);
}

TEST(another_server_at_an_address_is_told_and_the_order_goes_on) {
  Look world;
  world.addresses[kName] = {"192.0.2.1", "192.0.2.7"};
  world.servers["192.0.2.7"] = stranger;
  CHECK_EQ(world.warning(),
           "4 example.com: preflight: port 80 of example.com (192.0.2.7) answers, but not from "
           "this server (HTTP status 404); the order at ca goes on all the same");
}

TEST(a_page_that_says_yes_to_everything_is_another_server_too) {
  Look world;
  world.servers["192.0.2.1"] = [](const HttpRequest&) { return Look::page(200, kForeign); };
  CHECK_CONTAINS(world.warning(),
                 "port 80 of example.com (192.0.2.1) answers, but not from this server;");
}

TEST(a_stale_aaaa_record_is_told_as_such) {
  Look world;
  world.addresses[kName] = {"192.0.2.1", "2001:db8::7"};
  world.servers["2001:db8::7"] = dead;
  CHECK_CONTAINS(world.warning(),
                 "2001:db8::7 of example.com does not answer on port 80: a stale "
                 "AAAA record makes CAs fail");
}

TEST(a_dead_ipv4_address_is_told) {
  Look world;
  world.addresses[kName] = {"192.0.2.1", "192.0.2.7"};
  world.servers["192.0.2.7"] = dead;
  CHECK_CONTAINS(world.warning(),
                 "192.0.2.7 of example.com does not answer on port 80 (connection "
                 "to example.com:80 refused)");
}

TEST(a_machine_without_ipv6_says_nothing_about_it) {
  Look world;
  world.addresses[kName] = {"192.0.2.1", "2001:db8::7"};
  world.servers["2001:db8::7"] = [](const HttpRequest&) { return Look::unreachable(true); };
  world.quiet();
  CHECK_CONTAINS(world.keeper.line_with("preflight: "), "no way to IPv6");
}

TEST(a_name_without_address_is_told) {
  Look world;
  world.addresses.clear();
  CHECK_CONTAINS(world.warning(), "example.com has no address;");
  CHECK(world.probed.empty());
}

TEST(a_name_that_dns_does_not_know_is_told) {
  Look world;
  world.failures = {
      {"A " + kName, "NXDOMAIN"}, {"AAAA " + kName, "NXDOMAIN"}, {"CAA " + kName, "NXDOMAIN"}};
  CHECK_CONTAINS(world.warning(), "example.com has no address: DNS does not know the name");
}

TEST(name_servers_that_say_nothing_are_no_finding) {
  Look world;
  world.silent = {"A " + kName, "AAAA " + kName, "CAA " + kName};
  world.quiet();
  CHECK_CONTAINS(world.keeper.line_with("preflight: "), "no server answers");
}

TEST(servfail_is_what_the_ca_will_meet_too) {
  Look world;
  world.failures = {{"CAA " + kName, "SERVFAIL"}};
  CHECK_CONTAINS(world.warning(),
                 "the name servers answer to CAA of example.com with SERVFAIL: CAs refuse then");
}

TEST(caa_is_looked_for_up_the_tree) {
  Look world;
  world.add("a.b.example.com");
  world.addresses["a.b.example.com"] = {"192.0.2.1"};
  world.caa["example.com"] = {"other.example"};
  world.order();
  CHECK_EQ(world.keeper.lines_with("CAA of example.com allows only other.example"), 1);
  std::erase_if(world.asked, [](const std::string& line) { return !line.starts_with("CAA"); });
  CHECK_EQ(world.asked, (std::vector<std::string>{"CAA a.b.example.com", "CAA b.example.com",
                                                  "CAA example.com"}));
}

TEST(caa_that_allows_this_ca_is_no_finding) {
  Look world;
  world.caa[kName] = {"other.example", "ca.test"};
  world.quiet();
}

// ---- redirects

TEST(redirects_are_followed_to_https_and_to_names_of_our_own) {
  Look world;
  world.addresses[kName] = {"192.0.2.1", "192.0.2.2"};
  world.addresses["www.example.com"] = {"2001:db8::3", "192.0.2.3"};
  world.add(kName);
  world.add("www.example.com");
  world.servers["192.0.2.2"] = [&world](const HttpRequest& request) {
    if (request.url.starts_with("https")) return world.ours(request);
    return Look::page(301, kForeign, "https://" + request.url.substr(7));
  };
  world.servers["192.0.2.1"] = [](const HttpRequest& request) {
    return Look::page(308, kForeign, "//WWW.example.com:80" + request.url.substr(18));
  };
  world.quiet();
  const std::string path = "/.well-known/acme-challenge/token1";
  for (std::string line :
       {"192.0.2.2 https://example.com" + path, "2001:db8::3 http://WWW.example.com:80" + path})
    CHECK_EQ(std::count(world.probed.begin(), world.probed.end(), line), 1);
}

TEST(a_stranger_does_not_send_us_about) {
  for (const auto& [location, words] : std::map<std::string, std::string>{
           {"http://169.254.169.254/latest", "redirects to 169.254.169.254, which is no name of"},
           {"https://other.example/", "redirects to other.example, which is no name of"},
           {"http://example.com:8080/", "redirects to port 8080: CAs follow to 80 and 443 only"},
           {"ftp://example.com/", "redirects to what is no http or https URL"},
           {"http://user@example.com/", "redirects to what is no http or https URL"},
           {"http://example.com:99999/", "redirects to what is no http or https URL"}}) {
    Look world;
    world.servers["192.0.2.1"] = [location = location](const HttpRequest&) {
      return Look::page(302, kForeign, location);
    };
    CHECK_CONTAINS(world.warning(), "port 80 of example.com (192.0.2.1) " + words);
    CHECK_EQ(world.probed.size(), 1);
  }
}

TEST(redirects_without_end_come_to_one) {
  Look world;
  world.servers["192.0.2.1"] = [](const HttpRequest& request) {
    return Look::page(302, "", request.url + "x");
  };
  CHECK_CONTAINS(world.warning(), "port 80 of example.com (192.0.2.1) redirects without end");
  CHECK_EQ(world.probed.size(), 11);
}

TEST(the_end_of_a_redirect_is_told_with_its_place) {
  Look world;
  world.servers["192.0.2.1"] = [](const HttpRequest& request) {
    return request.url.starts_with("https") ? Look::page(404, kForeign)
                                            : Look::page(302, "", "https://example.com/");
  };
  CHECK_CONTAINS(world.warning(),
                 "answers, but not from this server (HTTP status 404) (it redirects "
                 "to example.com)");
}

// ---- what is looked at at all

TEST(port_80_is_left_alone_where_another_type_of_challenge_comes_first) {
  Look world({ChallengeType::tlsalpn01, ChallengeType::http01});
  world.ca.offers = {"tls-alpn-01", "http-01"};
  world.quiet();
  CHECK(world.probed.empty());
  CHECK_EQ(world.keeper.count(ipc::Type::begin_probe), 0);
  CHECK_EQ(std::count(world.asked.begin(), world.asked.end(), "A example.com"), 1);
}

TEST(an_address_is_probed_and_nothing_is_asked_about_it) {
  Look world;
  world.add("2001:db8::9");
  world.servers["2001:db8::9"] = stranger;
  world.order();
  CHECK(world.asked.empty());
  CHECK_EQ(world.probed,
           (std::vector<std::string>{
               "2001:db8::9 http://[2001:db8::9]/.well-known/acme-challenge/token1"}));
  CHECK_EQ(world.keeper.lines_with("port 80 of 2001:db8::9 answers, but not from this server"), 1);
}

TEST(it_can_be_switched_off) {
  Look world;
  world.config.issuers[0].preflight.on = false;
  world.add(kName);
  world.start();
  CHECK(world.run_until_issued(1, 20'000));
  CHECK(world.asked.empty() && world.probed.empty());
  CHECK_EQ(world.keeper.lines_with("preflight"), 0);
}

TEST(what_is_current_is_renewed_without) {
  Look world;
  ipc::LineageState& state = world.add(kName);
  state.stored = state.current = true;
  state.not_before = kStart - 80 * kDay;
  state.not_after = kStart + 2 * kDay;
  world.start();
  CHECK(world.run_until_issued(1, 60'000));
  CHECK(world.asked.empty() && world.probed.empty());
}

TEST(the_order_does_not_wait) {
  Look world;
  world.dns_takes = 3'600'000;
  world.add(kName);
  world.start();
  CHECK(world.run_until_issued(1, 20'000));
}

TEST(a_keeper_that_gives_no_token_is_no_finding) {
  Look world;
  world.keeper.before = [](ipc::Type type) -> std::optional<ipc::Reply> {
    if (type != ipc::Type::begin_probe) return std::nullopt;
    return ipc::Reply{false, static_cast<std::int32_t>(Errc::no_memory), "the board is full"};
  };
  world.add(kName);
  world.start();
  CHECK(world.run_until_issued(1, 20'000));
  CHECK(world.probed.empty());
  CHECK_CONTAINS(world.keeper.line_with("preflight: "), "the board is full");
}

// ---- beside a failure

struct Failing : Look {
  Failing() {
    ca.unanswered = {"http-01"};
    servers["192.0.2.1"] = stranger;
    add(kName);
  }
  std::string last_error() { return keeper.schedules[kName].last_error; }
};

TEST(a_failed_validation_is_told_with_what_was_seen) {
  Failing world;
  world.start();
  CHECK(world.run_until([&] { return world.keeper.lines_with("order failed") == 1; }, 20'000));
  for (const std::string& text : {world.keeper.line_with("order failed"), world.last_error()})
    CHECK_CONTAINS(text,
                   "refused; seen from here: port 80 of example.com (192.0.2.1) answers, but "
                   "not from this server (HTTP status 404)");
}

TEST(what_is_seen_after_the_failure_comes_to_the_status) {
  Failing world;
  world.dns_takes = 10'000;
  world.start();
  CHECK(world.run_until([&] { return world.keeper.lines_with("order failed") == 1; }, 5'000));
  CHECK_EQ(world.last_error().find("seen from here"), std::string::npos);
  CHECK(
      world.run_until([&] { return world.keeper.lines_with("preflight: port 80") == 1; }, 60'000));
  world.run_for(100);
  CHECK_CONTAINS(world.last_error(), "; seen from here: port 80 of example.com (192.0.2.1)");
}

TEST(a_renewal_that_fails_is_looked_at_then) {
  Failing world;
  ipc::LineageState& state = world.welcome.lineages[0];
  state.stored = state.current = true;
  state.not_before = kStart - 80 * kDay;
  state.not_after = kStart + 2 * kDay;
  world.start();
  CHECK(
      world.run_until([&] { return world.keeper.lines_with("preflight: port 80") == 1; }, 60'000));
  world.run_for(100);
  CHECK_CONTAINS(world.last_error(), "; seen from here: port 80 of example.com (192.0.2.1)");
}

TEST(what_was_mended_meanwhile_is_not_told_again) {
  Failing world;
  world.start();
  CHECK(world.run_until([&] { return world.keeper.lines_with("order failed") == 1; }, 20'000));
  CHECK_CONTAINS(world.last_error(), "seen from here");
  world.servers.clear();
  CHECK(world.run_until([&] { return world.keeper.schedules[kName].failures == 2; },
                        30 * kMinute * 1000));
  CHECK_EQ(world.last_error().find("seen from here"), std::string::npos);
}

TEST(the_same_finding_is_told_once) {
  Failing world;
  world.start();
  world.run_for(5 * kHour * 1000);
  CHECK(world.keeper.lines_with("order failed") >= 1);
  CHECK_EQ(world.keeper.lines_with("preflight: port 80"), 1);
  CHECK(world.keeper.probes.empty());
}

// ---- acmectl check

TEST(the_operator_is_told_everything_good_or_bad) {
  Look world;
  world.config.issuers[0].preflight.on = false;
  world.addresses[kName] = {"192.0.2.1", "2001:db8::7"};
  world.servers["2001:db8::7"] = dead;
  world.caa[kName] = {"ca.test"};
  world.order();
  world.keeper.tell(ipc::Check{7, {kName, KeyType::ecdsa256}, {kName}});
  CHECK(world.run_until([&] { return !world.keeper.checks.empty(); }, 20'000));
  const ipc::CheckDone& done = world.keeper.checks[0];
  CHECK_EQ(done.number, 7);
  CHECK_EQ(done.issuer, "ca");
  CHECK_EQ(done.names.size(), 1);
  const auto& sights = done.names[0].sights;
  CHECK_EQ(sights.size(), 3);
  CHECK_EQ(sights[0].what, "A 192.0.2.1");
  CHECK(sights[0].verdict == Verdict::good);
  CHECK_EQ(sights[1].what, "AAAA 2001:db8::7");
  CHECK(sights[1].verdict == Verdict::bad);
  CHECK_EQ(sights[2].words, "CAA of example.com allows ca.test");
  // Again, and anew.
  world.servers.clear();
  world.keeper.tell(ipc::Check{8, {kName, KeyType::ecdsa256}, {kName}});
  CHECK(world.run_until([&] { return world.keeper.checks.size() == 2; }, 20'000));
  CHECK(world.keeper.checks[1].names[0].sights[1].verdict == Verdict::good);
}

TEST(who_asks_is_answered_in_time_whatever_happens) {
  Look world;
  world.order();
  world.dns_takes = 3'600'000;
  const std::size_t before = world.keeper.checks.size();
  world.keeper.tell(ipc::Check{1, {kName, KeyType::ecdsa256}, {kName}});
  world.keeper.tell(ipc::Check{2, {"nobody", KeyType::ecdsa256}, {"nobody"}});
  CHECK(world.run_until([&] { return world.keeper.checks.size() == before + 2; }, 41'000));
  CHECK_CONTAINS(world.keeper.checks[before + 1].names[0].sights[0].words, "too long");
}

TEST(a_ca_without_directory_leaves_caa_open_when_asked_now) {
  Look world;
  world.ca.meta.clear();
  world.caa[kName] = {"ca.test"};
  world.order();
  CHECK_CONTAINS(world.keeper.line_with("preflight: "), "does not say which of these names");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
