// From directives to certificates and plans: each rule a test.
#include <set>

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;
using Kind = SitePlan::Kind;

// ---- acme on, off, issuers

TEST(on_at_the_main_level_makes_a_certificate_for_each_tls_site) {
  SiteConfig config;
  config.main("acme", {"on"});
  auto a = config.site({"www.example.com", "example.com"});
  auto b = config.site({"example.org"});
  auto plain = config.site({"plain.example.com"}, {.tls = false});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates.size(), 2);
  CHECK_EQ(resolved.certificates[0].id, "www.example.com");
  CHECK_EQ(resolved.certificates[0].names, (Words{"example.com", "www.example.com"}));
  CHECK_EQ(resolved.certificates[0].issuers, Words{"letsencrypt"});
  CHECK_EQ(a.plan().kind, Kind::managed);
  CHECK_EQ(certificates_of(b), Words{"example.org"});
  CHECK_EQ(plain.plan().kind, Kind::off);
  CHECK(config.log.warnings.empty());
}

TEST(switches_are_known_in_the_spelling_of_httpd_too) {
  SiteConfig config(ServerKind::httpd);
  config.main("acme", {"On"});
  config.site({"a.example.com"});
  config.site({"b.example.com"}).set("acme", {"Off"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
}

TEST(off_in_a_site_wins_over_on_further_out) {
  SiteConfig config;
  config.main("acme", {"on"});
  auto site = config.site({"example.com"}).set("acme", {"off"});
  CHECK(config.resolved().certificates.empty());
  CHECK_EQ(site.plan().kind, Kind::off);
}

TEST(on_in_a_site_wins_over_off_further_out) {
  SiteConfig config;
  config.main("acme", {"off"});
  config.site({"example.com"}).set("acme", {"on"});
  config.site({"example.org"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
}

TEST(on_means_the_issuers_of_the_nearest_outer_level) {
  SiteConfig config;
  config.issuer("mine");
  config.main("acme", {"mine", "letsencrypt"});
  config.site({"a.example.com"});
  config.site({"b.example.com"}).set("acme", {"on"});
  config.site({"c.example.com"}).set("acme", {"letsencrypt-staging"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates[0].issuers, (Words{"mine", "letsencrypt"}));
  CHECK_EQ(resolved.certificates[1].issuers, (Words{"mine", "letsencrypt"}));
  CHECK_EQ(resolved.certificates[2].issuers, Words{"letsencrypt-staging"});
}

TEST(an_issuer_may_stand_after_its_use_but_must_stand_somewhere) {
  SiteConfig config;
  config.main("acme", {"mine"});
  config.site({"example.com"});
  CHECK_EQ(config.refused(),
           "unknown issuer \"mine\": define it with acme_issuer mine { ... } or write letsencrypt, "
           "in /etc/server.conf:1");
  config.issuer("mine");
  config.resolved();
}

TEST(an_unknown_issuer_is_told_in_the_words_of_the_server) {
  SiteConfig config(ServerKind::httpd);
  config.site({"example.com"}).set("acme", {"mine"});
  CHECK_CONTAINS(config.refused(), "<ACMEIssuer mine>");
  SiteConfig hand;
  hand.main("certificate", {"mine", "example.com"});
  CHECK_CONTAINS(hand.refused(), "unknown issuer \"mine\"");
}

TEST(keys_come_from_the_first_issuer) {
  SiteConfig config;
  config.set(config.issuer("mine"), "key", {"ecdsa:384", "rsa:2048"});
  config.main("acme", {"mine", "letsencrypt"});
  config.site({"a.example.com"});
  config.site({"b.example.com"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates[0].keys.size(), 2);
  CHECK_EQ(resolved.certificates[0].keys[0], KeyType::ecdsa384);
  CHECK_EQ(resolved.certificates[0].first_slot, 0);
  CHECK_EQ(resolved.certificates[1].first_slot, 2);
  CHECK_EQ(resolved.slots(), 4);
}

TEST(whether_a_certificate_may_be_partial_is_its_sites_word_else_the_main_levels) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.main("partial", {"on"});
  config.site({"a.example.com"});
  config.site({"b.example.com"}).set("partial", {"off"});
  config.main("certificate", {"letsencrypt", "c.example.com"});
  const Config& resolved = config.resolved();
  CHECK(resolved.certificate("a.example.com")->partial);
  CHECK(!resolved.certificate("b.example.com")->partial);
  CHECK(resolved.certificate("c.example.com")->partial);
}

TEST(the_renewal_of_a_certificate_is_its_sites_else_the_main_levels) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.main("renew", {"33%"});
  config.site({"a.example.com"});
  config.site({"b.example.com"}).set("renew", {"30d"});
  config.main("certificate", {"letsencrypt", "c.example.com"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificate("a.example.com")->renew.per_mille, 330);
  CHECK_EQ(resolved.certificate("b.example.com")->renew.seconds, 30 * kDay);
  CHECK_EQ(resolved.certificate("c.example.com")->renew.per_mille, 330);
}

TEST(an_explicit_acme_without_a_tls_listener_is_warned_of) {
  SiteConfig config;
  config.site({"example.com"}, {.tls = false}).set("acme", {"on"});
  CHECK(config.resolved().certificates.empty());
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "without a TLS listener, in /etc/server.conf:1");
}

// ---- names of a site

TEST(names_that_cannot_be_in_a_certificate_are_skipped_with_one_warning_each) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"example.com", "~^w\\d", "_", "", "www.example.*", "192.0.2.7", "localhost",
               "b\xfc.example"});
  CHECK_EQ(config.resolved().certificates.at(0).names, Words{"example.com"});
  CHECK_EQ(config.log.warnings.size(), 7);
  const char* expected[] = {"~^w\\\\d",  "\"_\"",     "\"\"",          "www.example.*",
                            "192.0.2.7", "localhost", "b\\xfc.example"};
  for (std::size_t i = 1; i < 7; ++i) {
    CHECK_CONTAINS(config.log.warnings[i], expected[i]);
    CHECK_CONTAINS(config.log.warnings[i], "in /etc/server.conf:2");
  }
  CHECK_EQ(config.log.warnings[0],
           "no certificate for the name \"~^w\\d\": it is a regular expression, in "
           "/etc/server.conf:2");
}

TEST(a_public_address_of_a_site_is_one_of_its_names) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"example.com", "9.9.9.9", "[2606:4700:4700::1111]", "127.0.0.1"});
  CHECK_EQ(config.resolved().certificates.at(0).names,
           (Words{"2606:4700:4700::1111", "9.9.9.9", "example.com"}));
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "\"127.0.0.1\": public CAs give no");
}

TEST(a_certificate_by_hand_without_names_has_a_private_address_of_its_site_too) {
  SiteConfig config;
  auto site = config.site({"127.0.0.1", "[::1]"}).set("certificate", {"letsencrypt"});
  CHECK_EQ(config.resolved().certificates.at(0).names, (Words{"127.0.0.1", "::1"}));
  CHECK_EQ(site.plan().kind, SitePlan::Kind::managed);
  CHECK(config.log.warnings.empty());
}

TEST(an_international_name_of_a_site_is_ordered_as_dns_knows_it) {
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    SiteConfig config(server);
    config.main("acme", {"on"});
    config.site({"b\xc3\xbc.example", "www.example"});
    const CertificateConfig& certificate = config.resolved().certificates.at(0);
    CHECK_EQ(certificate.names, (Words{"www.example", "xn--b-eha.example"}));
    CHECK_EQ(certificate.id, "xn--b-eha.example");
    CHECK_EQ(config.log.warnings.size(), 1);
    CHECK_CONTAINS(config.log.warnings[0],
                   "clients ask for the name \"b\xc3\xbc.example\" as xn--b-eha.example");
  }
  SiteConfig both;
  both.main("acme", {"on"});
  both.site({"b\xc3\xbc.example", "xn--b-eha.example"});
  CHECK_EQ(both.resolved().certificates.at(0).names, Words{"xn--b-eha.example"});
  CHECK(both.log.warnings.empty());
}

TEST(a_leading_dot_means_the_apex_and_its_wildcard) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({".example.com"});
  CHECK_EQ(config.resolved().certificates.at(0).names, Words{"example.com"});
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "wildcard \"*.example.com\"");
}

TEST(a_wildcard_under_an_inherited_acme_is_skipped_with_a_warning) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"example.com", "*.example.com"});
  CHECK_EQ(config.resolved().certificates.at(0).names, Words{"example.com"});
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "needs dns-01, which needs a DNS provider");
}

TEST(a_wildcard_under_an_explicit_acme_is_an_error) {
  for (const char* name : {"*.example.com", ".example.com"}) {
    SiteConfig config;
    config.site({name}).set("acme", {"on"});
    CHECK_CONTAINS(config.refused(),
                   "the wildcard \"*.example.com\" needs dns-01, which needs a DNS provider");
  }
  SiteConfig config;
  config.main("certificate", {"letsencrypt", "*.example.com"});
  CHECK_CONTAINS(config.refused(),
                 "needs a DNS provider: write \"dns PROVIDER ...\" into acme_issuer letsencrypt { "
                 "... }, or write the names out, in /etc/server.conf:1");
}

TEST(a_site_without_any_usable_name_is_an_error_when_explicit_and_left_alone_when_not) {
  SiteConfig inherited;
  inherited.main("acme", {"on"});
  auto site = inherited.site({"_"});
  CHECK(inherited.resolved().certificates.empty());
  CHECK_EQ(site.plan().kind, Kind::off);
  CHECK_EQ(inherited.log.warnings.size(), 2);
  CHECK_CONTAINS(inherited.log.warnings[1], "no name that a certificate could carry");
  SiteConfig here;
  here.site({"_"}).set("acme", {"on"});
  CHECK_CONTAINS(here.refused(), "no name that a certificate could carry");
  SiteConfig none;
  none.site({}).set("certificate", {"letsencrypt"});
  CHECK_CONTAINS(none.refused(), "\"acme_certificate\" is on, but the server has no name");
}

TEST(more_than_a_hundred_names_are_too_many) {
  Words names;
  for (int i = 0; i < 100; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  SiteConfig config;
  config.main("acme", {"on"});
  config.site(names);
  CHECK_EQ(config.resolved().certificates.at(0).names.size(), 100);
  names.push_back("one-more.example.com");
  config.site(names);
  CHECK_CONTAINS(config.refused(), "101 names are too many");
}

TEST(equal_names_are_counted_once) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"Example.com", "example.com.", "example.com"});
  CHECK_EQ(config.resolved().certificates.at(0).names, Words{"example.com"});
}

// ---- one certificate for several sites

TEST(sites_with_equal_names_issuers_and_keys_share_one_certificate) {
  SiteConfig config;
  config.main("acme", {"on"});
  auto a = config.site({"a.example.com", "b.example.com"});
  auto b = config.site({"b.example.com", "a.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(certificates_of(a), certificates_of(b));
}

TEST(sites_with_other_issuers_have_certificates_of_their_own_with_ids_of_their_own) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"example.com"});
  config.site({"example.com"}).set("acme", {"letsencrypt-staging"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates.size(), 2);
  CHECK_EQ(resolved.certificates[0].id, "example.com");
  // A folder's name in stores that exist: it never changes.
  CHECK_EQ(resolved.certificates[1].id, "example.com-11e633");
}

TEST(a_suffix_depends_on_the_certificate_and_not_on_its_place) {
  auto suffixed = [](int before) {
    SiteConfig config;
    config.main("acme", {"on"});
    config.site({"example.com"});
    for (int i = 0; i < before; ++i) config.site({"n" + std::to_string(i) + ".example.org"});
    config.site({"example.com", "www.example.com"});
    return config.resolved().certificates.back().id;
  };
  CHECK_EQ(suffixed(0), suffixed(5));
}

TEST(many_certificates_have_different_ids_and_slots_in_a_row) {
  SiteConfig config;
  config.main("acme", {"on"});
  for (int i = 0; i < 300; ++i) config.site({"example.com", "n" + std::to_string(i) + ".example"});
  std::set<std::string> ids;
  std::uint32_t slot = 0;
  for (const CertificateConfig& certificate : config.resolved().certificates) {
    ids.insert(certificate.id);
    CHECK_EQ(certificate.first_slot, slot++);
  }
  CHECK_EQ(ids.size(), 300);
}

TEST(an_id_is_never_longer_than_a_folders_name_may_be) {
  std::string label(63, 'a');
  std::string name = label + "." + label + "." + label + ".example.com";
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({name});
  config.site({name, "b.example.com"});
  for (const CertificateConfig& certificate : config.resolved().certificates)
    CHECK(certificate.id.size() < 200);
}

// ---- certificates by hand

TEST(a_certificate_by_hand_has_its_own_names_issuers_and_keys) {
  SiteConfig config;
  auto site = config.site({"unrelated.example"})
                  .set("certificate", {"letsencrypt,letsencrypt-staging", "a.example.com",
                                       "b.example.com", "name=mine", "key=rsa:2048,ecdsa:256"});
  const CertificateConfig& certificate = config.resolved().certificates.at(0);
  CHECK_EQ(certificate.id, "mine");
  CHECK_EQ(certificate.names, (Words{"a.example.com", "b.example.com"}));
  CHECK_EQ(certificate.issuers, (Words{"letsencrypt", "letsencrypt-staging"}));
  CHECK_EQ(certificate.keys.size(), 2);
  CHECK_EQ(site.plan().kind, Kind::managed);
  CHECK_EQ(certificates_of(site), Words{"mine"});
}

TEST(a_certificate_by_hand_without_names_has_those_of_its_site) {
  SiteConfig config;
  auto site = config.site({"example.com", "_"}).set("certificate", {"letsencrypt"});
  CHECK_EQ(config.resolved().certificates.at(0).names, Words{"example.com"});
  CHECK_EQ(certificates_of(site), Words{"example.com"});
  CHECK_EQ(config.log.warnings.size(), 1);
}

TEST(in_a_certificate_by_hand_a_leading_dot_stands_for_the_apex_and_www) {
  SiteConfig config;
  config.main("certificate", {"letsencrypt", ".example.com"});
  config.site({".example.org"}).set("certificate", {"letsencrypt"});
  CHECK_EQ(config.resolved().certificates.at(0).names, (Words{"example.com", "www.example.com"}));
  CHECK_EQ(config.resolved().certificates.at(1).names, (Words{"example.org", "www.example.org"}));
}

TEST(several_certificates_by_hand_in_one_site_are_all_its_own) {
  SiteConfig config;
  auto site = config.site({"a.example.com", "b.example.com"})
                  .set("certificate", {"letsencrypt", "a.example.com"})
                  .set("certificate", {"letsencrypt", "b.example.com"});
  config.resolved();
  CHECK_EQ(certificates_of(site), (Words{"a.example.com", "b.example.com"}));
}

TEST(a_site_under_acme_uses_the_certificate_by_hand_that_covers_its_names) {
  SiteConfig config;
  config.main("acme", {"on"});
  auto covered = config.site({"a.example.com"});
  auto partly = config.site({"a.example.com", "c.example.com"});
  auto by_hand = config.site({"b.example.com"})
                     .set("certificate", {"letsencrypt", "a.example.com", "b.example.com"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates.size(), 2);
  CHECK_EQ(certificates_of(covered), Words{"a.example.com"});
  CHECK_EQ(resolved.certificate("a.example.com")->names.size(), 2);
  CHECK_EQ(certificates_of(by_hand), Words{"a.example.com"});
  CHECK_EQ(certificates_of(partly).size(), 1);
  CHECK(certificates_of(partly)[0] != "a.example.com");
}

TEST(a_site_under_acme_with_a_certificate_that_does_not_cover_it_gets_one_more) {
  SiteConfig config;
  config.main("acme", {"on"});
  auto site = config.site({"a.example.com", "b.example.com"})
                  .set("certificate", {"letsencrypt", "a.example.com", "name=hand"});
  config.resolved();
  CHECK_EQ(certificates_of(site), (Words{"hand", "a.example.com"}));
}

TEST(a_main_level_certificate_is_used_by_the_tls_sites_that_it_covers) {
  SiteConfig config;
  config.main("certificate", {"letsencrypt", "a.example.com", "b.example.com"});
  auto a = config.site({"a.example.com"});
  auto c = config.site({"c.example.com"});
  auto plain = config.site({"a.example.com"}, {.tls = false});
  auto off = config.site({"b.example.com"}).set("acme", {"off"});
  auto own = config.site({"b.example.com"}, {.own_certificate = true});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(a.plan().kind, Kind::managed);
  CHECK_EQ(c.plan().kind, Kind::off);
  CHECK_EQ(plain.plan().kind, Kind::off);
  CHECK_EQ(off.plan().kind, Kind::off);
  CHECK_EQ(own.plan().kind, Kind::off);
  CHECK(config.log.warnings.empty());
}

TEST(names_that_a_main_level_certificate_leaves_out_are_warned_of) {
  SiteConfig config;
  config.main("certificate", {"letsencrypt", "a.example.com"});
  auto site = config.site({"a.example.com", "z.example.com"});
  config.resolved();
  CHECK_EQ(site.plan().kind, Kind::managed);
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "no certificate covers the name \"z.example.com\"");
}

TEST(a_main_level_certificate_without_names_is_for_each_site_that_has_none_of_its_own) {
  SiteConfig config;
  config.main("certificate", {"letsencrypt-staging", "key=rsa"});
  auto a = config.site({"a.example.com"});
  auto b = config.site({"b.example.com"}).set("certificate", {"letsencrypt"});
  auto nameless = config.site({"_"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificate("a.example.com")->issuers, Words{"letsencrypt-staging"});
  CHECK_EQ(resolved.certificate("b.example.com")->issuers, Words{"letsencrypt"});
  CHECK_EQ(a.plan().kind, Kind::managed);
  CHECK_EQ(b.plan().kind, Kind::managed);
  CHECK_EQ(nameless.plan().kind, Kind::off);
}

TEST(a_name_of_ones_own_is_given_once) {
  SiteConfig config;
  config.main("certificate", {"letsencrypt", "a.example.com", "name=x"});
  config.main("certificate", {"letsencrypt", "b.example.com", "name=x"});
  CHECK_CONTAINS(config.refused(),
                 "name=x is given to two certificates, in /etc/server.conf:1 and in "
                 "/etc/server.conf:2");
}

TEST(the_same_certificate_written_twice_is_one_certificate) {
  SiteConfig config;
  auto a =
      config.site({"a.example.com"}).set("certificate", {"letsencrypt", "a.example.com", "name=x"});
  auto b =
      config.site({"b.example.com"}).set("certificate", {"letsencrypt", "a.example.com", "name=x"});
  auto c = config.site({"c.example.com"}).set("certificate", {"letsencrypt", "a.example.com"});
  CHECK_EQ(config.resolved().certificates.size(), 1);
  CHECK_EQ(certificates_of(a), Words{"x"});
  CHECK_EQ(certificates_of(b), Words{"x"});
  CHECK_EQ(certificates_of(c), Words{"x"});
}

TEST(a_certificate_that_has_two_ids_is_two_each_of_which_may_be_written_again) {
  SiteConfig config;
  for (const char* id : {"name=x", "name=y", "name=y", "name=x"})
    config.main("certificate", {"letsencrypt", "a.example.com", id});
  CHECK_EQ(config.resolved().certificates.size(), 2);
}

TEST(a_name_without_a_dot_finds_its_certificate_by_hand) {
  SiteConfig config;
  config.main("certificate", {"letsencrypt", "intranet"});
  auto site = config.site({"intranet"});
  config.resolved();
  CHECK_EQ(certificates_of(site), Words{"intranet"});
  CHECK(config.log.warnings.empty());
}

TEST(an_id_from_a_first_name_makes_way_for_one_that_was_given) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.main("certificate", {"letsencrypt", "other.example", "name=example.com"});
  config.site({"example.com"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates[0].id, "example.com");
  CHECK_EQ(resolved.certificates[1].id.substr(0, 12), "example.com-");
}

// ---- the operator's own file

TEST(a_file_beside_an_explicit_acme_is_a_bridge) {
  SiteConfig config;
  auto a = config.site({"a.example.com"}, {.own_certificate = true}).set("acme", {"on"});
  auto b =
      config.site({"b.example.com"}, {.own_certificate = true}).set("certificate", {"letsencrypt"});
  CHECK_EQ(config.resolved().certificates.size(), 2);
  CHECK_EQ(a.plan().kind, Kind::bridge);
  CHECK_EQ(b.plan().kind, Kind::bridge);
}

TEST(a_file_beside_an_inherited_acme_is_left_alone) {
  SiteConfig config;
  config.main("acme", {"on"});
  auto site = config.site({"example.com", "_", "*.example.com"}, {.own_certificate = true});
  CHECK(config.resolved().certificates.empty());
  CHECK_EQ(site.plan().kind, Kind::off);
  CHECK(config.log.warnings.empty());
}

// ---- http-01

TEST(http_01_alone_without_a_plain_listener_is_a_warning) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.set(config.issuer("letsencrypt"), "challenge", {"http-01"});
  config.set(config.issuer("other"), "challenge", {"http-01", "tls-alpn-01"});
  config.site({"a.example.com"});
  config.site({"b.example.com"});
  config.builder.set_facts({});
  config.resolved();
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "no plain-HTTP listener");
  CHECK_CONTAINS(config.log.warnings[0], "\"letsencrypt\"");
}

TEST(where_tls_alpn_01_can_be_used_no_plain_listener_is_needed) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"a.example.com"});
  config.builder.set_facts({});
  config.resolved();
  CHECK(config.log.warnings.empty());
}

TEST(a_configuration_without_certificates_warns_of_no_listener) {
  SiteConfig config;
  config.site({"a.example.com"});
  config.builder.set_facts({});
  config.resolved();
  CHECK(config.log.warnings.empty());
}

TEST(ten_thousand_certificates_by_hand_are_found_by_as_many_sites_in_a_moment) {
  SiteConfig config;
  config.main("acme", {"on"});
  for (int i = 0; i < 10000; ++i) {
    std::string name = "n" + std::to_string(i) + ".example.com";
    config.main("certificate", {"letsencrypt", name});
    config.site({name});
  }
  CHECK_EQ(config.resolved().certificates.size(), 10000);
}

TEST(ten_thousand_sites_are_resolved_in_a_moment) {
  SiteConfig config;
  config.main("acme", {"on"});
  for (int i = 0; i < 10000; ++i) {
    auto site = config.site({"n" + std::to_string(i) + ".example.com"});
    if (i % 2 == 0) site.set("certificate", {"letsencrypt"});
  }
  CHECK_EQ(config.resolved().certificates.size(), 10000);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
