// IP addresses that stand where names do (RFC 8738).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace acme {

// The one form that addresses are compared in, as inet_ntop writes it: without
// brackets, an IPv4-mapped IPv6 address as IPv4. Nothing for what is no address.
std::optional<std::string> canonical_ip(std::string_view text);
bool is_ip(std::string_view text);

// False for what a public CA cannot vouch for: private, loopback, link-local,
// documentation, multicast. `address` is canonical.
bool is_public_ip(std::string_view address);

}  // namespace acme
