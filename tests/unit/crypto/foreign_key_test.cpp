// Keys in other clients' forms: whole and consistent, or refused.
#include "crypto/foreign_key.h"

#include "crypto/digest.h"
#include "unit/crypto/certificates.h"

using namespace acme;
using namespace acme::test;

namespace {

Json certbots_jwk() {
  return REQUIRE_OK(Json::parse(
      test_data("import/certbot/accounts/localhost:12280/dir/54cc32ebddbdb42a7a06bac593c37cf8/"
                "private_key.json")));
}

}  // namespace

TEST(certbots_account_key_is_read) {
  PrivateKey key = REQUIRE_OK(key_from_jwk(certbots_jwk()));
  CHECK(key.type() == KeyType::rsa2048);
}

// José 11 leaks what it has read of half an RSA key (found by the fuzzer).
TEST(a_jwk_without_one_of_its_members_is_refused) {
  for (const std::string& member : certbots_jwk().keys()) {
    Json jwk = Json::object();
    for (const std::string& other : certbots_jwk().keys())
      if (other != member) jwk.set(other, certbots_jwk()[other]);
    REQUIRE_ERROR(key_from_jwk(jwk), Errc::crypto);
    REQUIRE_ERROR(key_from_jwk(certbots_jwk().set(member, "no base64url!")), Errc::crypto);
  }
}

TEST(halves_of_two_keys_are_refused) {
  Json one = Json::object().set("kty", "EC").set("crv", "P-256");
  one.set("x", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4");
  one.set("y", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
  Json good = one;
  good.set("d", "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");  // RFC 7517, appendix A.2
  REQUIRE_OK(key_from_jwk(good));
  one.set("d", "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAA");
  REQUIRE_ERROR(key_from_jwk(one), Errc::crypto);
}

TEST(an_encrypted_key_needs_its_passphrase) {
  Json store = REQUIRE_OK(Json::parse(test_data("import/mod_md/md_store.json")));
  const std::string pem = test_data("import/mod_md/accounts/ACME-localhost-0000/account.pem");
  Secret passphrase = REQUIRE_OK(base64url_decode_secret(store["key"].text_or("")));
  REQUIRE_OK(key_from_encrypted_pem(pem, passphrase));
  REQUIRE_ERROR(key_from_encrypted_pem(pem, Secret(std::string_view("wrong"))), Errc::crypto);
  REQUIRE_ERROR(key_from_encrypted_pem(pem, {}), Errc::crypto);
  // One that is not encrypted needs none.
  Secret plain = REQUIRE_OK(new_key().pem());
  REQUIRE_OK(key_from_encrypted_pem(plain.view(), {}));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
