#include "crypto/key.h"

#include <openssl/pem.h>

#include "crypto/openssl.h"
#include "unit/check.h"

using namespace acme;

namespace {

constexpr KeyType kAll[] = {KeyType::ecdsa256, KeyType::ecdsa384, KeyType::ecdsa521,
                            KeyType::rsa2048,  KeyType::rsa3072,  KeyType::rsa4096};

bool same(const PrivateKey& a, const PrivateKey& b) {
  return EVP_PKEY_eq(a.get(), b.get()) == 1;
}

std::string traditional_pem(const PrivateKey& key, const EVP_CIPHER* cipher) {
  ossl::Bio out(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  PEM_write_bio_PrivateKey_traditional(out.get(), key.get(), cipher, nullptr, 0, nullptr,
                                       cipher ? passphrase : nullptr);
  return std::string(ossl::contents(out.get()));
}

std::string encrypted_pkcs8_pem(const PrivateKey& key) {
  ossl::Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr,
                                nullptr);
  return std::string(ossl::contents(out.get()));
}

std::string public_pem(const PrivateKey& key) {
  ossl::Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(out.get(), key.get());
  return std::string(ossl::contents(out.get()));
}

}  // namespace

TEST(key_types_are_parsed_and_named) {
  for (KeyType type : kAll) CHECK_EQ(parse_key_type(key_type_name(type)), std::optional(type));
  CHECK_EQ(parse_key_type("ecdsa"), std::optional(KeyType::ecdsa256));
  CHECK_EQ(parse_key_type("rsa"), std::optional(KeyType::rsa2048));
  CHECK_EQ(key_type_name(KeyType::ecdsa384), "ecdsa:384");
  CHECK_EQ(key_type_slug(KeyType::rsa4096), "rsa-4096");
  for (std::string_view bad : {"", "ecdsa:255", "rsa:1024", "RSA", "rsa:", "ed25519", "ecdsa:256 "})
    CHECK(!parse_key_type(bad));
}

TEST(a_generated_key_is_of_its_type_and_survives_pem_and_der) {
  for (KeyType type : kAll) {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
    CHECK_EQ(key.type(), std::optional(type));
    Secret pem = REQUIRE_OK(key.pem());
    CHECK(pem.view().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    CHECK(pem.view().ends_with("\n-----END PRIVATE KEY-----\n"));
    CHECK(same(key, REQUIRE_OK(PrivateKey::from_pem(pem.view()))));
    Secret der = REQUIRE_OK(key.der());
    CHECK(same(key, REQUIRE_OK(PrivateKey::from_der(der.view()))));
    CHECK_EQ(REQUIRE_OK(PrivateKey::from_der(der.view())).type(), std::optional(type));
    // Board and store are compared by these bytes.
    CHECK(REQUIRE_OK(REQUIRE_OK(PrivateKey::from_pem(pem.view())).der()).view() == der.view());
  }
}

TEST(a_traditional_key_is_read) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::rsa2048}) {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
    CHECK(same(key, REQUIRE_OK(PrivateKey::from_pem(traditional_pem(key, nullptr)))));
  }
}

TEST(a_key_file_with_parameters_and_comments_before_the_key_is_read) {
  // As `openssl ecparam -genkey` writes it.
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa256));
  std::string text =
      "my key\n-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
      traditional_pem(key, nullptr);
  CHECK(same(key, REQUIRE_OK(PrivateKey::from_pem(text))));
}

TEST(an_encrypted_key_is_refused_without_asking_for_the_passphrase) {
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(KeyType::rsa2048));
  REQUIRE_ERROR(PrivateKey::from_pem(traditional_pem(key, EVP_aes_128_cbc())), Errc::crypto);
  REQUIRE_ERROR(PrivateKey::from_pem(encrypted_pkcs8_pem(key)), Errc::crypto);
}

TEST(what_is_no_private_key_is_refused_with_a_message) {
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa256));
  CHECK_CONTAINS(REQUIRE_ERROR(PrivateKey::from_pem(public_pem(key)), Errc::crypto),
                 "not an unencrypted private key in PEM form");
  REQUIRE_ERROR(PrivateKey::from_pem(""), Errc::crypto);
  REQUIRE_ERROR(PrivateKey::from_pem("hello"), Errc::crypto);
  REQUIRE_ERROR(PrivateKey::from_der(""), Errc::crypto);
  REQUIRE_ERROR(PrivateKey::from_der("\x30\x03\x02\x01"), Errc::crypto);
  Secret der = REQUIRE_OK(key.der());
  REQUIRE_ERROR(PrivateKey::from_der(der.view().substr(0, der.size() - 1)), Errc::crypto);
  REQUIRE_ERROR(PrivateKey::from_der(std::string(der.view()) + "x"), Errc::crypto);
}

TEST(a_key_of_another_type_is_read_but_has_no_type_of_ours) {
  CHECK(!PrivateKey::adopt(EVP_EC_gen("secp256k1")).type());
  CHECK(!PrivateKey::adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")).type());
  CHECK(!PrivateKey().type());
  REQUIRE_ERROR(PrivateKey().der(), Errc::invalid_argument);
}

TEST(a_moved_key_leaves_nothing_behind) {
  PrivateKey a = REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa256));
  evp_pkey_st* handle = a.get();
  PrivateKey b = std::move(a);
  CHECK_EQ(static_cast<void*>(b.get()), static_cast<void*>(handle));
  CHECK(!a.get());
  a = std::move(b);
  CHECK_EQ(static_cast<void*>(a.get()), static_cast<void*>(handle));
  CHECK(!b.get());
}

TEST(openssls_error_queue_is_empty_afterwards) {
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(KeyType::rsa2048));
  REQUIRE_OK(PrivateKey::from_pem(REQUIRE_OK(key.pem()).view()));
  CHECK_EQ(ERR_peek_error(), 0ul);
  REQUIRE_ERROR(PrivateKey::from_pem("hello"), Errc::crypto);
  CHECK_EQ(ERR_peek_error(), 0ul);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
