// What an issuer's block says of dns-01: dns, dns_alias, dns_propagation, dns_resolver.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace acme {

Outcome assign_dns(IssuerSettings& issuer, std::string_view key,
                   const std::vector<std::string>& values, std::string_view root);

// Whether a wildcard can be proven there; else why not, and what to write, in words.
std::string fault_for_wildcards(const IssuerConfig& issuer, ServerKind server);

}  // namespace acme
