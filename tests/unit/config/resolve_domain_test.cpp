// ACMEDomain: certificates by hand in httpd, each rule a test.
#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;
using Kind = SitePlan::Kind;

namespace {

struct Httpd : SiteConfig {
  Httpd() : SiteConfig(ServerKind::httpd) {}
  void domain(const Words& words) { main("domain", words); }
};

}  // namespace

// ---- the directive itself

TEST(a_domain_has_names_an_id_issuers_and_keys) {
  Httpd config;
  config.domain({"www.example.com", "name=mine", "Example.com.",
                 "issuer=letsencrypt-staging,letsencrypt", "key=rsa:2048,ecdsa:256"});
  const CertificateConfig& certificate = config.resolved().certificates.at(0);
  CHECK_EQ(certificate.id, "mine");
  CHECK_EQ(certificate.names, (Words{"example.com", "www.example.com"}));
  CHECK_EQ(certificate.issuers, (Words{"letsencrypt-staging", "letsencrypt"}));
  CHECK_EQ(certificate.keys, (std::vector{KeyType::rsa2048, KeyType::ecdsa256}));
}

TEST(a_domain_is_named_after_its_first_name) {
  Httpd config;
  config.domain({"www.example.com", "example.com"});
  CHECK_EQ(config.resolved().certificates.at(0).id, "www.example.com");
}

TEST(what_is_wrong_with_a_domain_is_said) {
  Httpd config;
  CHECK_CONTAINS(config.wrong("domain", {}), "\"ACMEDomain\" takes at least one value");
  CHECK_CONTAINS(config.wrong("domain", {"issuer=letsencrypt"}), "there is no name");
  CHECK_EQ(config.wrong("domain", {".example.com"}),
           "\".example.com\" is no name: write example.com and www.example.com");
  CHECK_CONTAINS(config.wrong("domain", {"_"}), "\"_\" cannot be in a certificate");
  CHECK_CONTAINS(config.wrong("domain", {"under_score.example.com"}), "underscore");
  CHECK_CONTAINS(config.wrong("domain", {"www?.example.com"}), "it is a pattern");
  CHECK_CONTAINS(config.wrong("domain", {"a.example.com", "keys=rsa"}),
                 "unknown parameter \"keys=\": known are name=, issuer= and key=");
  CHECK_CONTAINS(config.wrong("domain", {"a.example.com", "key=rsa:1024"}), "\"rsa:1024\"");
  CHECK_CONTAINS(config.wrong("domain", {"a.example.com", "issuer=a", "issuer=b"}), "given twice");
  CHECK_CONTAINS(config.wrong("domain", {"a.example.com", "issuer=a,a"}), "given twice");
  CHECK_CONTAINS(config.wrong("domain", {"a.example.com", "issuer=on"}), "stands alone");
  CHECK_CONTAINS(config.wrong("domain", {"a.example.com", "name=a", "name=b"}), "given twice");
  CHECK_CONTAINS(config.wrong("domain", {"a.example.com", "name=../x"}), "cannot be the name");
}

TEST(each_server_has_its_own_directive_for_a_certificate_by_hand) {
  SiteConfig nginx;
  CHECK_CONTAINS(nginx.wrong("domain", {"a.example.com"}), "unknown directive");
  Httpd httpd;
  CHECK_CONTAINS(httpd.wrong("certificate", {"letsencrypt"}), "unknown directive");
}

TEST(a_wildcard_in_a_domain_is_refused_where_the_domain_stands) {
  Httpd config;
  config.domain({"example.com", "*.example.com"});
  std::string why = config.refused();
  CHECK_CONTAINS(why, "the wildcard \"*.example.com\" needs dns-01");
  CHECK_CONTAINS(why, "in /etc/server.conf:1");
}

TEST(a_domain_with_more_than_a_hundred_names_is_refused) {
  Words names;
  for (int i = 0; i < 101; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  Httpd config;
  config.domain(names);
  CHECK_CONTAINS(config.refused(), "101 names are too many");
}

// ---- its issuers and keys

TEST(a_domain_without_issuers_has_those_that_the_main_engine_names) {
  Httpd config;
  config.domain({"a.example.com"});
  CHECK_EQ(config.resolved().certificates.at(0).issuers, Words{"letsencrypt"});
  config.main("acme", {"on"});
  CHECK_EQ(config.resolved().certificates.at(0).issuers, Words{"letsencrypt"});
  config.main("acme", {"mine", "letsencrypt"});
  config.set(config.issuer("mine"), "key", {"ecdsa:384"});
  const CertificateConfig& certificate = config.resolved().certificates.at(0);
  CHECK_EQ(certificate.issuers, (Words{"mine", "letsencrypt"}));
  CHECK_EQ(certificate.keys, std::vector{KeyType::ecdsa384});
}

TEST(a_domain_in_a_host_has_the_issuers_of_the_nearest_engine_that_names_some) {
  Httpd config;
  config.main("acme", {"letsencrypt-staging"});
  config.issuer("mine");
  config.site({"a.example.com"}).set("domain", {"a.example.com"});
  config.site({"b.example.com"}).set("acme", {"mine"}).set("domain", {"b.example.com"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificate("a.example.com")->issuers, Words{"letsencrypt-staging"});
  CHECK_EQ(resolved.certificate("b.example.com")->issuers, Words{"mine"});
}

TEST(the_issuer_of_a_domain_may_stand_after_it_but_must_stand_somewhere) {
  Httpd config;
  config.domain({"a.example.com", "issuer=mine"});
  CHECK_EQ(config.refused(),
           "unknown issuer \"mine\": define it with <ACMEIssuer mine> or write letsencrypt, in "
           "/etc/server.conf:1");
  config.issuer("mine");
  CHECK_EQ(config.resolved().certificates.at(0).issuers, Words{"mine"});
}

TEST(a_domain_is_renewed_as_the_level_says_that_it_stands_in) {
  Httpd config;
  config.main("renew", {"33%"});
  config.domain({"a.example.com"});
  config.site({"b.example.com"}).set("renew", {"30d"}).set("domain", {"b.example.com"});
  CHECK_EQ(config.resolved().certificate("a.example.com")->renew.per_mille, 330);
  CHECK_EQ(config.resolved().certificate("b.example.com")->renew.seconds, 30 * kDay);
}

// ---- whom a domain of the main level serves

TEST(a_domain_is_for_the_tls_hosts_that_carry_one_of_its_names) {
  Httpd config;
  config.domain({"a.example.com", "b.example.com"});
  auto a = config.site({"A.Example.com"}, {.scope = false});
  auto alias = config.site({"b.example.com", "a.example.com"});
  auto other = config.site({"c.example.com"});
  auto plain = config.site({"a.example.com"}, {.tls = false});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(a.plan().kind, Kind::managed);
  CHECK_EQ(certificates_of(alias), Words{"a.example.com"});
  CHECK_EQ(other.plan().kind, Kind::off);
  CHECK_EQ(plain.plan().kind, Kind::off);
  CHECK(config.log.warnings.empty());
}

TEST(a_file_in_a_host_that_a_domain_names_is_a_bridge) {
  Httpd config;
  config.domain({"a.example.com"});
  auto named = config.site({"a.example.com"}, {.own_certificate = true, .scope = false});
  auto other = config.site({"b.example.com"}, {.own_certificate = true, .scope = false});
  config.resolved();
  CHECK_EQ(named.plan().kind, Kind::bridge);
  CHECK_EQ(other.plan().kind, Kind::off);
  CHECK(config.log.warnings.empty());
}

TEST(a_host_that_switches_the_engine_off_is_left_alone) {
  Httpd config;
  config.domain({"a.example.com", "b.example.com"});
  auto off = config.site({"a.example.com"}).set("acme", {"off"});
  auto own = config.site({"a.example.com"}, {.own_certificate = true}).set("acme", {"off"});
  auto on = config.site({"b.example.com"});
  config.resolved();
  CHECK_EQ(off.plan().kind, Kind::off);
  CHECK_EQ(own.plan().kind, Kind::off);
  CHECK_EQ(on.plan().kind, Kind::managed);
  CHECK(config.log.warnings.empty());
}

TEST(an_engine_that_is_off_at_the_main_level_leaves_domains_as_they_are) {
  Httpd config;
  config.main("acme", {"off"});
  config.domain({"a.example.com"});
  auto site = config.site({"a.example.com"});
  config.resolved();
  CHECK_EQ(site.plan().kind, Kind::managed);
}

TEST(a_name_without_a_dot_may_be_in_a_domain_and_finds_its_host) {
  Httpd config;
  config.domain({"intranet"});
  auto site = config.site({"Intranet"});
  CHECK_EQ(config.resolved().certificates.at(0).names, Words{"intranet"});
  CHECK_EQ(certificates_of(site), Words{"intranet"});
  CHECK(config.log.warnings.empty());
}

TEST(a_host_may_carry_names_of_many_domains_and_the_first_is_for_its_servername) {
  Httpd config;
  config.domain({"c.example.com"});
  config.domain({"a.example.com"});
  config.domain({"b.example.com"});
  auto site = config.site({"b.example.com", "a.example.com", "c.example.com"});
  config.resolved();
  CHECK_EQ(certificates_of(site), (Words{"b.example.com", "a.example.com", "c.example.com"}));
}

TEST(a_domain_that_no_host_carries_is_ordered_all_the_same_with_a_warning) {
  Httpd config;
  config.domain({"elsewhere.example.com", "name=mail"});
  config.site({"elsewhere.example.com"}, {.tls = false});
  config.site({"elsewhere.example.com"}).set("acme", {"off"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(config.log.warnings,
           Words{"no virtual host with \"SSLEngine on\" carries a name of the certificate "
                 "\"elsewhere.example.com\" in /etc/server.conf:1: ordered all the same"});
}

TEST(many_domains_that_no_host_carries_are_one_warning) {
  Httpd config;
  config.domain({"used.example.com"});
  config.domain({"a.example.com"});
  config.domain({"b.example.com"});
  config.site({"used.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 3);
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "a name of 2 certificates, the first one");
  CHECK_CONTAINS(config.log.warnings[0], "\"a.example.com\" in /etc/server.conf:2");
}

TEST(a_name_that_no_domain_covers_is_warned_of) {
  Httpd config;
  config.domain({"a.example.com"});
  config.site({"a.example.com", "z.example.com", "*.example.com", "www?.example.com"});
  config.resolved();
  CHECK_EQ(config.log.warnings.size(), 3);
  CHECK_CONTAINS(config.log.warnings[0], "for the name \"www?.example.com\": it is a pattern");
  CHECK_EQ(config.log.warnings[1],
           "no certificate covers the name \"z.example.com\" of the virtual host in "
           "/etc/server.conf:2: add it to \"ACMEDomain\"");
  CHECK_CONTAINS(config.log.warnings[2], "\"*.example.com\"");
}

// ---- a domain in a virtual host

TEST(a_domain_in_a_host_is_for_that_host_whatever_its_names_are) {
  Httpd config;
  auto site = config.site({"www.example.com"})
                  .set("domain", {"customer.example.net"})
                  .set("domain", {"customer.example.org"})
                  .set("domain", {"www.example.com"});
  auto other = config.site({"customer.example.org"});
  CHECK_EQ(config.resolved().certificates.size(), 3);
  CHECK_EQ(certificates_of(site),
           (Words{"www.example.com", "customer.example.net", "customer.example.org"}));
  CHECK_EQ(other.plan().kind, Kind::off);
  CHECK(config.log.warnings.empty());
}

TEST(a_host_has_its_own_domains_and_those_of_the_main_level) {
  Httpd config;
  config.domain({"www.example.com"});
  auto site = config.site({"www.example.com"}).set("domain", {"customer.example.net"});
  config.resolved();
  CHECK_EQ(certificates_of(site), (Words{"www.example.com", "customer.example.net"}));
}

TEST(a_file_beside_a_domain_in_the_same_host_is_a_bridge) {
  Httpd config;
  auto site = config.site({"www.example.com"}, {.own_certificate = true})
                  .set("domain", {"customer.example.net"});
  config.resolved();
  CHECK_EQ(site.plan().kind, Kind::bridge);
}

TEST(a_domain_in_a_host_without_tls_has_no_effect_and_is_warned_of) {
  Httpd config;
  config.site({"a.example.com"}, {.tls = false}).set("domain", {"a.example.com"});
  CHECK(config.resolved().certificates.empty());
  CHECK_EQ(config.log.warnings,
           Words{"\"ACMEDomain\" has no effect in a virtual host without \"SSLEngine on\", in "
                 "/etc/server.conf:1"});
}

TEST(a_domain_in_a_host_that_is_switched_off_has_no_effect_and_is_warned_of) {
  Httpd config;
  auto site = config.site({"a.example.com"}).set("domain", {"a.example.com"}).set("acme", {"off"});
  CHECK(config.resolved().certificates.empty());
  CHECK_EQ(site.plan().kind, Kind::off);
  CHECK_EQ(config.log.warnings,
           Words{"\"ACMEDomain\" has no effect beside \"ACMEEngine off\", in /etc/server.conf:1"});
}

// ---- together with the engine

TEST(a_host_under_the_engine_whose_names_are_covered_has_no_certificate_of_its_own) {
  Httpd config;
  config.main("acme", {"on"});
  config.domain({"a.example.com"});
  config.domain({"b.example.com", "x.example.com"});
  auto site = config.site({"b.example.com", "a.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 2);
  CHECK_EQ(certificates_of(site), (Words{"b.example.com", "a.example.com"}));
  CHECK(config.log.warnings.empty());
}

TEST(under_the_engine_names_that_no_domain_covers_have_a_certificate_of_their_own) {
  Httpd config;
  config.domain({"b.example.com"});
  auto site = config.site({"a.example.com", "b.example.com", "c.example.com"}).set("acme", {"on"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates.size(), 2);
  CHECK_EQ(resolved.certificate("a.example.com")->names, (Words{"a.example.com", "c.example.com"}));
  CHECK_EQ(certificates_of(site), (Words{"a.example.com", "b.example.com"}));
  CHECK(config.log.warnings.empty());
}

TEST(a_host_under_the_engine_uses_the_domain_of_another_host_too) {
  Httpd config;
  config.main("acme", {"on"});
  auto a = config.site({"a.example.com"}).set("domain", {"a.example.com", "b.example.com"});
  auto b = config.site({"b.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(certificates_of(a), certificates_of(b));
}

TEST(a_file_answers_for_the_names_that_no_domain_covers_beside_an_inherited_engine) {
  Httpd config;
  config.main("acme", {"on"});
  config.domain({"a.example.com"});
  auto site = config.site({"a.example.com", "b.example.com"}, {.own_certificate = true});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(site.plan().kind, Kind::bridge);
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "no certificate covers the name \"b.example.com\"");
}

TEST(a_file_is_left_alone_where_neither_domain_nor_an_engine_here_names_the_host) {
  Httpd config;
  config.main("acme", {"on"});
  config.domain({"a.example.com"});
  config.site({"a.example.com"});
  auto site = config.site({"b.example.com"}, {.own_certificate = true});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(site.plan().kind, Kind::off);
}

// ---- one name, one domain

TEST(a_name_in_two_domains_is_an_error_with_both_places) {
  Httpd config;
  config.domain({"a.example.com", "www.example.com"});
  config.domain({"b.example.com", "WWW.example.com"});
  CHECK_EQ(config.refused(),
           "the name \"www.example.com\" stands in two certificates given by hand, in "
           "/etc/server.conf:1 and in /etc/server.conf:2: leave it out of one");
}

TEST(names_may_not_overlap_between_the_main_level_and_a_host_either) {
  Httpd config;
  config.domain({"a.example.com"});
  config.site({"b.example.com"}).set("domain", {"a.example.com", "b.example.com"});
  CHECK_CONTAINS(config.refused(), "in /etc/server.conf:1 and in /etc/server.conf:3");
}

TEST(equal_names_with_other_issuers_keys_or_ids_are_two_certificates_of_one_name) {
  for (const char* other : {"issuer=letsencrypt-staging", "key=rsa:2048", "name=y"}) {
    Httpd config;
    config.domain({"a.example.com", "name=x"});
    config.domain({"a.example.com", other});
    CHECK_CONTAINS(config.refused(), "stands in two");
  }
}

TEST(the_same_domain_twice_is_one) {
  Httpd config;
  config.domain({"a.example.com", "b.example.com"});
  config.domain({"B.example.com", "a.example.com", "name=mine", "key=ecdsa:256"});
  config.domain({"a.example.com", "b.example.com", "name=mine"});
  auto a = config.site({"a.example.com"});
  auto b = config.site({"x.example.com"}).set("domain", {"a.example.com", "b.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(certificates_of(a), Words{"mine"});
  CHECK_EQ(certificates_of(b), Words{"mine"});
}

TEST(a_snippet_that_is_included_in_two_hosts_is_one_certificate_for_both) {
  Httpd config;
  auto a = config.site({"www.example.com"}).set("domain", {"www.example.com"});
  auto b = config.site({"www.example.com"}).set("domain", {"www.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(certificates_of(a), certificates_of(b));
}

// ---- the words of httpd

TEST(messages_about_a_virtual_host_are_in_the_words_of_httpd) {
  Httpd config;
  config.site({"a.example.com"}, {.tls = false}).set("acme", {"on"});
  config.resolved();
  CHECK_EQ(config.log.warnings,
           Words{"\"ACMEEngine\" has no effect in a virtual host without \"SSLEngine on\", in "
                 "/etc/server.conf:1"});
  config.site({"localhost"}).set("acme", {"on"});
  CHECK_CONTAINS(config.refused(),
                 "\"ACMEEngine\" is on, but the virtual host has no name that a certificate could "
                 "carry: give it one, in /etc/server.conf:3");
}

TEST(the_last_one_of_a_directive_counts_as_everywhere_in_httpd) {
  Httpd config;
  config.main("acme", {"off"});
  config.main("acme", {"letsencrypt-staging"});
  Builder::Scope issuer = config.issuer("mine");
  config.set(issuer, "profile", {"one", "require"});
  config.set(issuer, "profile", {"other"});
  config.set(issuer, "account_key", {"account.pem"});
  config.set(issuer, "account_key", {"rsa:2048"});
  config.site({"a.example.com"});
  CHECK_EQ(config.resolved().certificates.at(0).issuers, Words{"letsencrypt-staging"});
  CHECK_EQ(config.resolved().issuer("mine")->profile, "other");
  CHECK(!config.resolved().issuer("mine")->profile_required);
  CHECK_EQ(config.resolved().issuer("mine")->account_key_file, "");
}

// ---- many

TEST(five_thousand_domains_of_one_host_are_resolved_in_a_moment) {
  Httpd config;
  Words names;
  for (int i = 0; i < 5000; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  for (const std::string& name : names) config.domain({name});
  auto site = config.site(names);
  config.resolved();
  CHECK_EQ(certificates_of(site), names);
  CHECK(config.log.warnings.empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
