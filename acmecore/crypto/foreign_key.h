// Private keys in the forms that other ACME clients keep them in.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key.h"

namespace acme {

// A private JWK of an EC or RSA key (certbot). In jose.cpp, by the José library.
Result<PrivateKey> key_from_jwk(const Json& jwk);

// PEM that may be encrypted (mod_md); without a passphrase it must not be. The passphrase is any
// bytes, as OpenSSL takes it.
Result<PrivateKey> key_from_encrypted_pem(std::string_view pem, const Secret& passphrase);

}  // namespace acme
