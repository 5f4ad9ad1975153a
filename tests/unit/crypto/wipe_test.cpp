// A private key that was made, written, read and used leaves no byte in the
// memory of a program that wipes what it frees, once its owner is gone.
#include "crypto/wiping_free.h"
#include "unit/check.h"

#if ACME_WIPING_FREE

#include <openssl/core_names.h>

#include <array>
#include <cstdio>

#include "crypto/digest.h"
#include "crypto/jose.h"
#include "crypto/key.h"
#include "crypto/openssl.h"

using namespace acme;

namespace {

constexpr std::size_t kPatternSize = 20;
constexpr std::uint8_t kMask = 0x5a;  // so that the pattern itself is not found

using Pattern = std::array<std::uint8_t, kPatternSize>;

Pattern masked(const std::uint8_t* bytes) {
  Pattern out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes[i] ^ kMask;
  return out;
}

// The key's number as it may stand in memory: big endian, OpenSSL's own order,
// and as a JWK's text.
struct Traces {
  Pattern big_endian;
  Pattern little_endian;
  Pattern text;
};

Traces traces_of(const PrivateKey& key, const char* parameter) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), parameter, &number);
  std::array<std::uint8_t, 512> bytes{};
  int size = BN_num_bytes(number);
  BN_bn2bin(number, bytes.data());
  Secret text(base64url_encode(std::span(bytes.data(), static_cast<std::size_t>(size))));
  Traces traces{masked(bytes.data()), {}, masked(text.data())};
  BN_bn2lebinpad(number, bytes.data(), size);
  traces.little_endian = masked(bytes.data());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  BN_clear_free(number);
  return traces;
}

bool stands_at(const volatile std::uint8_t* at, const Pattern& pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if ((at[i] ^ kMask) != pattern[i]) return false;
  return true;
}

int count_in_memory(const Pattern& pattern) {
  int found = 0;
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  std::array<char, 512> line;
  while (maps && std::fgets(line.data(), line.size(), maps)) {
    unsigned long begin = 0;
    unsigned long end = 0;
    std::array<char, 5> mode{};
    if (std::sscanf(line.data(), "%lx-%lx %4s", &begin, &end, mode.data()) != 3) continue;
    if (mode[0] != 'r' || mode[1] != 'w') continue;
    for (unsigned long at = begin; at + pattern.size() <= end; ++at)
      found += stands_at(reinterpret_cast<const volatile std::uint8_t*>(at), pattern);
  }
  if (maps) std::fclose(maps);
  return found;
}

void use_in_every_way(const PrivateKey& key) {
  Secret pem = REQUIRE_OK(key.pem());
  Secret der = REQUIRE_OK(key.der());
  REQUIRE_OK(PrivateKey::from_pem(pem.view()));
  REQUIRE_OK(PrivateKey::from_der(der.view()));
  REQUIRE_OK(sign_jws(key, {"nonce", "https://ca.example/new-acct", ""}, "{}"));
  REQUIRE_OK(jwk_thumbprint(key));
  REQUIRE_OK(sign_eab(Secret(std::string_view("0123456789abcdef0123456789abcdef")), "kid",
                      "https://ca.example/new-acct", key));
}

void check_type(KeyType type, const char* parameter) {
  Traces traces;
  {
    PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
    traces = traces_of(key, parameter);
    CHECK(count_in_memory(traces.little_endian) > 0);  // the search does find it
    use_in_every_way(key);
  }
  CHECK_EQ(count_in_memory(traces.big_endian), 0);
  CHECK_EQ(count_in_memory(traces.little_endian), 0);
  CHECK_EQ(count_in_memory(traces.text), 0);
}

}  // namespace

TEST(an_ec_key_leaves_no_trace) {
  check_type(KeyType::ecdsa256, OSSL_PKEY_PARAM_PRIV_KEY);
  check_type(KeyType::ecdsa384, OSSL_PKEY_PARAM_PRIV_KEY);
}

TEST(an_rsa_key_leaves_no_trace) {
  check_type(KeyType::rsa2048, OSSL_PKEY_PARAM_RSA_FACTOR1);
  check_type(KeyType::rsa2048, OSSL_PKEY_PARAM_RSA_D);
}

TEST(a_mac_key_leaves_no_trace) {
  PrivateKey account = REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa256));
  Pattern bytes;
  Pattern text;
  {
    Secret mac(48);
    for (std::size_t i = 0; i < mac.size(); ++i)
      mac.data()[i] = static_cast<std::uint8_t>(i * 73 + 11);
    bytes = masked(mac.data());
    Secret encoded(base64url_encode(mac.span()));
    text = masked(encoded.data());
    CHECK(count_in_memory(bytes) > 0);
    Secret decoded = REQUIRE_OK(base64url_decode_secret(encoded.view()));
    REQUIRE_OK(sign_eab(decoded, "kid", "https://ca.example/new-acct", account));
  }
  CHECK_EQ(count_in_memory(bytes), 0);
  CHECK_EQ(count_in_memory(text), 0);
}

#else

TEST(wiping_cannot_be_tested_under_this_sanitizer) {}

#endif

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
