// dns-01 in the configuration: who sets the records, and what wildcards become possible by it.
#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;
using enum ChallengeType;

namespace {

const Words kDns = {"rfc2136", "server=192.0.2.1", "key=file:/etc/bind/acme.key"};

struct DnsConfig : SiteConfig {
  explicit DnsConfig(ServerKind server = ServerKind::nginx) : SiteConfig(server) {
    block = issuer("letsencrypt");
    set(block, "dns", kDns);
  }
  Builder::Scope block = 0;
  const IssuerConfig& le() { return *resolved().issuer("letsencrypt"); }
};

TEST(with_a_provider_dns_01_comes_behind_what_is_the_default_otherwise) {
  DnsConfig config;
  CHECK((config.le().challenges == std::vector{http01, tlsalpn01, dns01}));
  DnsConfig written;
  written.set(written.block, "challenge", {"dns-01", "http-01"});
  CHECK((written.le().challenges == std::vector{dns01, http01}));
}

TEST(the_dns_directives_are_read) {
  DnsConfig config;
  config.set(config.block, "dns", {"cloudflare", "token=file:cf", "zone=Example.org"});
  config.set(config.block, "dns_alias", {"ACME.example.net"});
  config.set(config.block, "dns_propagation", {"timeout=5m", "interval=10s"});
  config.set(config.block, "dns_resolver", {"192.0.2.1", "192.0.2.2:5353", "[2001:db8::1]", "::1"});
  const IssuerConfig& le = config.le();
  CHECK_EQ(le.dns.size(), 2);
  CHECK_EQ(le.dns[1].zone, "example.org");
  CHECK_EQ(le.dns_alias, "acme.example.net");
  CHECK_EQ(le.dns_propagation.timeout, 300);
  CHECK_EQ(le.dns_propagation.interval, 10);
  CHECK(!le.dns_propagation.delay);
  CHECK_EQ(le.dns_resolvers,
           (Words{"192.0.2.1:53", "192.0.2.2:5353", "[2001:db8::1]:53", "[::1]:53"}));

  DnsConfig waits;
  waits.set(waits.block, "dns_propagation", {"delay=90s"});
  CHECK_EQ(*waits.le().dns_propagation.delay, 90);
}

TEST(what_is_wrong_with_them_is_said) {
  DnsConfig config;
  auto wrong = [&](std::string_view key, const Words& words) {
    return config.wrong(key, words, config.block);
  };
  CHECK_CONTAINS(wrong("dns_propagation", {"timeout=5"}), "write a number with its unit");
  CHECK_CONTAINS(wrong("dns_propagation", {"timeout=2d"}), "longer than a day");
  CHECK_CONTAINS(wrong("dns_propagation", {"timeout=0"}), "a second at least");
  CHECK_CONTAINS(wrong("dns_propagation", {"wait=5s"}), "timeout=, interval= or delay=");
  CHECK_CONTAINS(wrong("dns_propagation", {"delay=5s", "timeout=5s"}), "stands alone");
  CHECK_CONTAINS(wrong("dns_propagation", {"delay=5s", "delay=6s"}), "given twice");
  CHECK_CONTAINS(wrong("dns_resolver", {"ns1.example.com"}), "not the address of a name server");
  CHECK_CONTAINS(wrong("dns_resolver", {"192.0.2.1:0"}), "not the address of a name server");
  CHECK_CONTAINS(wrong("dns_alias", {"*.example.net"}), "is no zone");
  CHECK_CONTAINS(wrong("dns", kDns), "two DNS providers without zone=");
}

TEST(a_dns_type_without_a_provider_is_an_error_but_dns_persist_01_needs_none) {
  for (const char* type : {"dns-01", "dns-account-01"}) {
    SiteConfig config;
    config.set(config.issuer("ca"), "challenge", {"http-01", type});
    CHECK_CONTAINS(config.refused(), std::string("the challenge type ") + type +
                                         " needs a DNS provider: write \"dns\" into the issuer "
                                         "\"ca\", too, in /etc/server.conf:1");
  }
  SiteConfig config;
  config.set(config.issuer("letsencrypt"), "challenge", {"dns-persist-01"});
  config.site({"*.example.com"}).set("acme", {"on"});
  CHECK_EQ(config.resolved().certificates.at(0).names, Words{"*.example.com"});
}

TEST(with_a_provider_wildcards_are_ordered) {
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    DnsConfig config(server);
    config.main("acme", {"on"});
    config.site({"*.example.com", "example.com", "www.example.org"});
    const CertificateConfig& certificate = config.resolved().certificates.at(0);
    CHECK_EQ(certificate.names, (Words{"*.example.com", "example.com", "www.example.org"}));
    CHECK_EQ(certificate.id, "example.com");
    CHECK(config.log.warnings.empty());
  }
}

TEST(a_name_beside_the_wildcard_that_covers_it_is_not_ordered) {
  DnsConfig config;
  config.set(config.block, "common_name", {"on"});
  auto site = config.site({"www.example.com", "*.example.com", "example.com", "a.b.example.com"});
  site.set("acme", {"on"});
  const CertificateConfig& certificate = config.resolved().certificates.at(0);
  CHECK_EQ(certificate.names, (Words{"*.example.com", "a.b.example.com", "example.com"}));
  CHECK_EQ(certificate.common_name, "example.com");
}

TEST(a_wildcard_is_refused_where_the_challenge_list_leaves_the_dns_types_out) {
  DnsConfig config;
  config.set(config.block, "challenge", {"http-01"});
  config.site({"*.example.com"}).set("acme", {"on"});
  CHECK_CONTAINS(config.refused(),
                 "\"*.example.com\" needs dns-01, which \"challenge\" of acme_issuer letsencrypt "
                 "{ ... } leaves out: add it there, in /etc/server.conf:");
}

TEST(each_issuer_of_the_list_must_be_able_to) {
  DnsConfig config;
  config.site({"*.example.com"}).set("acme", {"letsencrypt", "letsencrypt-staging"});
  CHECK_CONTAINS(config.refused(), "into acme_issuer letsencrypt-staging { ... }");
}

// Five hundred subdomains are one certificate.
TEST(a_thousand_sites_share_one_wildcard) {
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    DnsConfig config(server);
    if (server == ServerKind::httpd) {
      config.main("domain", {"*.example.com", "example.com"});
    } else {
      config.main("certificate", {"letsencrypt", "*.example.com", "example.com"});
    }
    config.main("acme", {"on"});
    std::vector<SiteConfig::Site> sites;
    for (int i = 0; i < 1000; ++i)
      sites.push_back(config.site({"n" + std::to_string(i) + ".example.com"}));
    CHECK_EQ(config.resolved().certificates.size(), 1);
    CHECK_EQ(config.resolved().slots(), 1);
    for (const SiteConfig::Site& site : sites)
      CHECK_EQ(certificates_of(site), Words{"_.example.com"});
    CHECK(config.log.warnings.empty());
  }
}

TEST(without_acme_a_certificate_by_hand_is_for_the_sites_that_its_wildcard_covers) {
  DnsConfig config;
  config.main("certificate", {"letsencrypt", "*.example.com"});
  auto covered = config.site({"www.example.com"});
  auto deeper = config.site({"a.b.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(certificates_of(covered), Words{"_.example.com"});
  CHECK(certificates_of(deeper).empty());
}

TEST(the_agent_and_the_store_have_no_secret_of_a_provider) {
  DnsConfig config;
  config.set(config.block, "dns", {"cloudflare", "token=sesame-open", "zone=example.org"});
  const Config& whole = config.resolved();
  CHECK_CONTAINS(encode_config(whole).view(), "sesame-open");
  for (const Config& copy : {reduced_for_agent(whole), without_secrets(whole)}) {
    CHECK_EQ(encode_config(copy).view().find("sesame-open"), std::string_view::npos);
    CHECK_EQ(copy.issuer("letsencrypt")->dns.at(1).zone, "example.org");
  }
  CHECK(reduced_for_agent(whole).issuer("letsencrypt")->dns.at(0).settings.empty());
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
