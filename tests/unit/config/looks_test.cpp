// Where each certificate can be seen, and by which name.
#include "config/looks.h"

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

struct Looks {
  explicit Looks(ServerKind kind = ServerKind::nginx) : config(kind) {
    auto block = config.issuer("mine");
    config.set(block, "directory_url", {"https://ca.example/dir"});
    config.set(block, "challenge", {"dns-persist-01"});  // wildcards, too
  }

  SiteConfig::Site site(const Words& names, const Words& addresses,
                        unsigned flags = Builder::kListenerTls, bool acme = true) {
    SiteConfig::Site site = config.site(names);
    if (acme) site.set("acme", {"mine"});
    for (const std::string& address : addresses)
      REQUIRE_OK(config.builder.add_listener(site.number, address, flags));
    return site;
  }
  // "name at address, address; …" of a certificate.
  std::string of(const std::string& id) {
    const Config& resolved =
        config.builder.resolved() ? config.builder.resolution().config : config.resolved();
    const CertificateConfig* certificate = resolved.certificate(id);
    CHECK(certificate != nullptr);
    std::string text;
    for (const LookConfig& look : certificate->looks) {
      text += (text.empty() ? "" : "; ") + look.name + " at";
      for (const Listener& listener : look.listeners)
        text += " " + listener.address + (listener.proxy_protocol ? "(proxy)" : "");
    }
    return text;
  }

  SiteConfig config;
};

}  // namespace

TEST(who_listens_everywhere_is_asked_at_a_loopback_address) {
  Looks looks;
  looks.site({"a.example.com", "b.example.com"}, {"0.0.0.0:443", "[::]:443", "unix:/run/a.sock"});
  looks.site({"c.example.com"}, {"192.0.2.1:8443", "[2001:db8::1]:443"});
  CHECK_EQ(looks.of("a.example.com"), "a.example.com at 127.0.0.1:443 [::1]:443 unix:/run/a.sock");
  CHECK_EQ(looks.of("c.example.com"), "c.example.com at 192.0.2.1:8443 [2001:db8::1]:443");
}

TEST(an_address_that_others_have_is_not_asked_for_what_listens_everywhere) {
  Looks looks;
  looks.site({"a.example.com"}, {"0.0.0.0:443", "[::]:443"});
  looks.site({"b.example.com"}, {"127.0.0.1:443"});
  looks.site({"plain.example.com"}, {"[::1]:443"}, 0, false);
  CHECK_EQ(looks.of("a.example.com"), "a.example.com at 127.0.0.2:443");
  CHECK_EQ(looks.of("b.example.com"), "b.example.com at 127.0.0.1:443");
}

TEST(listeners_without_tls_are_not_asked_and_the_proxy_protocol_is_remembered) {
  Looks looks;
  auto site = looks.site({"a.example.com"}, {"127.0.0.1:80"}, 0);
  REQUIRE_OK(looks.config.builder.add_listener(
      site.number, "127.0.0.1:443", Builder::kListenerTls | Builder::kListenerProxyProtocol));
  REQUIRE_OK(
      looks.config.builder.add_listener(site.number, "fe80::1%eth0:443", Builder::kListenerTls));
  CHECK_EQ(looks.of("a.example.com"), "a.example.com at 127.0.0.1:443(proxy)");
}

TEST(a_wildcard_is_asked_by_a_name_that_no_site_has) {
  Looks looks;
  looks.site({"*.example.com"}, {"127.0.0.1:443"});
  CHECK_EQ(looks.of("_.example.com"), "acme-self-check.example.com at 127.0.0.1:443");
}

TEST(a_site_under_another_ones_wildcard_is_asked_by_its_own_name) {
  Looks looks;
  looks.config.main("certificate", {"mine", "*.example.com", "name=wild"});
  looks.site({"a.example.com"}, {"127.0.0.1:443"});
  looks.site({"b.example.com"}, {"127.0.0.1:443"});
  looks.site({"c.example.com"}, {"127.0.0.1:444"});
  // The same listeners once.
  CHECK_EQ(looks.of("wild"), "a.example.com at 127.0.0.1:443; c.example.com at 127.0.0.1:444");
}

TEST(an_address_is_asked_at_that_address_without_a_name) {
  Looks looks;
  looks.site({"8.8.8.8"}, {"0.0.0.0:443", "[::]:443", "127.0.0.1:444"});
  CHECK_EQ(looks.of("8.8.8.8"), " at 8.8.8.8:443");
}

TEST(a_name_that_no_site_has_is_asked_of_the_default_server_alone) {
  for (bool is_default : {true, false}) {
    Looks looks;
    auto site =
        looks.site({"_"}, {"127.0.0.1:443"},
                   Builder::kListenerTls | (is_default ? Builder::kListenerDefault : 0u), false);
    site.set("certificate", {"mine", "a.example.com", "b.example.com"});
    looks.site({"a.example.com"}, {"127.0.0.1:443"}, Builder::kListenerTls, false);
    CHECK_EQ(looks.of("a.example.com"), is_default ? "b.example.com at 127.0.0.1:443" : "");
  }
}

TEST(it_can_be_switched_off) {
  Looks looks;
  CHECK_CONTAINS(looks.config.wrong("self_check", {"perhaps"}), "is neither on nor off");
  looks.config.main("self_check", {"off"});
  looks.site({"a.example.com"}, {"127.0.0.1:443"});
  CHECK_EQ(looks.of("a.example.com"), "");
}

TEST(without_listeners_nothing_is_looked_at) {
  Looks looks;
  looks.site({"a.example.com"}, {});
  CHECK_EQ(looks.of("a.example.com"), "");
  REQUIRE_ERROR(looks.config.builder.add_listener(9, "127.0.0.1:443", 0), Errc::invalid_argument);
}

TEST(addresses_are_taken_apart) {
  CHECK_EQ(split_address("[2001:DB8::1]:443")->ip, "2001:db8::1");
  CHECK_EQ(split_address("192.0.2.1:443")->port, ":443");
  for (const char* wrong : {"", "x", ":443", "192.0.2.1", "192.0.2.1:", "unix:/x"})
    CHECK(!split_address(wrong));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
