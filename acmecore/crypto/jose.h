// JWK, JWS and thumbprints (RFC 7515, 7517, 7638) by the José library; this is
// its only user. Everything the keeper signs goes through here.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key.h"

namespace acme {

// The public JWK of a key: required members only, EC coordinates padded to
// full length, RSA modulus without leading zero bytes.
Result<Json> public_jwk(const PrivateKey& key);

// RFC 7638, base64url. The key goes through OpenSSL first: hashing a JWK's
// text as somebody wrote it gives a wrong thumbprint (seed 003).
Result<std::string> jwk_thumbprint(const PrivateKey& key);
Result<std::string> jwk_thumbprint(const Json& public_jwk);

struct JwsHeader {
  std::string nonce;  // empty: left out (EAB, key rollover)
  std::string url;
  std::string kid;  // empty: the public JWK is embedded
};

// A flattened JWS (application/jose+json body). An empty payload is
// POST-as-GET's "". The algorithm follows from the key.
Result<std::string> sign_jws(const PrivateKey& key, const JwsHeader& header,
                             std::string_view payload);

// External account binding: HS256 over the account's public JWK (RFC 8555 7.3.4).
Result<Json> sign_eab(const Secret& mac_key, std::string_view kid, std::string_view url,
                      const PrivateKey& account_key);

// token "." thumbprint (RFC 8555 8.1).
std::string key_authorization(std::string_view token, std::string_view thumbprint);

}  // namespace acme
