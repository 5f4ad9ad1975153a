#include "crypto/jose.h"

#include <jansson.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <span>
#include <utility>

#include "crypto/digest.h"
#include "crypto/foreign_key.h"
#include "crypto/openssl.h"

extern "C" {  // which José's headers leave out
#include <jose/b64.h>
#include <jose/jwk.h>
#include <jose/jws.h>
#include <jose/openssl.h>
}

namespace acme {
namespace {

// A call into José: what it says would go to stderr if it were not caught.
class Jose {
 public:
  Jose() : config_(jose_cfg()) {
    if (config_) jose_cfg_set_err_func(config_, keep, &message_);
  }
  ~Jose() {
    if (config_) jose_cfg_decref(config_);
  }
  Jose(const Jose&) = delete;
  Jose& operator=(const Jose&) = delete;

  jose_cfg_t* get() const { return config_; }
  Error error(const std::string& what) const {
    return ossl::error(message_.empty() ? what : what + ": " + message_);
  }

 private:
  static void keep(void* message, const char*, int, std::uint64_t, const char* format,
                   va_list arguments) {
    char text[256];
    std::vsnprintf(text, sizeof text, format, arguments);
    *static_cast<std::string*>(message) = text;
  }

  ossl::QueueGuard queue_;
  jose_cfg_t* config_;
  std::string message_;
};

// A JWK with private members. José signs with nothing else; the members are
// wiped before Jansson frees them.
class PrivateJwk {
 public:
  explicit PrivateJwk(json_t* owned) : value_(Json::adopt(owned)) {}
  PrivateJwk(const PrivateJwk&) = delete;
  PrivateJwk& operator=(const PrivateJwk&) = delete;
  ~PrivateJwk() {
    const char* name;
    json_t* member;
    json_object_foreach(value_.raw(), name, member) {
      if (json_is_string(member))
        OPENSSL_cleanse(const_cast<char*>(json_string_value(member)), json_string_length(member));
    }
  }

  const json_t* raw() const { return value_.raw(); }

 private:
  Json value_;
};

// Taken from a key that has no private half, so there is nothing to forget here.
Result<Json> public_jwk_of(EVP_PKEY* key, const Jose& jose) {
  unsigned char* der = nullptr;
  int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return jose.error("cannot write the public key");
  const unsigned char* at = der;
  ossl::Pkey half(d2i_PUBKEY(nullptr, &at, size));
  OPENSSL_free(der);
  Json jwk = Json::adopt(half ? jose_openssl_jwk_from_EVP_PKEY(jose.get(), half.get()) : nullptr);
  if (!jwk.present()) return jose.error("cannot write the public key as a JWK");
  return jwk;
}

Result<std::string> thumbprint_of(const Json& jwk, const Jose& jose) {
  Json digest = Json::adopt(jose_jwk_thp(jose.get(), jwk.raw(), "S256"));
  if (!digest.is_string()) return jose.error("cannot compute the key's thumbprint");
  return *digest.text();
}

// Boulder takes RS256 for an RSA key of any size; José by itself would not.
const char* algorithm(const PrivateKey& key) {
  switch (key.type().value_or(KeyType::rsa2048)) {
    case KeyType::ecdsa256:
      return "ES256";
    case KeyType::ecdsa384:
      return "ES384";
    case KeyType::ecdsa521:
      return "ES512";
    default:
      return "RS256";
  }
}

// All members that such a key has, each one base64url: of half an RSA key José 11 leaks what it
// has read.
bool is_whole(const Json& jwk) {
  static constexpr const char* kEc[] = {"x", "y", "d"};
  static constexpr const char* kRsa[] = {"n", "e", "d", "p", "q", "dp", "dq", "qi"};
  const std::string type = jwk["kty"].text_or("");
  std::span<const char* const> members;
  if (type == "EC") members = kEc;
  if (type == "RSA") members = kRsa;
  return !members.empty() && std::all_of(members.begin(), members.end(), [&](const char* member) {
    auto bytes = base64url_decode_secret(jwk[member].text_or(""));
    return bytes && !bytes->empty();
  });
}

Result<Json> sign(const PrivateJwk& key, const Json& header, std::string_view payload,
                  const Jose& jose) {
  Json jws = Json::object().set("payload", base64url_encode(payload));
  Json signature = Json::object().set("protected", header);
  if (!key.raw() || !jose_jws_sig(jose.get(), jws.raw(), signature.raw(), key.raw()))
    return jose.error("cannot sign");
  return jws;
}

}  // namespace

Result<Json> public_jwk(const PrivateKey& key) {
  return public_jwk_of(key.get(), Jose());
}

Result<std::string> jwk_thumbprint(const PrivateKey& key) {
  ACME_TRY(Json jwk, public_jwk(key));
  return thumbprint_of(jwk, Jose());
}

Result<std::string> jwk_thumbprint(const Json& public_jwk) {
  Jose jose;
  std::string type = public_jwk["kty"].text_or("");
  ossl::Pkey key;
  if (type == "EC" || type == "RSA")
    key.reset(jose_openssl_jwk_to_EVP_PKEY(jose.get(), public_jwk.raw()));
  if (!key) return jose.error("not the JWK of an EC or RSA key");
  ACME_TRY(Json canonical, public_jwk_of(key.get(), jose));
  return thumbprint_of(canonical, jose);
}

Result<std::string> sign_jws(const PrivateKey& key, const JwsHeader& header,
                             std::string_view payload) {
  Json members = Json::object().set("alg", algorithm(key)).set("url", header.url);
  if (!header.nonce.empty()) members.set("nonce", header.nonce);
  if (!header.kid.empty()) {
    members.set("kid", header.kid);
  } else {
    ACME_TRY(Json jwk, public_jwk(key));
    members.set("jwk", jwk);
  }
  Jose jose;
  PrivateJwk signer(key.get() ? jose_openssl_jwk_from_EVP_PKEY(jose.get(), key.get()) : nullptr);
  ACME_TRY(Json jws, sign(signer, members, payload, jose));
  return jws.compact();
}

// In foreign_key.h.
Result<PrivateKey> key_from_jwk(const Json& jwk) {
  Jose jose;
  if (!is_whole(jwk)) return fail(Errc::crypto, "not the whole private JWK of an EC or RSA key");
  PrivateKey key = PrivateKey::adopt(jose_openssl_jwk_to_EVP_PKEY(jose.get(), jwk.raw()));
  if (!key.get()) return jose.error("not the JWK of a private key");
  ossl::Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!context || EVP_PKEY_pairwise_check(context.get()) != 1)
    return jose.error("the JWK's private and public halves are not of one key");
  return key;
}

Result<Json> sign_eab(const Secret& mac_key, std::string_view kid, std::string_view url,
                      const PrivateKey& account_key) {
  ACME_TRY(Json jwk, public_jwk(account_key));
  Json header = Json::object().set("alg", "HS256").set("kid", kid).set("url", url);
  Jose jose;
  PrivateJwk signer(
      json_pack("{s:s,s:o}", "kty", "oct", "k", jose_b64_enc(mac_key.data(), mac_key.size())));
  return sign(signer, header, jwk.compact(), jose);
}

std::string key_authorization(std::string_view token, std::string_view thumbprint) {
  return std::string(token) + "." + std::string(thumbprint);
}

}  // namespace acme
