// `proxy`, `ip_version`: what may be written, who inherits from whom, what no copy holds.
#include "config/outbound.h"

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

TEST(a_proxy_is_a_url_whose_user_and_password_are_taken_out) {
  ProxyConfig proxy =
      REQUIRE_OK(parse_proxy({"http://us%40er:p%3Ass@Proxy.example:3128/"}, "/etc"));
  CHECK_EQ(proxy.url, "http://proxy.example:3128");
  CHECK_EQ(proxy.user, "us@er");
  CHECK_EQ(proxy.password.view(), "p:ss");
  for (const char* url : {"https://a:443", "socks5://127.0.0.1:1080", "socks5h://[::1]:1080"})
    CHECK_EQ(REQUIRE_OK(parse_proxy({url}, "/etc")).url, url);
  CHECK(REQUIRE_OK(parse_proxy({"off"}, "/etc")).mode == ProxyConfig::Mode::direct);
  proxy = REQUIRE_OK(parse_proxy({"http://user@host:3128", "password=file:proxy.secret"}, "/etc"));
  CHECK_EQ(proxy.password_file, "/etc/proxy.secret");
}

TEST(what_is_wrong_is_said_without_the_password) {
  for (const Words& words : std::vector<Words>{{"proxy.example:3128"},
                                               {"ftp://user:s3cret@host:21"},
                                               {"http://user:s3cret@host"},
                                               {"http://user:s3cret@host:0"},
                                               {"http://user:s3cret@host:99999"},
                                               {"http://user:s3cret@ho st:3128"},
                                               {"http://user:s3cret%0A@host:3128"},
                                               {"http://user:s3cret%zz@host:3128"},
                                               {"http://:s3cret@host:3128"},
                                               {"http://host:3128/s3cret"},
                                               {"http://host:3128", "password=file:/x"},
                                               {"http://user:a@host:3128", "password=file:/x"},
                                               {"http://user@host:3128", "password=s3cret"},
                                               {"off", "password=file:/x"}}) {
    const std::string message = REQUIRE_ERROR(parse_proxy(words, "/"), Errc::invalid_config);
    CHECK(message.find("s3cret") == std::string::npos);
  }
  CHECK_CONTAINS(parse_proxy({"proxy:3128"}, "/").error().message, "http://HOST:PORT");
}

TEST(the_environment_is_read_as_curl_reads_it) {
  CHECK_EQ(REQUIRE_OK(parse_proxy_variable("proxy.example:3128")).url, "http://proxy.example:3128");
  CHECK_EQ(REQUIRE_OK(parse_proxy_variable("http://proxy.example/")).url, "http://proxy.example");
}

TEST(an_issuer_goes_its_own_way_or_that_of_all) {
  SiteConfig config;
  config.main("acme", {"letsencrypt", "own", "direct"});
  config.main("proxy", {"http://u:s3cret@all:3128"});
  config.main("ip_version", {"ipv4"});
  auto own = config.issuer("own");
  config.set(own, "directory_url", {"https://own.example/dir"});
  config.set(own, "proxy", {"socks5h://own:1080"});
  auto direct = config.issuer("direct");
  config.set(direct, "directory_url", {"https://direct.example/dir"});
  config.set(direct, "proxy", {"off"});
  config.set(direct, "ip_version", {"any"});
  config.site({"example.com"});
  const Config& whole = config.resolved();
  CHECK_EQ(whole.outbound.proxy.url, "http://all:3128");
  CHECK_EQ(whole.issuer("letsencrypt")->outbound.proxy.url, "http://all:3128");
  CHECK_EQ(whole.issuer("own")->outbound.proxy.url, "socks5h://own:1080");
  CHECK(whole.issuer("own")->outbound.ip_version == IpVersion::ipv4);
  CHECK(whole.issuer("direct")->outbound.proxy.mode == ProxyConfig::Mode::direct);
  CHECK(whole.issuer("direct")->outbound.ip_version == IpVersion::any);
  const Config open = without_secrets(whole);
  CHECK(open.outbound.proxy.password.empty());
  CHECK(open.issuer("letsencrypt")->outbound.proxy.password.empty());
  const Config agents = reduced_for_agent(REQUIRE_OK(decode_config(encode_config(whole).view())));
  CHECK_EQ(agents.issuer("letsencrypt")->outbound.proxy.password.view(), "s3cret");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
