#include "crypto/digest.h"

#include "unit/check.h"

using namespace acme;

namespace {

std::string decoded(std::string_view text) {
  std::vector<std::uint8_t> bytes = REQUIRE_OK(base64url_decode(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

// RFC 4231, test case 2.
TEST(hmac_has_the_known_answers) {
  const Secret key(std::string_view("Jefe"));
  auto of = [&](HmacHash hash) {
    const std::string mac = REQUIRE_OK(hmac(hash, key, "what do ya want for nothing?"));
    return hex({reinterpret_cast<const std::uint8_t*>(mac.data()), mac.size()});
  };
  CHECK_EQ(of(HmacHash::sha256),
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK_EQ(of(HmacHash::sha384),
           "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
           "8e2240ca5e69e2c78b3239ecfab21649");
  CHECK_EQ(of(HmacHash::sha512),
           "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
           "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(bytes_are_equal_or_not) {
  CHECK(equal_bytes("", ""));
  CHECK(equal_bytes("abc", "abc"));
  CHECK(!equal_bytes("abc", "abd"));
  CHECK(!equal_bytes("abc", "abcd"));
}

TEST(sha256_has_the_known_answers) {
  CHECK_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(base64url_has_the_known_answers_of_rfc_4648_without_padding) {
  CHECK_EQ(base64url_encode(""), "");
  CHECK_EQ(base64url_encode("f"), "Zg");
  CHECK_EQ(base64url_encode("fo"), "Zm8");
  CHECK_EQ(base64url_encode("foo"), "Zm9v");
  CHECK_EQ(base64url_encode("foob"), "Zm9vYg");
  CHECK_EQ(base64url_encode("fooba"), "Zm9vYmE");
  CHECK_EQ(base64url_encode("foobar"), "Zm9vYmFy");
}

TEST(base32_has_the_known_answers_of_rfc_4648_without_padding) {
  const auto base32 = [](std::string_view text) {
    return base32_encode(
        std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  };
  CHECK_EQ(base32(""), "");
  CHECK_EQ(base32("f"), "my");
  CHECK_EQ(base32("fo"), "mzxq");
  CHECK_EQ(base32("foo"), "mzxw6");
  CHECK_EQ(base32("foob"), "mzxw6yq");
  CHECK_EQ(base32("fooba"), "mzxw6ytb");
  CHECK_EQ(base32("foobar"), "mzxw6ytboi");
}

TEST(base64url_uses_the_url_alphabet) {
  std::vector<std::uint8_t> bytes{3, 236, 255, 224, 193};  // RFC 7515, appendix C
  CHECK_EQ(base64url_encode(bytes), "A-z_4ME");
  CHECK_EQ(REQUIRE_OK(base64url_decode("A-z_4ME")), bytes);
}

TEST(base64url_decodes_what_it_encodes_at_every_length) {
  for (std::size_t size = 0; size < 300; ++size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 37 + size);
    CHECK_EQ(decoded(base64url_encode(text)), text);
  }
}

TEST(base64url_accepts_complete_padding) {
  CHECK_EQ(decoded("Zg=="), "f");
  CHECK_EQ(decoded("Zm8="), "fo");
  CHECK_EQ(decoded("Zm9v"), "foo");
}

TEST(base64url_refuses_everything_else) {
  for (std::string_view bad :
       {"A",    "Zg=",    "Zg===", "Zm8==", "Zm9v=",      "Zm9v====", "=",    "====",
        "Z=g=", "Zg==Z",  "Zm 9v", " Zm9v", "Zm9v\n",     "Zm9+",     "Zm9/", "Zm9v-\n",
        "Zm.v", "Zg==\n", "Zh",    "Zm9",   "\xc3\xa4zz", "-----"}) {
    REQUIRE_ERROR(base64url_decode(bad), Errc::protocol);
  }
  REQUIRE_ERROR(base64url_decode(std::string_view("Zm\0v", 4)), Errc::protocol);
}

TEST(a_secret_is_decoded_into_memory_that_wipes_itself) {
  Secret key = REQUIRE_OK(base64url_decode_secret("Zm9vYg=="));
  CHECK_EQ(key.view(), "foob");
  CHECK(REQUIRE_OK(base64url_decode_secret("")).empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
