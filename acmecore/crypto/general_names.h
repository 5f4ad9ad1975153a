// Names as they stand in subjectAltName. Inside this room only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/openssl.h"

namespace acme {

// The address in network order (4 or 16 bytes), or empty when `name` is no IP address.
std::string address_bytes(std::string_view name);

// The one form that names are compared in: DNS names in lower case, IP
// addresses as inet_ntop writes them.
std::string canonical_name(std::string_view name);
std::vector<std::string> canonical_names(const std::vector<std::string>& names);  // sorted, unique

// Whatever it is, as a DNS name.
Outcome add_dns_name(GENERAL_NAMES* names, const std::string& text);

Result<ossl::GeneralNames> to_general_names(const std::vector<std::string>& names);

// Canonical and printable. Names of other types have their type before them
// ("email:a@b.example"): they can never be mistaken for a name asked for.
std::vector<std::string> from_general_names(const GENERAL_NAMES* names);

}  // namespace acme
