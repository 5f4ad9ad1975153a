// The issuers that dry runs ask.
#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

TEST(lets_encrypts_staging_does_as_the_block_that_it_stands_for) {
  SiteConfig config;
  const auto block = config.issuer("letsencrypt");
  config.set(block, "contact", {"me@example.com"});
  config.set(block, "challenge", {"tls-alpn-01"});
  config.set(block, "account_key", {"/etc/account.pem"});
  config.set(block, "preferred_chain", {"ISRG Root X1"});
  config.main("acme", {"on"});
  config.site({"example.com"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.issuer("letsencrypt")->staging, "letsencrypt-staging");
  const IssuerConfig* staging = resolved.issuer("letsencrypt-staging");
  CHECK(staging && staging->for_dry_runs);
  CHECK_EQ(staging->directory_url, "https://acme-staging-v02.api.letsencrypt.org/directory");
  CHECK_EQ(staging->contacts, Words{"mailto:me@example.com"});
  CHECK(staging->challenges == std::vector{ChallengeType::tlsalpn01});
  CHECK(staging->account_key_file.empty());
  CHECK(staging->preferred_chain.empty());
  CHECK(staging->staging.empty());
}

TEST(a_staging_block_of_the_operators_counts_as_it_stands) {
  SiteConfig config;
  config.set(config.issuer("letsencrypt"), "contact", {"me@example.com"});
  config.set(config.issuer("letsencrypt-staging"), "contact", {"you@example.com"});
  config.main("acme", {"on"});
  config.site({"example.com"});
  const IssuerConfig* staging = config.resolved().issuer("letsencrypt-staging");
  CHECK_EQ(staging->contacts, Words{"mailto:you@example.com"});
  CHECK(!staging->for_dry_runs);
}

TEST(another_ca_has_the_staging_issuer_that_its_block_names) {
  SiteConfig config;
  const auto block = config.issuer("mine");
  config.set(block, "directory_url", {"https://ca.example/directory"});
  config.set(block, "staging", {"test"});
  config.set(config.issuer("test"), "directory_url", {"https://test.example/directory"});
  config.main("acme", {"mine"});
  config.site({"example.com"});
  CHECK_EQ(config.resolved().issuer("mine")->staging, "test");
  CHECK(config.resolved().issuer("test")->staging.empty());
}

TEST(a_staging_issuer_that_is_not_there_is_a_typing_error) {
  SiteConfig config;
  config.set(config.issuer("mine"), "staging", {"tset"});
  config.main("acme", {"mine"});
  config.site({"example.com"});
  const std::string words = REQUIRE_ERROR(config.builder.resolve(), Errc::invalid_config);
  CHECK_CONTAINS(words, "\"staging\" of the issuer \"mine\" names an unknown issuer \"tset\"");
  CHECK_CONTAINS(words, "in /etc/server.conf:");

  SiteConfig itself;
  itself.set(itself.issuer("mine"), "staging", {"mine"});
  CHECK_CONTAINS(REQUIRE_ERROR(itself.builder.resolve(), Errc::invalid_config), "names itself");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
