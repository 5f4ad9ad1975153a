// What is left of a configuration with typing errors, for a restart that must go on.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;
using Kind = SitePlan::Kind;

namespace {

struct Httpd : SiteConfig {
  Httpd() : SiteConfig(ServerKind::httpd) {}
};

}  // namespace

TEST(a_good_configuration_is_resolved_as_ever) {
  Httpd config;
  config.main("acme", {"on"});
  auto site = config.site({"a.example.com"});
  CHECK_EQ(config.resolved_anyhow().certificates.size(), 1);
  CHECK_EQ(site.plan().kind, Kind::managed);
  CHECK(config.log.errors.empty());
}

TEST(a_site_with_an_unknown_issuer_is_left_out_and_the_others_stand) {
  Httpd config;
  auto good = config.site({"a.example.com"}).set("acme", {"on"});
  auto bad = config.site({"b.example.com"}).set("acme", {"letsencrypt", "nobody"});
  CHECK_EQ(config.resolved_anyhow().certificates.size(), 1);
  CHECK_EQ(good.plan().kind, Kind::managed);
  CHECK_EQ(bad.plan().kind, Kind::off);
  CHECK_EQ(config.log.errors,
           Words{"unknown issuer \"nobody\": define it with <ACMEIssuer nobody> or write "
                 "letsencrypt, in /etc/server.conf:4 (left out)"});
  CHECK_CONTAINS(config.refused(), "unknown issuer");
}

TEST(nobody_stands_in_for_the_unknown_issuers_of_the_main_level) {
  Httpd config;
  config.main("acme", {"nobody"});
  config.main("domain", {"hand.example.com"});
  auto inherits = config.site({"a.example.com"});
  auto on = config.site({"b.example.com"}).set("acme", {"on"});
  auto hand = config.site({"hand.example.com"});
  auto own = config.site({"c.example.com"}).set("acme", {"letsencrypt"});
  CHECK_EQ(config.resolved_anyhow().certificates.size(), 1);
  for (const auto& site : {inherits, on, hand}) CHECK_EQ(site.plan().kind, Kind::off);
  CHECK_EQ(own.plan().kind, Kind::managed);
  CHECK_EQ(config.log.errors.size(), 1);
}

TEST(a_certificate_by_hand_with_an_unknown_issuer_is_left_out) {
  Httpd config;
  config.main("domain", {"a.example.com", "issuer=nobody"});
  config.main("domain", {"b.example.com"});
  auto a = config.site({"a.example.com"});
  auto b = config.site({"b.example.com"});
  CHECK_EQ(config.resolved_anyhow().certificates.size(), 1);
  CHECK_EQ(a.plan().kind, Kind::off);
  CHECK_EQ(b.plan().kind, Kind::managed);
  CHECK_EQ(config.log.errors.size(), 1);
}

TEST(a_wildcard_is_left_out_of_a_site_and_its_other_names_stand) {
  Httpd config;
  auto site = config.site({"example.com", "*.example.com"}).set("acme", {"on"});
  auto bare = config.site({"*.example.org"}).set("acme", {"on"});
  CHECK_EQ(config.resolved_anyhow().certificates.at(0).names, Words{"example.com"});
  CHECK_EQ(site.plan().kind, Kind::managed);
  CHECK_EQ(bare.plan().kind, Kind::off);
  CHECK_EQ(config.log.errors.size(), 2);
  CHECK_CONTAINS(config.log.errors[0], "\"*.example.com\" needs dns-01");
}

TEST(a_certificate_by_hand_with_a_wildcard_is_left_out) {
  Httpd config;
  config.main("domain", {"a.example.com", "*.example.com"});
  CHECK(config.resolved_anyhow().certificates.empty());
  CHECK_EQ(config.log.errors.size(), 1);
}

TEST(of_two_domains_with_one_name_the_first_stands) {
  Httpd config;
  config.main("domain", {"a.example.com"});
  config.main("domain", {"b.example.com", "a.example.com"});
  auto b = config.site({"b.example.com"});
  CHECK_EQ(config.resolved_anyhow().certificates.size(), 1);
  CHECK_EQ(b.plan().kind, Kind::off);
  CHECK_EQ(config.log.errors.size(), 1);
  CHECK_CONTAINS(config.log.errors[0], "stands in two");
}

TEST(of_two_certificates_with_one_id_the_first_stands) {
  SiteConfig config;
  config.main("certificate", {"letsencrypt", "a.example.com", "name=x"});
  config.main("certificate", {"letsencrypt", "b.example.com", "name=x"});
  CHECK_EQ(config.resolved_anyhow().certificates.at(0).names, Words{"a.example.com"});
  CHECK_CONTAINS(config.log.errors.at(0), "name=x is given to two certificates");
}

TEST(an_explicit_acme_without_a_usable_name_is_left_out) {
  Httpd config;
  auto none = config.site({}).set("acme", {"on"});
  auto hand = config.site({"localhost"}).set("acme", {"on"}).set("domain", {"a.example.com"});
  CHECK_EQ(config.resolved_anyhow().certificates.size(), 1);
  CHECK_EQ(none.plan().kind, Kind::off);
  CHECK_EQ(hand.plan().kind, Kind::managed);
  CHECK_EQ(config.log.errors.size(), 1);
  CHECK_CONTAINS(config.log.errors[0], "no name that a certificate could carry");
}

TEST(a_nameless_certificate_of_a_site_without_a_usable_name_is_left_out) {
  SiteConfig config;
  auto site = config.site({"_"}).set("certificate", {"letsencrypt"});
  CHECK(config.resolved_anyhow().certificates.empty());
  CHECK_EQ(site.plan().kind, Kind::off);
  CHECK_EQ(config.log.errors.size(), 1);
}

TEST(a_site_with_too_many_names_is_left_out) {
  Httpd config;
  config.main("acme", {"on"});
  Words names;
  for (int i = 0; i < 101; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  auto many = config.site(names);
  auto one = config.site({"example.org"});
  CHECK_EQ(config.resolved_anyhow().certificates.size(), 1);
  CHECK_EQ(many.plan().kind, Kind::off);
  CHECK_EQ(one.plan().kind, Kind::managed);
  CHECK_CONTAINS(config.log.errors.at(0), "101 names are too many");
}

TEST(wrong_lines_of_a_domain_file_are_left_out) {
  char folder[] = "/tmp/acme-anyhow-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/domains";
  std::ofstream(path) << "a.example.com\n_\nb.example.com\n";
  Httpd config;
  config.main("domain_file", {path});
  std::filesystem::remove_all(folder);
  auto site = config.site({"a.example.com", "b.example.com"});
  config.resolved_anyhow();
  CHECK_EQ(certificates_of(site), (Words{"a.example.com", "b.example.com"}));
  CHECK_EQ(config.log.errors.size(), 1);
  CHECK_CONTAINS(config.log.errors[0], path + ":2 (left out)");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
