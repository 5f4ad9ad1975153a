#include "crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/openssl.h"

namespace acme {
namespace {

struct TypeRow {
  KeyType type;
  const char* group;  // OpenSSL's name of the curve; null for RSA
  int bits;
};

constexpr std::array kTypes{
    TypeRow{KeyType::ecdsa256, SN_X9_62_prime256v1, 256},
    TypeRow{KeyType::ecdsa384, SN_secp384r1, 384},
    TypeRow{KeyType::ecdsa521, SN_secp521r1, 521},
    TypeRow{KeyType::rsa2048, nullptr, 2048},
    TypeRow{KeyType::rsa3072, nullptr, 3072},
    TypeRow{KeyType::rsa4096, nullptr, 4096},
};

const TypeRow& row(KeyType type) {
  return *std::find_if(kTypes.begin(), kTypes.end(),
                       [type](const TypeRow& r) { return r.type == type; });
}

// Without a callback OpenSSL would ask for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

PrivateKey::~PrivateKey() {
  EVP_PKEY_free(key_);
}

PrivateKey::PrivateKey(PrivateKey&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}

PrivateKey& PrivateKey::operator=(PrivateKey&& other) noexcept {
  std::swap(key_, other.key_);
  return *this;
}

PrivateKey PrivateKey::adopt(evp_pkey_st* owned) {
  PrivateKey key;
  key.key_ = owned;
  return key;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  ossl::QueueGuard guard;
  const TypeRow& r = row(type);
  EVP_PKEY* key = r.group ? EVP_EC_gen(r.group) : EVP_RSA_gen(static_cast<unsigned>(r.bits));
  if (!key) return ossl::error("cannot make a key of type " + std::string(key_type_name(type)));
  return adopt(key);
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  ossl::QueueGuard guard;
  ossl::Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* key = in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr;
  if (!key) return ossl::error("not an unencrypted private key in PEM form");
  return adopt(key);
}

Result<PrivateKey> PrivateKey::from_der(std::string_view der) {
  ossl::QueueGuard guard;
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  auto* end = at + der.size();
  PrivateKey key = adopt(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  if (!key.get() || at != end) return ossl::error("not a private key in DER form");
  return key;
}

// Written straight into a Secret. What OpenSSL 3.0 itself leaves unwiped in
// memory it has freed, here and when a key is read, nobody can reach but the
// free() of the whole program (tests/unit/crypto/wipe_test.cpp).
Result<Secret> PrivateKey::der() const {
  ossl::QueueGuard guard;
  if (!key_) return fail(Errc::invalid_argument, "there is no private key");
  ossl::Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(EVP_PKEY2PKCS8(key_));
  int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : -1;
  if (size <= 0) return ossl::error("cannot write the private key");
  Secret out(static_cast<std::size_t>(size));
  unsigned char* at = out.data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &at);
  return out;
}

Result<Secret> PrivateKey::pem() const {
  ACME_TRY(Secret der, this->der());
  ossl::QueueGuard guard;
  ossl::Bio out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio(out.get(), PEM_STRING_PKCS8INF, "", der.data(),
                            static_cast<long>(der.size())) <= 0)
    return ossl::error("cannot write the private key");
  return Secret(ossl::contents(out.get()));
}

std::optional<KeyType> PrivateKey::type() const {
  if (!key_) return std::nullopt;
  std::array<char, 64> group{};
  bool is_ec = EVP_PKEY_is_a(key_, "EC") == 1;
  if (is_ec) EVP_PKEY_get_group_name(key_, group.data(), group.size(), nullptr);
  bool is_rsa = EVP_PKEY_is_a(key_, "RSA") == 1;
  for (const TypeRow& r : kTypes) {
    bool same = r.group ? is_ec && r.group == std::string_view(group.data())
                        : is_rsa && EVP_PKEY_get_bits(key_) == r.bits;
    if (same) return r.type;
  }
  return std::nullopt;
}

}  // namespace acme
