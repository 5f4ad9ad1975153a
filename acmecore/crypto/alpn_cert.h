// What answers a tls-alpn-01 challenge (RFC 8737, section 3).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/key.h"

namespace acme {

// The server name that the CA asks by: the name itself in lower case, for an IP
// address its name in in-addr.arpa or ip6.arpa (RFC 8738, section 6).
std::string alpn_server_name(std::string_view identifier);

// A self-signed certificate (DER) for the identifier alone, with the SHA-256 of the
// key authorization in a critical acmeIdentifier extension.
Result<std::string> make_alpn_certificate(const PrivateKey& key, std::string_view identifier,
                                          std::string_view key_authorization, WallTime now);

}  // namespace acme
