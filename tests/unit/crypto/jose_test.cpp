#include "crypto/jose.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr char kUrl[] = "https://ca.example/acme/new-order";

std::vector<std::uint8_t> decode(std::string_view text) {
  return REQUIRE_OK(base64url_decode(text));
}

std::string decode_text(std::string_view text) {
  std::vector<std::uint8_t> bytes = decode(text);
  return {bytes.begin(), bytes.end()};
}

// ---- a second opinion on signatures, by OpenSSL alone

std::vector<std::uint8_t> ecdsa_der(const std::vector<std::uint8_t>& raw) {
  int half = static_cast<int>(raw.size() / 2);
  ossl::Owned<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), half, nullptr),
                 BN_bin2bn(raw.data() + half, half, nullptr));
  std::vector<std::uint8_t> der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)));
  unsigned char* at = der.data();
  i2d_ECDSA_SIG(signature.get(), &at);
  return der;
}

bool verifies(EVP_PKEY* key, const char* hash, const std::string& input,
              std::vector<std::uint8_t> signature) {
  if (EVP_PKEY_is_a(key, "EC")) signature = ecdsa_der(signature);
  ossl::Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit_ex(context.get(), nullptr, hash, nullptr, nullptr, key, nullptr) ==
             1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
}

std::vector<std::uint8_t> hs256(std::span<const std::uint8_t> key, const std::string& input) {
  std::vector<std::uint8_t> out(32);
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(input.data()), input.size(), out.data(), nullptr);
  return out;
}

std::string signing_input(const Json& jws) {
  return *jws["protected"].text() + "." + *jws["payload"].text();
}

Json header_of(const Json& jws) {
  return REQUIRE_OK(Json::parse(decode_text(*jws["protected"].text())));
}

std::vector<std::string> sorted_keys(const Json& object) {
  std::vector<std::string> keys = object.keys();
  std::sort(keys.begin(), keys.end());
  return keys;
}

// ---- keys

PrivateKey p256_key(std::string_view x, std::string_view y, std::string_view d) {
  std::vector<std::uint8_t> point{4};
  for (std::string_view part : {x, y})
    for (std::uint8_t byte : decode(part)) point.push_back(byte);
  std::vector<std::uint8_t> number = decode(d);
  ossl::BigNumber secret(BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr));
  ossl::Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
  ossl::Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(build.get()));
  ossl::Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get());
  CHECK(key != nullptr);
  return PrivateKey::adopt(key);
}

// RFC 7515 A.3
PrivateKey rfc7515_key() {
  return p256_key("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                  "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
}

PrivateKey stored_key(const std::string& name) {
  return REQUIRE_OK(PrivateKey::from_pem(test_data("crypto/" + name + ".pem")));
}

Json stored_jwk(const std::string& name) {
  return REQUIRE_OK(Json::parse(test_data("crypto/" + name + ".json")));
}

// RFC 7515 A.1, A.3: the same payload.
constexpr char kRfcPayload[] =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    "cnVlfQ";

struct Algorithm {
  KeyType type;
  const char* name;
  const char* hash;
  std::size_t signature_size;
};

constexpr Algorithm kAlgorithms[] = {
    {KeyType::ecdsa256, "ES256", "SHA256", 64},  {KeyType::ecdsa384, "ES384", "SHA384", 96},
    {KeyType::ecdsa521, "ES512", "SHA512", 132}, {KeyType::rsa2048, "RS256", "SHA256", 256},
    {KeyType::rsa3072, "RS256", "SHA256", 384},  {KeyType::rsa4096, "RS256", "SHA256", 512}};

}  // namespace

// ---- the checks themselves, by known answers

TEST(the_verifier_of_these_tests_accepts_rfc_7515_a_3) {
  std::string signature =
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  std::string input = std::string("eyJhbGciOiJFUzI1NiJ9.") + kRfcPayload;
  CHECK(verifies(rfc7515_key().get(), "SHA256", input, decode(signature)));
  CHECK(!verifies(rfc7515_key().get(), "SHA256", input + "x", decode(signature)));
}

TEST(the_mac_of_these_tests_is_that_of_rfc_7515_a_1) {
  std::string key =
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
  std::string input = std::string("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.") + kRfcPayload;
  CHECK_EQ(base64url_encode(hs256(decode(key), input)),
           "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

// ---- JWK and thumbprint

TEST(the_public_jwk_is_that_of_rfc_7517_a_1) {
  PrivateKey key = p256_key("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                            "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
                            "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");
  Json jwk = REQUIRE_OK(public_jwk(key));
  CHECK_EQ(sorted_keys(jwk), (std::vector<std::string>{"crv", "kty", "x", "y"}));
  CHECK_EQ(jwk["kty"].text_or(""), "EC");
  CHECK_EQ(jwk["crv"].text_or(""), "P-256");
  CHECK_EQ(jwk["x"].text_or(""), "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4");
  CHECK_EQ(jwk["y"].text_or(""), "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
}

TEST(the_thumbprint_is_that_of_rfc_7638) {
  CHECK_EQ(REQUIRE_OK(jwk_thumbprint(stored_jwk("rfc7638_jwk"))),
           "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(a_leading_zero_byte_of_the_modulus_does_not_spoil_the_thumbprint) {
  Json jwk = stored_jwk("seed003_jwk");
  CHECK_EQ(decode(*jwk["n"].text())[0], 0);
  // The text hashed as it was printed is what the seed's author got.
  std::string as_printed = R"({"e":"AQAB","kty":"RSA","n":")" + *jwk["n"].text() + "\"}";
  CHECK_EQ(base64url_encode(sha256(as_printed)), "qSij9TMNZw32coF_FpEdNGXlQgq4MqnSoOXzI13zD6g");
  CHECK_EQ(REQUIRE_OK(jwk_thumbprint(jwk)), "cTWuxHJb7tbUWP_oIKZWsvdMcavGFwySwpa5pTuWBII");
}

TEST(a_key_and_its_jwk_have_one_thumbprint) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::ecdsa384, KeyType::ecdsa521, KeyType::rsa2048}) {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
    Json jwk = REQUIRE_OK(public_jwk(key));
    std::string thumbprint = REQUIRE_OK(jwk_thumbprint(key));
    CHECK_EQ(thumbprint.size(), 43);
    CHECK_EQ(REQUIRE_OK(jwk_thumbprint(jwk)), thumbprint);
  }
}

TEST(what_else_stands_in_a_jwk_does_not_change_its_thumbprint) {
  Json jwk = stored_jwk("rfc7638_jwk");
  jwk.set("use", "sig").set("d", "AQAB").set("key_ops", Json::array().append("sign"));
  CHECK_EQ(REQUIRE_OK(jwk_thumbprint(jwk)), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(what_is_no_public_jwk_has_no_thumbprint) {
  for (const char* bad :
       {"{}", "[]", "\"x\"", R"({"kty":"oct","k":"AAAA"})", R"({"kty":"RSA"})",
        R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})", R"({"kty":"EC","crv":"P-999"})",
        R"({"kty":"RSA","n":"+","e":"AQAB"})", R"({"kty":"RSA","n":1,"e":2})"}) {
    Result<Json> json = Json::parse(bad);
    if (json) REQUIRE_ERROR(jwk_thumbprint(*json), Errc::crypto);
  }
  REQUIRE_ERROR(jwk_thumbprint(Json()), Errc::crypto);
  REQUIRE_ERROR(jwk_thumbprint(PrivateKey()), Errc::crypto);
}

TEST(coordinates_with_leading_zero_bytes_keep_their_full_length) {
  struct Row {
    const char* name;
    std::size_t size;
    std::size_t zeros;
  };
  for (Row row :
       {Row{"ec256_zero_", 32, 1}, Row{"ec384_zero_", 48, 1}, Row{"ec521_zero_", 66, 2}}) {
    for (const char* coordinate : {"x", "y"}) {
      PrivateKey key = stored_key(std::string(row.name) + coordinate);
      Json jwk = REQUIRE_OK(public_jwk(key));
      CHECK_EQ(decode(*jwk["x"].text()).size(), row.size);
      CHECK_EQ(decode(*jwk["y"].text()).size(), row.size);
      std::vector<std::uint8_t> bytes = decode(*jwk[coordinate].text());
      CHECK(std::all_of(bytes.begin(), bytes.begin() + static_cast<long>(row.zeros),
                        [](std::uint8_t byte) { return byte == 0; }));
      CHECK_EQ(REQUIRE_OK(jwk_thumbprint(jwk)), REQUIRE_OK(jwk_thumbprint(key)));
    }
  }
}

TEST(coordinates_of_many_keys_have_their_full_length) {
  for (int i = 0; i < 300; ++i) {
    Json jwk = REQUIRE_OK(public_jwk(REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa256))));
    CHECK_EQ(jwk["x"].text_or("").size(), 43);
    CHECK_EQ(jwk["y"].text_or("").size(), 43);
  }
}

TEST(a_modulus_with_its_top_bit_set_gets_no_leading_zero_byte) {
  PrivateKey key = REQUIRE_OK(PrivateKey::generate(KeyType::rsa2048));
  Json jwk = REQUIRE_OK(public_jwk(key));
  CHECK_EQ(sorted_keys(jwk), (std::vector<std::string>{"e", "kty", "n"}));
  std::vector<std::uint8_t> modulus = decode(*jwk["n"].text());
  CHECK_EQ(modulus.size(), 256);
  CHECK(modulus[0] >= 0x80);
  CHECK_EQ(jwk["e"].text_or(""), "AQAB");
}

// ---- JWS

TEST(a_jws_is_flattened_and_verifies_by_openssl_for_every_key_type) {
  for (const Algorithm& algorithm : kAlgorithms) {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(algorithm.type));
    Json jws =
        REQUIRE_OK(Json::parse(REQUIRE_OK(sign_jws(key, {"nonce-1", kUrl, ""}, R"({"a":"b"})"))));
    CHECK_EQ(sorted_keys(jws), (std::vector<std::string>{"payload", "protected", "signature"}));
    CHECK_EQ(decode_text(*jws["payload"].text()), R"({"a":"b"})");
    CHECK_EQ(header_of(jws)["alg"].text_or(""), algorithm.name);
    std::vector<std::uint8_t> signature = decode(*jws["signature"].text());
    CHECK_EQ(signature.size(), algorithm.signature_size);
    CHECK(verifies(key.get(), algorithm.hash, signing_input(jws), signature));
    CHECK(!verifies(key.get(), algorithm.hash, signing_input(jws) + "A", signature));
  }
}

TEST(a_jws_of_keys_with_leading_zero_bytes_verifies) {
  for (const char* name : {"ec256_zero_x", "ec256_zero_y"}) {
    PrivateKey key = stored_key(name);
    Json jws = REQUIRE_OK(Json::parse(REQUIRE_OK(sign_jws(key, {"n", kUrl, ""}, "{}"))));
    CHECK(verifies(key.get(), "SHA256", signing_input(jws), decode(*jws["signature"].text())));
    CHECK_EQ(REQUIRE_OK(jwk_thumbprint(header_of(jws)["jwk"])), REQUIRE_OK(jwk_thumbprint(key)));
  }
}

TEST(signatures_always_have_their_full_length) {
  PrivateKey key = rfc7515_key();  // r or s begins with a zero byte once in 128 times
  for (int i = 0; i < 600; ++i) {
    Json jws = REQUIRE_OK(Json::parse(REQUIRE_OK(sign_jws(key, {"n", kUrl, "kid"}, ""))));
    CHECK_EQ(jws["signature"].text_or("").size(), 86);
  }
}

TEST(without_kid_the_public_jwk_is_embedded_and_nothing_else_of_the_key) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::rsa2048}) {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
    Json jws = REQUIRE_OK(Json::parse(REQUIRE_OK(sign_jws(key, {"n", kUrl, ""}, "{}"))));
    Json header = header_of(jws);
    CHECK_EQ(sorted_keys(header), (std::vector<std::string>{"alg", "jwk", "nonce", "url"}));
    CHECK_EQ(header["url"].text_or(""), kUrl);
    CHECK_EQ(header["nonce"].text_or(""), "n");
    // No alg, key_ops or private members.
    CHECK_EQ(sorted_keys(header["jwk"]), type == KeyType::ecdsa256
                                             ? (std::vector<std::string>{"crv", "kty", "x", "y"})
                                             : (std::vector<std::string>{"e", "kty", "n"}));
  }
}

TEST(with_kid_there_is_no_jwk) {
  Json jws = REQUIRE_OK(Json::parse(
      REQUIRE_OK(sign_jws(rfc7515_key(), {"n", kUrl, "https://ca.example/acct/1"}, "{}"))));
  Json header = header_of(jws);
  CHECK_EQ(sorted_keys(header), (std::vector<std::string>{"alg", "kid", "nonce", "url"}));
  CHECK_EQ(header["kid"].text_or(""), "https://ca.example/acct/1");
}

TEST(without_nonce_there_is_no_nonce_member) {  // the inner JWS of a key rollover
  Json jws =
      REQUIRE_OK(Json::parse(REQUIRE_OK(sign_jws(rfc7515_key(), {"", kUrl, ""}, R"({"x":1})"))));
  CHECK_EQ(sorted_keys(header_of(jws)), (std::vector<std::string>{"alg", "jwk", "url"}));
}

TEST(post_as_get_has_an_empty_payload_and_verifies) {
  for (const Algorithm& algorithm : {kAlgorithms[0], kAlgorithms[3]}) {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(algorithm.type));
    Json jws = REQUIRE_OK(Json::parse(REQUIRE_OK(sign_jws(key, {"n", kUrl, "kid"}, ""))));
    CHECK(jws["payload"].is_string());
    CHECK_EQ(jws["payload"].text_or("?"), "");
    CHECK(
        verifies(key.get(), algorithm.hash, signing_input(jws), decode(*jws["signature"].text())));
  }
}

TEST(a_large_payload_is_signed_whole) {
  PrivateKey key = rfc7515_key();
  std::string payload(200'000, 'x');
  Json jws = REQUIRE_OK(Json::parse(REQUIRE_OK(sign_jws(key, {"n", kUrl, "kid"}, payload))));
  CHECK_EQ(decode_text(*jws["payload"].text()), payload);
  CHECK(verifies(key.get(), "SHA256", signing_input(jws), decode(*jws["signature"].text())));
}

TEST(no_key_signs_nothing) {
  REQUIRE_ERROR(sign_jws(PrivateKey(), {"n", kUrl, ""}, "{}"), Errc::crypto);
  REQUIRE_ERROR(sign_jws(PrivateKey(), {"n", kUrl, "kid"}, "{}"), Errc::crypto);
  PrivateKey public_only = PrivateKey::adopt([] {
    unsigned char* der = nullptr;
    int size = i2d_PUBKEY(rfc7515_key().get(), &der);
    const unsigned char* at = der;
    EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, size);
    OPENSSL_free(der);
    return key;
  }());
  REQUIRE_ERROR(sign_jws(public_only, {"n", kUrl, "kid"}, "{}"), Errc::crypto);
}

// ---- external account binding, key authorization

TEST(an_external_account_binding_verifies_and_carries_the_account_key) {
  std::string encoded = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
  Secret mac = REQUIRE_OK(base64url_decode_secret(encoded));
  PrivateKey account = rfc7515_key();
  Json jws = REQUIRE_OK(sign_eab(mac, "kid-1", "https://ca.example/new-acct", account));
  CHECK_EQ(sorted_keys(jws), (std::vector<std::string>{"payload", "protected", "signature"}));
  Json header = header_of(jws);
  CHECK_EQ(sorted_keys(header), (std::vector<std::string>{"alg", "kid", "url"}));
  CHECK_EQ(header["alg"].text_or(""), "HS256");
  CHECK_EQ(header["kid"].text_or(""), "kid-1");
  CHECK_EQ(header["url"].text_or(""), "https://ca.example/new-acct");
  Json payload = REQUIRE_OK(Json::parse(decode_text(*jws["payload"].text())));
  CHECK_EQ(payload.compact(), REQUIRE_OK(public_jwk(account)).compact());
  CHECK_EQ(*jws["signature"].text(), base64url_encode(hs256(mac.span(), signing_input(jws))));
}

TEST(a_mac_key_that_is_too_short_is_refused_with_joses_reason) {
  std::string why = REQUIRE_ERROR(
      sign_eab(Secret(std::string_view("short")), "kid", kUrl, rfc7515_key()), Errc::crypto);
  CHECK_CONTAINS(why, "too small");
  REQUIRE_ERROR(sign_eab(Secret(), "kid", kUrl, rfc7515_key()), Errc::crypto);
}

TEST(a_key_authorization_is_the_token_a_dot_and_the_thumbprint) {
  // RFC 8555 8.1, with the token of its example.
  std::string token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
  PrivateKey key = rfc7515_key();
  CHECK_EQ(key_authorization(token, "thumbprint"), token + ".thumbprint");
  // Known answer: the RFC 7638 computation over this key's members, spelt out.
  CHECK_EQ(REQUIRE_OK(jwk_thumbprint(key)),
           base64url_encode(sha256(
               R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
               R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})")));
}

TEST(openssls_error_queue_is_empty_afterwards) {
  REQUIRE_OK(sign_jws(rfc7515_key(), {"n", kUrl, ""}, "{}"));
  CHECK_EQ(ERR_peek_error(), 0ul);
  REQUIRE_ERROR(sign_jws(PrivateKey(), {"n", kUrl, ""}, "{}"), Errc::crypto);
  CHECK_EQ(ERR_peek_error(), 0ul);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
