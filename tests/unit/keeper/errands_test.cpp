// Errands: which the configuration asks for, what is signed for them, and what has become true
// when they end. The known form of a key change is that of RFC 8555 section 7.3.5.
#include "keeper/errands.h"

#include <openssl/evp.h>

#include "crypto/cert.h"
#include "crypto/jose.h"
#include "keeper/operator_requests.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

const std::string kKeyChange = kCa + "/key-change";
const std::string kRevoke = kCa + "/revoke";

std::string stored_key(Bench& bench, const char* name = "key") {
  return contents_of(bench.folder / "store/issuers/ca/" + name);
}

Json jwk_of(const std::string& pem) {
  return REQUIRE_OK(public_jwk(REQUIRE_OK(PrivateKey::from_pem(pem))));
}

std::string thumbprint(const Json& jwk) {
  return REQUIRE_OK(jwk_thumbprint(jwk));
}

std::string own_key(Bench& bench, const std::string& name, KeyType type = KeyType::ecdsa384) {
  const std::string path = bench.folder / name;
  std::ofstream(path) << REQUIRE_OK(REQUIRE_OK(PrivateKey::generate(type)).pem()).view();
  return path;
}

// The agent has done it.
void finish(Bench& bench, std::uint32_t number) {
  bench.granted(ipc::ErrandDone{number, true, false, ""});
}
void roll_over(Bench& bench, std::uint32_t number) {
  bench.granted(ipc::SignKeyChange{number, kKeyChange, kNonce});
  finish(bench, number);
}

const ipc::Errand* told(const Bench& bench, ErrandKind kind) {
  for (const ipc::Errand& errand : bench.errands_told)
    if (errand.kind == kind) return &errand;
  return nullptr;
}

// A signature by the key of this JWK, checked by OpenSSL's own reading of a P-256 one.
bool is_signed_by(const Json& jws, const PrivateKey& key) {
  std::string input = jws["protected"].text_or("") + "." + jws["payload"].text_or("");
  auto raw = REQUIRE_OK(base64url_decode(jws["signature"].text_or("")));
  ECDSA_SIG* signature = ECDSA_SIG_new();
  int half = static_cast<int>(raw.size() / 2);
  ECDSA_SIG_set0(signature, BN_bin2bn(raw.data(), half, nullptr),
                 BN_bin2bn(raw.data() + half, half, nullptr));
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(signature, &der);
  ECDSA_SIG_free(signature);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool good =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context, der, static_cast<std::size_t>(size),
                       reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
  EVP_MD_CTX_free(context);
  OPENSSL_free(der);
  return good;
}

// ---- contacts

TEST(a_changed_contact_is_an_errand_and_is_remembered) {
  Bench bench;
  std::uint32_t number = bench.change_contact();
  CHECK(told(bench, ErrandKind::contact) != nullptr);
  Signed body(bench.granted(ipc::SignAccountUpdate{number, kAccountUrl, kNonce}));
  CHECK_EQ(body.payload, R"({"contact":["mailto:new@site.example"]})");
  CHECK_EQ(body.header["kid"].text_or(""), kAccountUrl);
  finish(bench, number);
  CHECK_EQ(bench.log.count("the CA has the new contact of the account: mailto:new@site.example"),
           1);
  bench.errands_told.clear();
  bench.restart();
  CHECK(bench.errands_told.empty());
}

TEST(no_contact_any_more_is_a_change_too) {
  Bench bench;
  bench.register_account();
  bench.config.issuers[0].contacts.clear();
  bench.restart();
  Signed body(
      bench.granted(ipc::SignAccountUpdate{bench.errands_told.back().number, kAccountUrl, kNonce}));
  CHECK_EQ(body.payload, R"({"contact":[]})");
}

TEST(an_account_that_was_found_is_told_the_configured_contact_and_none_is_left_alone) {
  Bench bench;
  bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce, true});
  bench.granted(ipc::AccountCreated{"ca", kAccountUrl, "", true});
  CHECK(told(bench, ErrandKind::contact) != nullptr);
  Bench silent;
  silent.config.issuers[0].contacts.clear();
  silent.restart();
  silent.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce, true});
  silent.granted(ipc::AccountCreated{"ca", kAccountUrl, "", true});
  CHECK(silent.errands_told.empty());
}

TEST(a_contact_that_was_refused_is_tried_again_a_day_later) {
  Bench bench;
  std::uint32_t number = bench.change_contact();
  bench.granted(ipc::ErrandDone{number, false, true, "invalidContact: \x1b[2J"});
  CHECK_EQ(bench.log.count("does not take the account's new contact: invalidContact"), 1);
  for (const auto& line : bench.log.lines) CHECK(line.text.find('\x1b') == std::string::npos);
  bench.errands_told.clear();
  bench.errands().try_again();
  CHECK(bench.errands_told.empty());
  bench.env.pass(kDay + 1);
  bench.errands().try_again();
  CHECK_EQ(bench.errands_told.size(), 1);
}

// ---- looking for an account

TEST(an_account_is_looked_for_without_agreeing_to_anything) {
  Bench bench;
  bench.config.issuers[0].external_account.kid = "kid-1";  // whose key is not there
  Signed body(bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce, true}));
  CHECK_EQ(body.payload, R"({"onlyReturnExisting":true})");
  CHECK(body.header["jwk"].present() && !body.header["kid"].present());
}

TEST(a_key_on_disk_or_in_a_file_is_one_that_the_ca_may_know) {
  Bench bench;
  CHECK(!bench.accounts().settle("ca"));
  CHECK(!std::filesystem::exists(bench.folder / "store/issuers/ca/key"));
  bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  CHECK(bench.accounts().settle("ca"));
  bench.config.issuers[1].account_key_file = own_key(bench, "own.pem");
  bench.restart();
  CHECK(bench.accounts().settle("second"));
}

// ---- another key

TEST(a_key_change_is_signed_by_both_keys_as_the_rfc_has_it) {
  Bench bench;
  bench.register_account();
  const std::string old_pem = stored_key(bench);
  std::uint32_t number = bench.ask_to_roll_over();
  const std::string new_pem = stored_key(bench, "key.next");  // on disk before anything is sent
  CHECK(!new_pem.empty() && new_pem != old_pem);

  Signed outer(bench.granted(ipc::SignKeyChange{number, kKeyChange, kNonce}));
  CHECK_EQ(outer.header["kid"].text_or(""), kAccountUrl);
  CHECK_EQ(outer.header["url"].text_or(""), kKeyChange);
  CHECK_EQ(outer.header["nonce"].text_or(""), kNonce);
  CHECK(!outer.header["jwk"].present());
  CHECK(is_signed_by(outer.json, REQUIRE_OK(PrivateKey::from_pem(old_pem))));

  Signed inner(outer.payload);
  CHECK_EQ(thumbprint(inner.header["jwk"]), thumbprint(jwk_of(new_pem)));
  CHECK_EQ(inner.header["url"].text_or(""), kKeyChange);
  CHECK(!inner.header["nonce"].present() && !inner.header["kid"].present());
  CHECK(is_signed_by(inner.json, REQUIRE_OK(PrivateKey::from_pem(new_pem))));
  Json payload = REQUIRE_OK(Json::parse(inner.payload));
  CHECK_EQ(payload["account"].text_or(""), kAccountUrl);
  CHECK_EQ(thumbprint(payload["oldKey"]), thumbprint(jwk_of(old_pem)));

  CHECK_EQ(stored_key(bench), old_pem);  // until the CA has said so
  finish(bench, number);
  CHECK_EQ(stored_key(bench), new_pem);
  CHECK(!std::filesystem::exists(bench.folder / "store/issuers/ca/key.next"));
  Signed after(bench.granted(ipc::SignFetch{"ca", kCa + "/order/1", kNonce}));
  CHECK(is_signed_by(after.json, REQUIRE_OK(PrivateKey::from_pem(new_pem))));
  bench.errands_told.clear();
  bench.restart();
  CHECK(bench.errands_told.empty());
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
}

TEST(a_key_that_cannot_be_kept_is_not_rolled_over_to) {
  Bench bench;
  bench.register_account();
  bench.env.writes_before_failure = 0;
  auto wish = Bench::some_wish();
  CHECK_CONTAINS(REQUIRE_ERROR(bench.errands().roll_over("ca", wish), Errc::io), "No space left");
  CHECK(bench.errands_told.empty());
}

TEST(after_a_crash_the_new_key_is_the_same_and_is_looked_for_first) {
  Bench bench;
  bench.register_account();
  std::uint32_t number = bench.ask_to_roll_over();
  bench.granted(ipc::SignKeyChange{number, kKeyChange, kNonce});
  const std::string next = stored_key(bench, "key.next");
  bench.errands_told.clear();
  bench.restart();
  CHECK_EQ(bench.errands_told.size(), 1);
  CHECK(bench.errands_told[0].kind == ErrandKind::rollover && bench.errands_told[0].begun);
  number = bench.errands_told[0].number;
  Signed probe(bench.granted(ipc::SignKeyProbe{number, kCa + "/new-account", kNonce}));
  CHECK_EQ(probe.payload, R"({"onlyReturnExisting":true})");
  CHECK_EQ(thumbprint(probe.header["jwk"]), thumbprint(jwk_of(next)));
  finish(bench, number);
  CHECK_EQ(stored_key(bench), next);
}

TEST(a_crash_between_the_keys_rename_and_its_record_loses_nothing) {
  Bench bench;
  bench.register_account();
  std::uint32_t number = bench.ask_to_roll_over();
  bench.granted(ipc::SignKeyChange{number, kKeyChange, kNonce});
  const std::string next = stored_key(bench, "key.next");
  bench.env.writes_before_failure = 0;  // the record cannot be written; a rename can
  CHECK(!bench.ask(ipc::ErrandDone{number, true, false, ""}).ok);
  bench.env.writes_before_failure = -1;
  CHECK_EQ(stored_key(bench), next);
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
  CHECK(!bench.accounts().record("ca").next_key);
  Signed after(bench.granted(ipc::SignFetch{"ca", kCa + "/order/1", kNonce}));
  CHECK(is_signed_by(after.json, REQUIRE_OK(PrivateKey::from_pem(next))));
}

TEST(a_refused_key_is_dropped_and_one_of_doubt_is_kept) {
  Bench bench;
  bench.register_account();
  const std::string old_pem = stored_key(bench);
  std::uint32_t number = bench.ask_to_roll_over();
  bench.granted(ipc::ErrandDone{number, false, false, "serverInternal"});
  CHECK(std::filesystem::exists(bench.folder / "store/issuers/ca/key.next"));
  number = bench.ask_to_roll_over();
  CHECK(bench.errands_told.back().begun);
  bench.granted(ipc::ErrandDone{number, false, true, "badPublicKey"});
  CHECK(!std::filesystem::exists(bench.folder / "store/issuers/ca/key.next"));
  CHECK_EQ(stored_key(bench), old_pem);
  CHECK_EQ(bench.log.count("the old key is used as before"), 1);
}

TEST(another_kind_of_key_in_the_configuration_is_rolled_over_to_by_itself) {
  Bench bench;
  bench.register_account();
  bench.config.issuers[0].account_key = KeyType::rsa2048;
  bench.restart();
  CHECK_EQ(bench.errands_told.size(), 1);
  CHECK(!bench.errands_told[0].begun);
  roll_over(bench, bench.errands_told[0].number);
  CHECK(REQUIRE_OK(PrivateKey::from_pem(stored_key(bench))).type() == KeyType::rsa2048);
  bench.errands_told.clear();
  bench.restart();
  CHECK(bench.errands_told.empty());
}

TEST(an_account_of_an_older_build_or_another_client_keeps_its_kind_of_key) {
  Bench bench;
  bench.config.issuers[0].account_key = KeyType::rsa2048;
  bench.restart();
  bench.register_account();
  AccountRecord old = bench.accounts().record("ca");
  old.key = {};
  REQUIRE_OK(bench.store().save_account(old));
  bench.config.issuers[0].account_key = KeyType::ecdsa256;
  bench.restart();
  CHECK(bench.errands_told.empty());
  bench.config.issuers[0].account_key = KeyType::ecdsa384;  // from now on a change is one
  bench.restart();
  CHECK_EQ(bench.errands_told.size(), 1);
}

TEST(from_the_stores_key_to_a_file_to_another_file_and_back) {
  Bench bench;
  bench.register_account();
  const std::string first = own_key(bench, "first.pem");
  const std::string second = own_key(bench, "second.pem");
  for (const std::string& file : {first, second}) {
    bench.config.issuers[0].account_key_file = file;
    bench.restart();
    roll_over(bench, bench.errands_told.back().number);
    CHECK_EQ(stored_key(bench), "");  // neither the old one nor the operator's
    CHECK_EQ(bench.accounts().record("ca").key.file, file);
  }
  bench.config.issuers[0].account_key_file.clear();
  bench.restart();
  roll_over(bench, bench.errands_told.back().number);
  CHECK(!stored_key(bench).empty());
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
  CHECK_EQ(bench.errands_told.size(), 3);
}

TEST(a_file_that_moved_is_no_other_key) {
  Bench bench;
  bench.config.issuers[0].account_key_file = own_key(bench, "first.pem");
  bench.restart();
  bench.register_account();
  std::filesystem::copy_file(bench.folder / "first.pem", bench.folder / "moved.pem");
  bench.config.issuers[0].account_key_file = bench.folder / "moved.pem";
  bench.restart();
  CHECK(bench.errands_told.empty());
  std::filesystem::remove(bench.folder / "first.pem");
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
}

// The account's URL stayed, and every request was signed by a key that the CA did not know.
TEST(a_file_with_another_key_is_another_account_when_the_old_key_is_gone) {
  Bench bench;
  bench.config.issuers[0].account_key_file = own_key(bench, "own.pem");
  bench.restart();
  bench.register_account();
  own_key(bench, "own.pem");  // written over
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), "");
  CHECK(bench.accounts().settle("ca"));
  CHECK(bench.errands_told.empty());
  CHECK_EQ(bench.log.count("is not in " + (bench.folder / "own.pem") + " any more"), 1);
  bench.register_account();
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
}

TEST(a_file_that_cannot_be_read_now_forgets_no_account) {
  Bench bench;
  bench.config.issuers[0].account_key_file = own_key(bench, "own.pem");
  bench.restart();
  bench.register_account();
  std::filesystem::rename(bench.folder / "own.pem", bench.folder / "away.pem");
  bench.restart();
  CHECK_EQ(bench.accounts().account_url("ca"), kAccountUrl);
  CHECK(bench.log.count("own.pem: No such file") >= 1);
  std::filesystem::rename(bench.folder / "away.pem", bench.folder / "own.pem");
  bench.granted(ipc::SignFetch{"ca", kCa + "/order/1", kNonce});
}

TEST(a_new_file_that_is_not_there_leaves_the_old_key_in_use) {
  Bench bench;
  bench.register_account();
  bench.config.issuers[0].account_key_file = bench.folder / "missing.pem";
  bench.restart();
  CHECK(bench.errands_told.empty());
  CHECK_EQ(bench.log.count("missing.pem: No such file or directory; the account's key stays"), 1);
  bench.granted(ipc::SignFetch{"ca", kCa + "/order/1", kNonce});
}

TEST(the_operators_own_file_is_not_rolled_over_to_itself) {
  Bench bench;
  bench.config.issuers[0].account_key_file = own_key(bench, "own.pem");
  bench.restart();
  bench.register_account();
  CHECK_CONTAINS(REQUIRE_ERROR(bench.errands().roll_over("ca", Bench::some_wish()), Errc::refused),
                 "holds the account's key already");
}

TEST(challenges_that_are_presented_follow_the_accounts_key) {
  Bench bench;
  bench.present();
  const std::string before = bench.managed(kSite).order->key_authorizations[0].key_authorization;
  roll_over(bench, bench.ask_to_roll_over());
  const std::string after = bench.managed(kSite).order->key_authorizations[0].key_authorization;
  CHECK(after != before && after.starts_with(kToken + "."));
  CHECK_EQ(REQUIRE_OK(bench.board.key_authorization(kToken)), after);
}

// ---- the end of an account

TEST(a_deactivated_account_is_set_aside_and_another_one_can_be_made) {
  Bench bench;
  bench.register_account();
  const std::string old_pem = stored_key(bench);
  std::uint32_t number = bench.ask_to_deactivate();
  Signed body(bench.granted(ipc::SignAccountDeactivation{number, kAccountUrl, kNonce}));
  CHECK_EQ(body.payload, R"({"status":"deactivated"})");
  finish(bench, number);
  CHECK_EQ(bench.accounts().account_url("ca"), "");
  CHECK_EQ(contents_of(bench.folder / "store/issuers/ca.1/key"), old_pem);
  bench.granted(ipc::SignNewAccount{"ca", kCa + "/new-account", kNonce});
  CHECK(stored_key(bench) != old_pem);
}

TEST(only_one_change_of_an_account_at_a_time) {
  Bench bench;
  (void)REQUIRE_ERROR(bench.errands().deactivate("ca", Bench::some_wish()), Errc::refused);
  (void)REQUIRE_ERROR(bench.errands().deactivate("nobody", Bench::some_wish()), Errc::not_found);
  bench.register_account();
  bench.ask_to_roll_over();
  (void)REQUIRE_ERROR(bench.errands().deactivate("ca", Bench::some_wish()), Errc::busy);
}

// ---- terms of service

TEST(changed_terms_are_told_once_and_agreed_to_by_the_operator) {
  Bench bench;
  bench.register_account();
  const std::string terms = kCa + "/terms-2";
  for (int i = 0; i < 3; ++i) {
    bench.granted(ipc::DirectoryRead{"ca", {kCa}, terms});
    bench.restart();
  }
  CHECK_EQ(bench.log.count("the CA has changed its terms of service"), 1);
  CHECK_EQ(bench.accounts().record("ca").terms_of_service, kCa + "/terms");
  CHECK_EQ(bench.accounts().record("ca").new_terms_of_service, terms);
  CHECK_EQ(REQUIRE_OK(bench.accounts().agree_to_terms("ca")), terms);
  bench.restart();
  CHECK_EQ(bench.accounts().record("ca").terms_of_service, terms);
  CHECK_EQ(bench.accounts().record("ca").new_terms_of_service, "");
  (void)REQUIRE_ERROR(bench.accounts().agree_to_terms("ca"), Errc::refused);
}

TEST(terms_that_were_taken_back_or_are_not_named_are_no_change) {
  Bench bench;
  bench.register_account();
  bench.granted(ipc::DirectoryRead{"ca", {kCa}, kCa + "/terms-2"});
  bench.granted(ipc::DirectoryRead{"ca", {kCa}, ""});
  CHECK(!bench.accounts().record("ca").new_terms_of_service.empty());
  bench.granted(ipc::DirectoryRead{"ca", {kCa}, kCa + "/terms"});
  CHECK_EQ(bench.accounts().record("ca").new_terms_of_service, "");
}

// ---- revocation

Json revocation(const Signed& body) {
  return REQUIRE_OK(Json::parse(body.payload));
}

TEST(a_revocation_names_the_stored_certificate_and_its_reason) {
  Bench bench;
  bench.install();
  Version stored = REQUIRE_OK(bench.store().load_current(kSite));
  std::uint32_t number = bench.ask_to_revoke(RevocationReason::key_compromise);
  Signed by_account(bench.granted(ipc::SignRevocation{number, kRevoke, kNonce, false}));
  CHECK_EQ(by_account.header["kid"].text_or(""), kAccountUrl);
  Json payload = revocation(by_account);
  CHECK_EQ(payload["reason"].number_or(-1), 1);
  auto der = REQUIRE_OK(base64url_decode(payload["certificate"].text_or("")));
  CHECK_EQ(std::string(der.begin(), der.end()),
           REQUIRE_OK(chain_from_pem(stored.chain_pem)).front());

  Signed by_key(bench.granted(ipc::SignRevocation{number, kRevoke, kNonce, true}));
  CHECK(!by_key.header["kid"].present());
  CHECK_EQ(thumbprint(by_key.header["jwk"]),
           thumbprint(jwk_of(std::string(stored.key_pem.view()))));
  CHECK(is_signed_by(by_key.json, REQUIRE_OK(PrivateKey::from_pem(stored.key_pem.view()))));
}

TEST(after_a_revocation_a_new_certificate_is_due_and_the_old_key_does_not_come_back) {
  Bench bench;
  bench.install();
  const std::string old_key(REQUIRE_OK(bench.store().load_current(kSite)).key_pem.view());
  std::uint32_t number = bench.ask_to_revoke(RevocationReason::key_compromise);
  bench.granted(ipc::SignRevocation{number, kRevoke, kNonce, false});
  finish(bench, number);
  CHECK_EQ(bench.renewals.size(), 1);
  CHECK_EQ(bench.log.count("(keyCompromise); a new one with a new key is ordered now"), 1);
  CHECK(!bench.certificates().state_of(bench.managed(kSite)).current);
  bench.restart();
  CHECK(!bench.certificates().state_of(bench.managed(kSite)).current);
  CHECK_EQ(bench.managed(kSite).stored->revocation_reason, "keyCompromise");
  CHECK(bench.managed(kSite).schedule.renewal_requested);

  bench.install();
  CHECK(bench.certificates().state_of(bench.managed(kSite)).current);
  CHECK(REQUIRE_OK(bench.store().load_current(kSite)).key_pem.view() != old_key);
  // Not even where the new version is damaged.
  CHECK(!std::filesystem::exists(bench.folder / "store/certs/site/ecdsa-256/00000001"));
}

TEST(without_another_order_it_is_served_as_before) {
  Bench bench;
  bench.install();
  std::uint32_t number = bench.ask_to_revoke(RevocationReason::cessation_of_operation, false);
  bench.granted(ipc::SignRevocation{number, kRevoke, kNonce, false});
  finish(bench, number);
  CHECK(bench.renewals.empty());
  CHECK(bench.certificates().state_of(bench.managed(kSite)).current);
  CHECK(bench.managed(kSite).stored->revoked != 0);
}

TEST(what_cannot_be_revoked_says_why) {
  Bench bench;
  auto refused = [&] {
    return REQUIRE_ERROR(
        bench.errands().revoke(kSite, RevocationReason::unspecified, true, Bench::some_wish()),
        Errc::refused);
  };
  CHECK_CONTAINS(refused(), "there is no certificate to revoke");
  bench.install();
  bench.ask_to_revoke();
  CHECK_CONTAINS(refused(), "is being revoked already");
  bench.config.issuers[0].directory_url = "https://other.example/dir";
  bench.restart();
  CHECK_CONTAINS(refused(), "is not configured any more");
}

TEST(an_agent_that_died_leaves_the_errand_to_the_next) {
  Bench bench;
  bench.install();
  std::uint32_t number = bench.ask_to_revoke();
  std::vector<ipc::Errand> open = bench.errands().open();
  CHECK_EQ(open.size(), 1);
  CHECK_EQ(open[0].number, number);
  CHECK(open[0].begun);
}

TEST(a_wish_is_answered_when_the_last_of_its_errands_has_ended) {
  Bench bench;
  bench.install();
  auto wish = std::make_shared<keeper::Wish>();
  int answers = 0;
  bool done = true;
  std::string text;
  wish->answer = [&](bool all, const std::string& lines) {
    ++answers;
    done = all;
    text = lines;
  };
  std::uint32_t first = bench.ask_to_revoke(RevocationReason::superseded, true, wish);
  REQUIRE_OK(bench.errands().roll_over("ca", wish));
  std::uint32_t second = bench.errands_told.back().number;
  bench.granted(ipc::SignRevocation{first, kRevoke, kNonce, false});
  finish(bench, first);
  CHECK_EQ(answers, 0);
  bench.granted(ipc::ErrandDone{second, false, true, "unauthorized: no"});
  CHECK_EQ(answers, 1);
  CHECK(!done);
  CHECK_CONTAINS(text, "site/ecdsa-256: the certificate ");
  CHECK_CONTAINS(text, "ca: the account's key is not changed: unauthorized: no");
}

// ---- over the control socket

struct Desk {
  explicit Desk(Bench& bench)
      : control(bench.env, [](auto, const auto&, auto) { return ipc::ControlAnswer{}; }),
        requests(bench.accounts(), bench.certificates(), bench.errands(), bench.checks(),
                 bench.trials(), control) {}
  std::string refused(ipc::ControlType type, const ipc::ControlRequest& request) {
    auto answer = requests.handle(type, request, 1);
    CHECK(answer && !answer->ok);
    return answer->text;
  }
  keeper::Control control;
  keeper::OperatorRequests requests;
};

TEST(what_an_operator_may_not_wish_is_said_at_once) {
  using ipc::ControlType;
  Bench bench;
  bench.install();
  Desk desk(bench);
  CHECK_CONTAINS(desk.refused(ControlType::revoke, {{"site"}, "hubris"}), "write unspecified");
  CHECK_CONTAINS(desk.refused(ControlType::revoke, {{"site"}, "keyCompromise", true}),
                 "leave --no-order out");
  CHECK_CONTAINS(desk.refused(ControlType::revoke, {{"nobody.example"}}), "no certificate is");
  CHECK_CONTAINS(desk.refused(ControlType::revoke, {{"slow"}}), "no certificate to revoke");
  CHECK_CONTAINS(desk.refused(ControlType::account_rollover, {{"nobody"}}), "no issuer is called");
  CHECK_CONTAINS(desk.refused(ControlType::account_deactivate, {{"second"}}), "no account at");
  CHECK_CONTAINS(desk.refused(ControlType::account_agree, {{"ca"}}), "have not changed");
  CHECK_CONTAINS(desk.refused(ControlType::account_rollover, {}), "name one issuer");
  CHECK(bench.errands_told.empty());
  // Those that can be revoked are.
  CHECK(!desk.requests.handle(ControlType::revoke, {{"slow", "www.site.example"}}, 1));
  CHECK_EQ(bench.errands_told.size(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
