// Certificates that we sign ourselves: placeholders and answers to tls-alpn-01.
// Inside this room only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/key.h"
#include "crypto/openssl.h"

namespace acme {

// One that is its own issuer, valid from an hour before `now`, not yet signed; null where
// OpenSSL refuses.
ossl::Certificate begin_self_signed(const PrivateKey& key, const char* common_name, WallTime now,
                                    std::int64_t lifetime);

// Signs it with a new serial number, for these names and with this extension (or none)
// instead of what it had: the DER, or nothing where OpenSSL refuses.
std::string sign_self_signed(X509* certificate, const PrivateKey& key, GENERAL_NAMES* names,
                             X509_EXTENSION* extension);

}  // namespace acme
