// Directives one by one: syntax, places, issuers, what is set by default.
#include "config/profile.h"
#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

TEST(without_any_directive_nothing_is_managed) {
  SiteConfig config;
  auto site = config.site({"example.com"});
  CHECK(config.resolved().certificates.empty());
  CHECK_EQ(site.plan().kind, SitePlan::Kind::off);
  CHECK(config.log.warnings.empty());
}

TEST(defaults_are_filled_in_by_server) {
  SiteConfig nginx;
  CHECK_EQ(nginx.resolved().state_path, "/var/lib/acmecore/nginx");
  CHECK_EQ(nginx.resolved().runtime_path, "/run/acmecore/nginx");
  CHECK_EQ(nginx.resolved().helper_path, ACME_LIBEXEC_DIR);
  SiteConfig httpd(ServerKind::httpd);
  CHECK_EQ(httpd.resolved().state_path, "/var/lib/acmecore/httpd");
  CHECK_EQ(httpd.resolved().runtime_path, "/run/acmecore/httpd");
}

TEST(beside_a_state_path_of_ones_own_lies_the_runtime_path) {
  SiteConfig config;
  config.main("state_path", {"/srv/acme"});
  CHECK_EQ(config.resolved().state_path, "/srv/acme");
  CHECK_EQ(config.resolved().runtime_path, "/srv/acme/run");
}

TEST(relative_paths_are_relative_to_the_servers_root) {
  SiteConfig config;
  config.main("state_path", {"acme"});
  config.main("runtime_path", {"run/acme"});
  config.main("helper_path", {"../bin"});
  CHECK_EQ(config.resolved().state_path, "/etc/server/acme");
  CHECK_EQ(config.resolved().runtime_path, "/etc/server/run/acme");
  CHECK_EQ(config.resolved().helper_path, "/etc/server/../bin");
}

TEST(facts_of_the_server_are_carried_and_may_come_again_after_resolving) {
  SiteConfig config;
  config.resolved();
  ServerFacts facts;
  facts.version = "nginx/1.22.1";
  facts.log = {"/var/log/error.log", true, Level::info};
  facts.plain_http_listener = true;
  facts.pid_file = "/run/nginx.pid";
  config.builder.set_facts(facts);
  const Config& resolved = config.builder.resolution().config;
  CHECK_EQ(resolved.pid_file, "/run/nginx.pid");
  CHECK_EQ(resolved.server_version, "nginx/1.22.1");
  CHECK_EQ(resolved.log.path, "/var/log/error.log");
  CHECK(resolved.log.syslog);
  CHECK_EQ(resolved.log.level, Level::info);
  CHECK(resolved.plain_http_listener);
  CHECK(!resolved.drop_privileges);
}

TEST(activation_is_live_or_by_reload) {
  SiteConfig config;
  CHECK_EQ(config.resolved().activation, ActivationMode::live);
  config.main("activation", {"reload"});
  CHECK_EQ(config.resolved().activation, ActivationMode::reload);
  SiteConfig live;
  live.main("activation", {"Live"});
  CHECK_EQ(live.resolved().activation, ActivationMode::live);
  SiteConfig wrong;
  CHECK_CONTAINS(wrong.wrong("activation", {"restart"}), "write live or reload");
  CHECK_CONTAINS(wrong.wrong("activation", {"live", "reload"}), "exactly one value");
  Builder::Scope block = wrong.builder.add_site_scope();
  CHECK_CONTAINS(wrong.wrong("activation", {"live"}, block), "unknown directive");
}

TEST(how_many_certificates_a_worker_keeps_is_a_number) {
  SiteConfig config;
  CHECK_EQ(config.resolved().certificate_cache, 4096);
  config.main("certificate_cache", {"100"});
  CHECK_EQ(config.resolved().certificate_cache, 100);
  for (const char* text : {"0", "-1", "", "many", "1000001", "10k", "99999999999999999999"}) {
    SiteConfig wrong;
    CHECK_CONTAINS(wrong.wrong("certificate_cache", {text}), "write one from 1 to 1000000");
  }
}

TEST(the_agent_runs_as_the_user_that_was_given_when_the_master_is_root) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.main("user", {"nobody"});
  config.site({"example.com"});
  ServerFacts facts;
  facts.privileged = true;
  facts.worker_uid = 33;
  facts.worker_gid = 34;
  config.builder.set_facts(facts);
  const Config& resolved = config.resolved();
  CHECK(resolved.drop_privileges);
  CHECK_EQ(resolved.agent_uid, 65534);
  config.builder.report_environment();
  CHECK(config.log.errors.empty());
}

TEST(an_unknown_user_is_an_error_line_and_the_workers_user_is_taken) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.main("user", {"no-such-user"});
  config.site({"example.com"});
  ServerFacts facts;
  facts.privileged = true;
  facts.worker_uid = 33;
  facts.worker_gid = 34;
  config.builder.set_facts(facts);
  CHECK_EQ(config.resolved().agent_uid, 33);
  CHECK_EQ(config.resolved().agent_gid, 34);
  config.builder.report_environment();
  CHECK_EQ(config.log.errors.size(), 1);
  CHECK_CONTAINS(config.log.errors[0], "\"no-such-user\" does not exist");
}

TEST(a_network_side_that_would_run_as_root_is_warned_of) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.main("user", {"root"});
  config.site({"example.com"});
  ServerFacts facts;
  facts.privileged = true;
  facts.plain_http_listener = true;
  config.builder.set_facts(facts);
  config.resolved();
  config.builder.report_environment();
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "acme_user");
}

TEST(an_unknown_directive_is_refused_with_those_that_are_known) {
  SiteConfig config;
  CHECK_CONTAINS(config.wrong("acmee", {"on"}), "unknown directive \"acmee\"");
  CHECK_CONTAINS(config.wrong("directory_url", {"https://ca.example/"}), "acme_renew");
  Builder::Scope issuer = config.issuer("mine");
  CHECK_CONTAINS(config.wrong("url", {"x"}, issuer), "known are ");
  CHECK_CONTAINS(config.wrong("url", {"x"}, issuer), " uri, contact");
  CHECK_CONTAINS(config.wrong("acme", {"on"}, issuer), "unknown directive");
}

TEST(inside_an_issuers_block_the_servers_own_names_are_known) {
  SiteConfig nginx;
  Builder::Scope block = nginx.issuer("mine");
  nginx.set(block, "uri", {"https://ca.example/dir"});
  nginx.set(block, "ssl_trusted_certificate", {"ca.pem"});
  CHECK_EQ(nginx.resolved().issuer("mine")->directory_url, "https://ca.example/dir");
  CHECK_EQ(nginx.resolved().issuer("mine")->ca_certificate_file, "/etc/server/ca.pem");
  SiteConfig httpd(ServerKind::httpd);
  block = httpd.issuer("mine");
  httpd.set(block, "ACMEDirectoryURL", {"https://ca.example/dir"});
  CHECK_EQ(httpd.resolved().issuer("mine")->directory_url, "https://ca.example/dir");
}

TEST(a_directive_takes_as_many_values_as_the_table_says) {
  SiteConfig config;
  CHECK_CONTAINS(config.wrong("renew", {}), "\"acme_renew\" takes exactly one value");
  CHECK_CONTAINS(config.wrong("renew", {"33%", "30d"}), "exactly one value");
  CHECK_CONTAINS(config.wrong("acme", {}), "at least one value");
}

TEST(a_directive_that_is_given_twice_is_refused_with_the_place_of_the_first) {
  SiteConfig config;
  config.main("renew", {"33%"});
  CHECK_CONTAINS(config.wrong("renew", {"30d"}), "\"acme_renew\" is given twice, first in line 1");
  Outcome elsewhere = config.builder.set(Builder::kMain, "renew", {"30d"}, {"/etc/other.conf", 7});
  CHECK_CONTAINS(REQUIRE_ERROR(elsewhere, Errc::invalid_config), "/etc/server.conf:1");
  config.main("certificate", {"letsencrypt", "a.example.com"});
  config.main("certificate", {"letsencrypt", "b.example.com"});
}

TEST(a_scope_that_does_not_exist_is_the_callers_fault) {
  SiteConfig config;
  REQUIRE_ERROR(config.try_set(99, "acme", {"on"}), Errc::invalid_argument);
  SiteDescription site;
  site.scope = config.issuer("mine");
  REQUIRE_ERROR(config.builder.add_site(site), Errc::invalid_argument);
}

TEST(on_and_off_stand_alone) {
  SiteConfig config;
  CHECK_CONTAINS(config.wrong("acme", {"on", "letsencrypt"}), "stands alone");
  CHECK_CONTAINS(config.wrong("acme", {"letsencrypt", "letsencrypt"}), "twice");
  CHECK_CONTAINS(config.wrong("acme", {"lets/encrypt"}), "cannot be the name of an issuer");
}

TEST(names_of_a_certificate_by_hand_must_be_identifiers) {
  SiteConfig config;
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "_"}),
                 "\"_\" cannot be in a certificate");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "b\xfc.example"}),
                 "no internationalized name");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "www.example.*"}), "pattern");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "~x"}), "regular expression");
  config.main("certificate",
              {"letsencrypt", "localhost", "192.0.2.1", "[2001:DB8::1]", "b\xc3\xbc.example"});
  CHECK_EQ(config.resolved().certificates.at(0).names,
           (Words{"192.0.2.1", "2001:db8::1", "localhost", "xn--b-eha.example"}));
}

TEST(parameters_of_a_certificate_by_hand_are_name_and_key) {
  SiteConfig config;
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "a.example.com", "nam=x"}),
                 "unknown parameter \"nam=\"");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "name=a", "name=b"}), "twice");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "name=../x"}), "cannot be the name");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "key=rsa,dsa"}), "\"dsa\"");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "key=rsa", "key=ecdsa"}),
                 "key=ecdsa:256,rsa:2048");
  CHECK_CONTAINS(config.wrong("certificate", {"letsencrypt", "key="}), "unknown kind of key");
}

TEST(lets_encrypt_is_built_in_and_a_block_of_that_name_amends_it) {
  SiteConfig config;
  Builder::Scope block = config.issuer("letsencrypt-staging");
  config.set(block, "contact", {"me@example.com", "you@example.com"});
  config.set(block, "key", {"rsa:3072"});
  config.main("acme", {"letsencrypt", "letsencrypt-staging"});
  config.site({"example.com"});
  const Config& resolved = config.resolved();
  const IssuerConfig* production = resolved.issuer("letsencrypt");
  const IssuerConfig* staging = resolved.issuer("letsencrypt-staging");
  CHECK(production && staging);
  CHECK_EQ(production->directory_url, "https://acme-v02.api.letsencrypt.org/directory");
  CHECK_EQ(staging->directory_url, "https://acme-staging-v02.api.letsencrypt.org/directory");
  CHECK_EQ(staging->contacts, (Words{"mailto:me@example.com", "mailto:you@example.com"}));
  CHECK(production->contacts.empty());
}

TEST(an_issuer_that_is_neither_configured_nor_used_is_left_out) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"example.com"});
  CHECK_EQ(config.resolved().issuers[0].id, "letsencrypt");
  for (const IssuerConfig& issuer : config.resolved().issuers)
    CHECK(issuer.id == "letsencrypt" || issuer.for_dry_runs);
}

TEST(an_issuers_defaults_are_lets_encrypt_http_01_before_tls_alpn_01_and_ecdsa) {
  SiteConfig config;
  config.issuer("mine");
  config.main("acme", {"mine"});
  config.site({"example.com"});
  const IssuerConfig& issuer = *config.resolved().issuer("mine");
  CHECK_EQ(issuer.directory_url, "https://acme-v02.api.letsencrypt.org/directory");
  CHECK(issuer.challenges == (std::vector{ChallengeType::http01, ChallengeType::tlsalpn01}));
  CHECK_EQ(issuer.account_key, KeyType::ecdsa256);
  CHECK(issuer.verify_tls);
  CHECK_EQ(config.resolved().certificates.at(0).keys.size(), 1);
  CHECK_EQ(config.resolved().certificates.at(0).keys[0], KeyType::ecdsa256);
}

TEST(without_a_plain_http_listener_tls_alpn_01_is_the_default_first_choice) {
  SiteConfig config;
  config.builder.set_facts({});
  config.issuer("mine");
  config.set(config.issuer("strict"), "challenge", {"http-01", "tls-alpn-01"});
  config.main("acme", {"mine"});
  config.site({"example.com"});
  CHECK(config.resolved().issuer("mine")->challenges ==
        (std::vector{ChallengeType::tlsalpn01, ChallengeType::http01}));
  // What is written is kept to.
  CHECK(config.resolved().issuer("strict")->challenges ==
        (std::vector{ChallengeType::http01, ChallengeType::tlsalpn01}));
}

TEST(an_account_key_is_a_kind_of_key_or_a_file) {
  SiteConfig config;
  config.set(config.issuer("a"), "account_key", {"rsa:4096"});
  config.set(config.issuer("b"), "account_key", {"account.pem"});
  CHECK_EQ(config.resolved().issuer("a")->account_key, KeyType::rsa4096);
  CHECK_EQ(config.resolved().issuer("a")->account_key_file, "");
  CHECK_EQ(config.resolved().issuer("b")->account_key_file, "/etc/server/account.pem");
  CHECK_CONTAINS(config.wrong("account_key", {"ecdsa:257"}, config.issuer("c")),
                 "unknown kind of key \"ecdsa:257\"");
}

TEST(an_external_account_has_its_key_in_a_file_or_inline_with_a_warning) {
  const std::string key(64, 'k');
  SiteConfig config;
  config.set(config.issuer("file"), "external_account_key", {"kid 1", "eab.key"});
  const ExternalAccount& filed = config.resolved().issuer("file")->external_account;
  CHECK(filed.configured() && filed.key.empty());
  CHECK_EQ(filed.kid, "kid 1");
  CHECK_EQ(filed.key_file, "/etc/server/eab.key");
  CHECK(config.log.warnings.empty());

  SiteConfig inlined(ServerKind::httpd);
  inlined.set(inlined.issuer("mine"), "ACMEExternalAccount", {"kid", "data:" + key});
  CHECK_EQ(inlined.resolved().issuer("mine")->external_account.key.view(), key);
  CHECK_EQ(inlined.log.warnings.size(), 1);
  CHECK_CONTAINS(inlined.log.warnings[0], "ACMEExternalAccount ... data:...");
  CHECK(inlined.log.warnings[0].find(key) == std::string::npos);
}

TEST(a_wrong_external_account_is_refused_without_its_key) {
  SiteConfig config;
  Builder::Scope block = config.issuer("mine");
  const std::string key(64, 'k');
  CHECK_CONTAINS(config.wrong("external_account", {"", "file"}, block), "key identifier");
  CHECK_CONTAINS(config.wrong("external_account", {"kid\n", "file"}, block), "key identifier");
  CHECK_CONTAINS(config.wrong("external_account", {"kid", "data:short"}, block), "32 bytes");
  CHECK_CONTAINS(config.wrong("external_account", {"kid"}, block), "exactly 2 values");
  std::string said = config.wrong("external_account", {"kid", "data:" + key + "!"}, block);
  CHECK_CONTAINS(said, "not base64url");
  CHECK(said.find(key) == std::string::npos);
}

TEST(an_issuers_values_are_checked_one_by_one) {
  SiteConfig config;
  Builder::Scope block = config.issuer("mine");
  CHECK_CONTAINS(config.wrong("uri", {"http://ca.example/"}, block), "not an https URL");
  CHECK_CONTAINS(config.wrong("contact", {"me"}, block), "not a mail address");
  CHECK_CONTAINS(config.wrong("challenge", {"dns-02"}, block), "unknown challenge type");
  CHECK_CONTAINS(config.wrong("ssl_verify", {"no"}, block), "neither on nor off");
  CHECK_CONTAINS(config.wrong("profile", {"a b"}, block), "profile");
  CHECK_CONTAINS(config.wrong("profile", {"a", "required"}, block), "\"required\" behind");
  CHECK_CONTAINS(config.wrong("profile", {"a", "require", "b"}, block), "takes 1 or 2 values");
  CHECK_CONTAINS(config.wrong("preferred_chain", {" "}, block), "common name");
  CHECK_CONTAINS(config.wrong("common_name_in_csr", {"yes"}, block), "neither on nor off");
  CHECK_CONTAINS(config.wrong("orders_in_flight", {"0"}, block), "write one from 1 to 1000");
  config.set(block, "orders_in_flight", {"4"});
  CHECK_CONTAINS(config.wrong("accept_terms_of_service", {"on"}, block), "takes no value");
  config.set(block, "uri", {"https://ca.example/"});  // what was refused was not taken
}

TEST(an_issuer_is_defined_once_and_not_as_a_switch) {
  SiteConfig config;
  config.issuer("mine");
  auto again = config.builder.add_issuer_scope("mine", {"/etc/other.conf", 3});
  CHECK_CONTAINS(REQUIRE_ERROR(again, Errc::invalid_config),
                 "defined already, in /etc/server.conf:1");
  CHECK_CONTAINS(REQUIRE_ERROR(config.builder.add_issuer_scope("on", {}), Errc::invalid_config),
                 "cannot be named \"on\"");
  REQUIRE_ERROR(config.builder.add_issuer_scope("a/b", {}), Errc::invalid_config);
}

// ---- what nginx-acme has

TEST(an_issuers_block_that_was_written_for_nginx_acme_is_understood) {
  SiteConfig config;
  Builder::Scope block = config.issuer("example");
  config.set(block, "uri", {"https://acme.example.com/directory"});
  config.set(block, "account_key", {"rsa"});
  config.set(block, "challenge", {"tls-alpn"});
  config.set(block, "common_name_in_csr", {"on"});
  config.set(block, "contact", {"admin@example.test"});
  config.set(block, "contact", {"mailto:other@example.test"});
  config.set(block, "preferred_chain", {"ISRG Root X1"});
  config.set(block, "profile", {"shortlived", "require"});
  config.set(block, "ssl_trusted_certificate", {"ca.pem"});
  config.set(block, "ssl_verify", {"on"});
  config.set(block, "state_path", {"/var/cache/nginx/acme-example"});
  config.set(block, "accept_terms_of_service", {});
  config.main("shared_zone", {"zone=ngx_acme_shared:1M"});
  const IssuerConfig& issuer = *config.resolved().issuer("example");
  CHECK_EQ(issuer.account_key, KeyType::rsa2048);
  CHECK(issuer.challenges == std::vector{ChallengeType::tlsalpn01});
  CHECK(issuer.common_name_in_csr);
  CHECK_EQ(issuer.contacts, (Words{"mailto:admin@example.test", "mailto:other@example.test"}));
  CHECK_EQ(issuer.preferred_chain, "ISRG Root X1");
  CHECK_EQ(issuer.profile, "shortlived");
  CHECK(issuer.profile_required);
  CHECK_EQ(issuer.import_path, "/var/cache/nginx/acme-example");
  CHECK_EQ(reduced_for_agent(config.resolved()).issuer("example")->import_path, "");
}

TEST(a_state_path_may_be_off_and_a_shared_zone_has_a_name_and_a_size) {
  SiteConfig config;
  config.set(config.issuer("example"), "state_path", {"off"});
  CHECK_EQ(config.resolved().issuer("example")->import_path, "");
  for (const char* zone : {"zone=a:256k", "zone=ngx_acme_shared:1M"}) {
    SiteConfig other;
    other.main("shared_zone", {zone});
  }
  for (const char* zone : {"zone=", "zone=a", "zone=:1M", "zone=a:", "zone=a:big", "a:1M", ""})
    CHECK_CONTAINS(config.wrong("shared_zone", {zone}), "zone=name:size");
}

TEST(the_common_name_is_the_first_dns_name_that_fits_else_the_first_address) {
  SiteConfig config;
  config.set(config.issuer("named"), "common_name_in_csr", {"on"});
  const std::string longer = std::string(63, 'a') + ".example";
  config.main("certificate", {"named", "9.9.9.9", longer, "b.example", "a.example"});
  config.main("certificate", {"named", "9.9.9.8", longer});
  config.main("certificate", {"named", longer});
  config.main("certificate", {"letsencrypt", "c.example"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates.at(0).common_name, "b.example");
  CHECK_EQ(resolved.certificates.at(1).common_name, "9.9.9.8");
  CHECK_EQ(resolved.certificates.at(2).common_name, "");
  CHECK_EQ(resolved.certificates.at(3).common_name, "");
}

TEST(an_address_at_lets_encrypt_is_ordered_with_the_profile_that_is_for_it) {
  SiteConfig config;
  config.set(config.issuer("mine"), "uri", {"https://ca.example/"});
  config.set(config.issuer("letsencrypt"), "contact", {"me@example.com"});
  config.set(config.issuer("letsencrypt-staging"), "profile", {"tlsserver", "require"});
  const Config& resolved = config.resolved();
  const Words address = {"9.9.9.9", "a.example"};
  CHECK_EQ(wanted_profile(*resolved.issuer("letsencrypt"), address).name, "shortlived");
  CHECK(!wanted_profile(*resolved.issuer("letsencrypt"), address).required);
  CHECK_EQ(wanted_profile(*resolved.issuer("letsencrypt"), {"a.example"}).name, "");
  CHECK_EQ(wanted_profile(*resolved.issuer("mine"), address).name, "");
  CHECK_EQ(wanted_profile(*resolved.issuer("letsencrypt-staging"), address).name, "tlsserver");
  CHECK(wanted_profile(*resolved.issuer("letsencrypt-staging"), address).required);
}

TEST(a_ca_whose_certificate_is_not_checked_is_warned_of) {
  SiteConfig config;
  config.set(config.issuer("mine"), "ssl_verify", {"off"});
  CHECK(!config.resolved().issuer("mine")->verify_tls);
  CHECK_EQ(config.log.warnings.size(), 1);
  CHECK_CONTAINS(config.log.warnings[0], "\"mine\" is not checked (ssl_verify off)");
  CHECK_CONTAINS(config.log.warnings[0], "/etc/server.conf:1");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
