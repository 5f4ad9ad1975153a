// Accounts: the key is on disk before a signature leaves, a changed directory is
// a new account, and what is signed is signed for the CA's own servers.
#include "crypto/jose.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

TEST(the_account_key_is_on_disk_before_the_first_signature_leaves) {
  Bench bench;
  bench.env.writes_before_failure = 0;
  ipc::SignNewAccount request{"ca", kCa + "/new-account", kNonce};
  ipc::Reply reply = bench.ask(request);
  CHECK(!reply.ok);
  CHECK_CONTAINS(reply.text, "No space left");

  bench.env.writes_before_failure = -1;
  Signed body(bench.granted(request));
  CHECK_EQ(body.header["alg"].text_or(""), "ES256");
  CHECK_EQ(body.header["url"].text_or(""), request.url);
  CHECK_EQ(body.header["nonce"].text_or(""), kNonce);
  CHECK(!body.header["kid"].present());
  CHECK_EQ(body.payload,
           R"({"termsOfServiceAgreed":true,"contact":["mailto:admin@site.example"]})");
  PrivateKey stored =
      REQUIRE_OK(PrivateKey::from_pem(REQUIRE_OK(bench.store().load_account_key("ca")).view()));
  Json jwk = REQUIRE_OK(public_jwk(stored));
  CHECK_EQ(body.header["jwk"]["x"].text_or("-"), jwk["x"].text_or(""));
}

TEST(a_lost_answer_finds_the_same_key_after_a_restart) {
  Bench bench;
  ipc::SignNewAccount request{"ca", kCa + "/new-account", kNonce};
  Signed first(bench.granted(request));
  bench.restart();
  Signed second(bench.granted(request));
  CHECK_EQ(first.header["jwk"].compact(), second.header["jwk"].compact());
}

TEST(an_account_outlives_a_restart) {
  Bench bench;
  bench.register_account();
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
  CHECK_EQ(Signed(bench.granted(ipc::SignFetch{"ca", kCa + "/order/1", kNonce}))
               .header["kid"]
               .text_or(""),
           kAccountUrl);
}

TEST(a_fetch_is_signed_with_an_empty_payload) {
  Bench bench;
  bench.register_account();
  Signed body(bench.granted(ipc::SignFetch{"ca", kCa + "/order/1", kNonce}));
  CHECK_EQ(body.payload, "");
  CHECK(!body.header["jwk"].present());
}

TEST(the_terms_of_service_are_logged_once) {
  Bench bench;
  bench.register_account();
  CHECK_EQ(bench.log.count(kCa + "/terms"), 1);
  CHECK_EQ(bench.accounts().record("ca").terms_of_service, kCa + "/terms");
  bench.env.pass(60);
  bench.register_account();  // the CA found the account again
  CHECK_EQ(bench.log.count(kCa + "/terms"), 1);
}

TEST(what_the_ca_calls_its_terms_is_escaped) {
  Bench bench;
  bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  bench.granted(ipc::AccountCreated{"ca", kAccountUrl, "x\n[emerg] \x1b[2J"});
  for (const auto& [level, line] : bench.log.lines)
    CHECK(line.find('\n') == std::string::npos && line.find('\x1b') == std::string::npos);
}

TEST(a_changed_directory_url_is_a_new_account) {
  Bench bench;
  bench.register_account();
  std::string old_key(REQUIRE_OK(bench.store().load_account_key("ca")).view());
  bench.config.issuers[0].directory_url = "https://ca.example/v3/dir";
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), "");
  CHECK(!bench.ask(ipc::SignFetch{"ca", kCa + "/order/1", kNonce}).ok);
  bench.register_account();
  std::string new_key(REQUIRE_OK(bench.store().load_account_key("ca")).view());
  CHECK(new_key != old_key);
  CHECK_EQ(contents_of(bench.folder / "store/issuers/ca.1/key"), old_key);
  CHECK_EQ(bench.log.count("the directory URL changed"), 1);
}

TEST(the_operators_own_key_is_used_and_not_stored) {
  Bench bench;
  PrivateKey own = REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa384));
  const std::string path = bench.folder / "own.pem";
  std::ofstream(path) << REQUIRE_OK(own.pem()).view();
  bench.config.issuers[0].account_key_file = path;
  bench.restart();
  Signed body(bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce}));
  CHECK_EQ(body.header["alg"].text_or(""), "ES384");
  CHECK_EQ(body.header["jwk"]["x"].text_or("-"), REQUIRE_OK(public_jwk(own))["x"].text_or(""));
  (void)REQUIRE_ERROR(bench.store().load_account_key("ca"), Errc::not_found);
}

TEST(an_account_key_file_that_is_not_there_is_said_with_its_path) {
  Bench bench;
  bench.config.issuers[0].account_key_file = bench.folder / "missing.pem";
  bench.restart();
  ipc::Reply reply = bench.ask(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  CHECK(!reply.ok);
  CHECK_CONTAINS(reply.text, "missing.pem");
}

TEST(an_account_key_of_every_kind_signs_with_its_algorithm) {
  const std::pair<KeyType, const char*> kinds[] = {
      {KeyType::ecdsa256, "ES256"}, {KeyType::ecdsa384, "ES384"}, {KeyType::ecdsa521, "ES512"},
      {KeyType::rsa2048, "RS256"},  {KeyType::rsa3072, "RS256"},  {KeyType::rsa4096, "RS256"}};
  for (const auto& [type, algorithm] : kinds) {
    Bench bench;
    bench.config.issuers[0].account_key = type;
    Signed body(bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce}));
    CHECK_EQ(body.header["alg"].text_or(""), algorithm);
    PrivateKey stored =
        REQUIRE_OK(PrivateKey::from_pem(REQUIRE_OK(bench.store().load_account_key("ca")).view()));
    CHECK(stored.type() == type);
  }
}

TEST(an_account_key_file_of_another_kind_is_refused_with_those_that_work) {
  Bench bench;
  const std::string path = bench.folder / "ed25519.pem";
  ossl::Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  std::ofstream(path) << REQUIRE_OK(PrivateKey::adopt(key.release()).pem()).view();
  bench.config.issuers[0].account_key_file = path;
  bench.restart();
  ipc::Reply reply = bench.ask(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  CHECK(!reply.ok);
  CHECK_CONTAINS(reply.text, "ed25519.pem");
  CHECK_CONTAINS(reply.text, "ECDSA (P-256, P-384, P-521) or RSA");
}

TEST(the_directory_opens_other_servers_until_it_is_read_again) {
  Bench bench;
  bench.register_account();
  ipc::SignFetch elsewhere{"ca", "https://api.example/order/1", kNonce};
  CHECK(!bench.ask(elsewhere).ok);
  bench.granted(ipc::DirectoryRead{"ca", {"https://API.example:443/new-order"}});
  bench.granted(elsewhere);
  bench.granted(ipc::SignFetch{"ca", kCa + "/order/1", kNonce});  // its own stays open
  // What is refused changes nothing.
  CHECK(!bench.ask(ipc::DirectoryRead{"ca", {"http://ca.example/"}}).ok);
  bench.granted(elsewhere);
  bench.read_directory();
  CHECK(!bench.ask(elsewhere).ok);
}

TEST(an_account_that_was_lost_is_registered_again_with_the_same_key) {
  Bench bench;
  bench.register_account();
  std::string key(REQUIRE_OK(bench.store().load_account_key("ca")).view());
  bench.granted(ipc::AccountLost{"ca"});
  CHECK(!bench.ask(ipc::SignFetch{"ca", kCa + "/order/1", kNonce}).ok);
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), "");
  bench.register_account();
  CHECK_EQ(REQUIRE_OK(bench.store().load_account_key("ca")).view(), key);
  bench.env.pass(61);
  bench.granted(ipc::AccountLost{"ca"});
}

TEST(a_ca_that_asked_for_patience_is_left_alone_over_a_restart_but_a_day_at_most) {
  Bench bench;
  bench.granted(ipc::HoldIssuer{"ca", bench.env.now() + 600});
  bench.restart();
  CHECK_EQ(bench.accounts().record("ca").not_before, bench.env.now() + 600);
  bench.register_account();
  CHECK_EQ(bench.accounts().record("ca").not_before, bench.env.now() + 600);
  bench.granted(ipc::HoldIssuer{"ca", bench.env.now() + 90 * kDay});
  CHECK_EQ(bench.accounts().record("ca").not_before, bench.env.now() + kDay);
}

TEST(a_damaged_account_record_is_no_reason_to_give_up) {
  Bench bench;
  bench.register_account();
  std::string key(REQUIRE_OK(bench.store().load_account_key("ca")).view());
  std::ofstream(bench.folder / "store/issuers/ca/account.json") << "{";
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), "");
  bench.register_account();  // the CA finds it by the key
  CHECK_EQ(REQUIRE_OK(bench.store().load_account_key("ca")).view(), key);
}

TEST(key_authorizations_are_of_the_account_of_that_ca) {
  Bench bench;
  std::string first = REQUIRE_OK(bench.accounts().key_authorization("ca", kToken));
  std::string second = REQUIRE_OK(bench.accounts().key_authorization("second", kToken));
  CHECK(first != second);
  CHECK(first.starts_with(kToken + "."));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
