// Where each certificate can be seen: which listeners of this server show it, and by which name
// they are asked. Nobody who is asked is on another machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/resolve.h"
#include "config/settings.h"

namespace acme {

// "192.0.2.1:443", "[2001:db8::1]:443": the address as canonical_ip has it, and ":443".
struct AddressAndPort {
  std::string ip;
  std::string port;
};
std::optional<AddressAndPort> split_address(std::string_view text);

// Fills CertificateConfig::looks. Names that another certificate of their
// site answers are nobody's; a site's pattern is asked by no name.
void plan_looks(const Settings& settings, Resolution& resolution);

}  // namespace acme
