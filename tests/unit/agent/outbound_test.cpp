// Which way a request goes, by directives and environment.
#include "agent/outbound.h"

#include <map>

#include "unit/check.h"
#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::agent;
using namespace acme::test;

namespace {

using Environment = std::map<std::string, std::string>;

struct World {
  Outbound outbound(const Environment& environment) {
    return Outbound(
        config,
        [&](const char* name) {
          auto found = environment.find(name);
          return found == environment.end() ? nullptr : found->second.c_str();
        },
        log);
  }
  Config config;
  RecordingLog log;
};

std::string way(const Outbound& outbound, const std::string& url, const std::string& issuer = {}) {
  HttpRequest request;
  request.url = url;
  request.issuer = issuer;
  outbound.direct(request);
  return request.proxy ? request.proxy->url : "";
}

TEST(the_environment_counts_where_no_directive_stands) {
  World world;
  IssuerConfig off;
  off.id = "off";
  off.outbound.proxy.mode = ProxyConfig::Mode::direct;
  IssuerConfig given;
  given.id = "given";
  given.outbound.proxy.mode = ProxyConfig::Mode::given;
  given.outbound.proxy.url = "http://given:1";
  world.config.issuers = {off, given};
  const Outbound outbound = world.outbound({{"HTTPS_PROXY", "proxy:2"},
                                            {"http_proxy", "plain:3"},
                                            {"no_proxy", ".spared.example, 10.1.2.3"}});
  CHECK_EQ(way(outbound, "https://ca.example/dir"), "http://proxy:2");
  CHECK_EQ(way(outbound, "http://api.example/"), "http://plain:3");
  CHECK_EQ(way(outbound, "https://a.spared.example/"), "");
  CHECK_EQ(way(outbound, "https://10.1.2.3:14000/"), "");
  for (const char* near : {"https://localhost:1/", "https://127.0.0.1/", "https://[::1]:2/"})
    CHECK_EQ(way(outbound, near), "");
  CHECK_EQ(way(outbound, "https://ca.example/dir", "off"), "");
  CHECK_EQ(way(outbound, "https://localhost/dir", "given"), "http://given:1");
}

TEST(a_look_at_a_server_goes_there_itself) {
  World world;
  const Outbound outbound = world.outbound({{"all_proxy", "socks5h://proxy:2"}});
  HttpRequest request;
  request.url = "http://www.example.org/";
  request.peek = Peek{"192.0.2.1"};
  outbound.direct(request);
  CHECK(!request.proxy);
  CHECK_EQ(way(outbound, "http://www.example.org/"), "socks5h://proxy:2");
}

TEST(a_variable_that_is_no_proxy_is_told_of_without_its_password) {
  World world;
  const Outbound outbound = world.outbound({{"https_proxy", "gopher://u:s3cret@x:1"}});
  CHECK_EQ(way(outbound, "https://ca.example/"), "");
  CHECK_EQ(world.log.warnings.size(), 1u);
  CHECK_CONTAINS(world.log.warnings[0], "https_proxy of the server's environment is not used");
  CHECK(world.log.warnings[0].find("s3cret") == std::string::npos);
}

TEST(no_proxy_spares_names_with_all_below_them) {
  CHECK(is_spared("*", "ca.example"));
  CHECK(is_spared("a.example ca.example", "ca.example"));
  CHECK(is_spared("example", "ca.example"));
  CHECK(!is_spared("a.example", "ca.example"));
  CHECK(!is_spared("", "ca.example"));
  CHECK(is_spared("[2001:db8::1]", "2001:db8::1"));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
