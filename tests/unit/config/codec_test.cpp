// The configuration between processes.
#include "config/config.h"

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

const std::string kMacKey(64, 'm');

Config example() {
  SiteConfig config;
  Builder::Scope block = config.issuer("mine");
  config.set(block, "uri", {"https://ca.example/dir"});
  config.set(block, "contact", {"me@example.com"});
  config.set(block, "account_key", {"/etc/account.pem"});
  config.set(block, "ssl_trusted_certificate", {"/etc/ca.pem"});
  config.set(block, "profile", {"shortlived"});
  config.set(block, "external_account", {"kid-1", "data:" + kMacKey});
  config.main("acme", {"mine", "letsencrypt"});
  config.main("renew", {"12h"});
  config.main("activation", {"reload"});
  auto site = config.site({"example.com", "www.example.com"});
  REQUIRE_OK(config.builder.add_listener(site.number, "0.0.0.0:443", Builder::kListenerTls));
  config.main("certificate", {"letsencrypt", "other.example", "key=ecdsa,rsa"});
  return config.resolved();
}

}  // namespace

TEST(a_configuration_is_the_same_after_the_journey) {
  Config before = example();
  Secret bytes = encode_config(before);
  Config after = REQUIRE_OK(decode_config(bytes.view()));
  CHECK_EQ(encode_config(after).view(), bytes.view());
  CHECK_EQ(after.certificates.size(), 2);
  CHECK_EQ(after.certificates[0].id, "other.example");
  CHECK_EQ(after.certificates[1].first_slot, 2);
  CHECK_EQ(after.certificates[1].renew.seconds, 12 * kHour);
  CHECK_EQ(after.slots(), 3);
  CHECK_EQ(after.activation, ActivationMode::reload);
  CHECK_EQ(after.issuer("mine")->account_key_file, "/etc/account.pem");
  CHECK(after.issuer("other") == nullptr);
  CHECK(after.certificate("example.com") != nullptr);
  CHECK_EQ(after.certificates[1].looks.at(0).name, "example.com");
  CHECK_EQ(after.certificates[1].looks.at(0).listeners.at(0).address, "127.0.0.1:443");
}

TEST(bytes_that_are_cut_or_too_many_are_refused) {
  Secret bytes = encode_config(example());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_ERROR(decode_config(bytes.view().substr(0, size)), Errc::protocol);
  REQUIRE_ERROR(decode_config(std::string(bytes.view()) + "x"), Errc::protocol);
}

TEST(a_configuration_of_another_version_is_refused_with_both_versions) {
  std::string bytes(encode_config(example()).view());
  std::size_t at = bytes.find(ACME_VERSION);
  CHECK(at != std::string::npos);
  bytes[at] = '9';
  std::string message = REQUIRE_ERROR(decode_config(bytes), Errc::unsupported);
  CHECK_CONTAINS(message, ACME_VERSION);
  CHECK_CONTAINS(message, "restart the server");
}

TEST(a_configuration_that_contradicts_itself_is_refused) {
  auto refused = [](auto&& spoil) {
    Config config = example();
    spoil(config);
    REQUIRE_ERROR(decode_config(encode_config(config).view()), Errc::protocol);
  };
  refused([](Config& c) { c.server = ServerKind{9}; });
  refused([](Config& c) { c.log.level = Level{99}; });
  refused([](Config& c) { c.activation = ActivationMode{2}; });
  refused([](Config& c) { c.issuers[0].account_key = KeyType{77}; });
  refused([](Config& c) { c.issuers[0].challenges[0] = ChallengeType{7}; });
  refused([](Config& c) { c.issuers[0].id.clear(); });
  refused([](Config& c) { c.certificates[0].keys[0] = KeyType{6}; });
  refused([](Config& c) { c.certificates[0].keys.clear(); });
  refused([](Config& c) { c.certificates[0].names.clear(); });
  refused([](Config& c) { c.certificates[0].issuers = {"nobody"}; });
  refused([](Config& c) { c.certificates[1].first_slot = 1; });
  refused([](Config& c) { c.certificates[1].looks[0].listeners.clear(); });
  refused([](Config& c) { c.certificates[0].renew.kind = RenewPolicy::Kind{3}; });
}

TEST(the_agents_copy_has_no_paths_of_keys_and_store) {
  Config reduced = reduced_for_agent(example());
  CHECK_EQ(reduced.state_path, "");
  CHECK_EQ(reduced.runtime_path, "");
  CHECK_EQ(reduced.helper_path, "");
  CHECK_EQ(reduced.issuer("mine")->account_key_file, "");
  CHECK_EQ(reduced.issuer("mine")->ca_certificate_file, "/etc/ca.pem");
  CHECK_EQ(reduced.certificates.size(), 2);
  CHECK(reduced.certificates[1].looks.empty());
  CHECK(encode_config(reduced).view().find("account.pem") == std::string_view::npos);
}

TEST(the_external_accounts_key_goes_to_the_keeper_alone) {
  Config whole = REQUIRE_OK(decode_config(encode_config(example()).view()));
  CHECK_EQ(whole.issuer("mine")->external_account.key.view(), kMacKey);
  for (const Config& copy : {reduced_for_agent(whole), without_secrets(whole)}) {
    CHECK_EQ(copy.issuer("mine")->external_account.kid, "kid-1");
    CHECK(encode_config(copy).view().find(kMacKey) == std::string_view::npos);
  }
  whole.issuers.back().external_account.key_file = "/etc/eab.key";
  CHECK(encode_config(reduced_for_agent(whole)).view().find("eab.key") == std::string_view::npos);
}

TEST(challenge_types_have_their_names) {
  CHECK_EQ(challenge_name(ChallengeType::http01), "http-01");
  CHECK_EQ(challenge_name(ChallengeType::tlsalpn01), "tls-alpn-01");
  CHECK_EQ(challenge_name(ChallengeType::dns01), "dns-01");
  CHECK_EQ(challenge_name(ChallengeType{7}), "unknown");
  CHECK(parse_challenge_type("tls-alpn-01") == ChallengeType::tlsalpn01);
  CHECK(!parse_challenge_type("tls-alpn"));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
