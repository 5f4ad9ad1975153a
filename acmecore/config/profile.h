// The profile (draft-ietf-acme-profiles) that a certificate is ordered with.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace acme {

struct WantedProfile {
  std::string name;       // empty: none is asked for
  bool required = false;  // a CA that does not list it fails the order
};

// The issuer's; without one, what Let's Encrypt has for certificates with IP addresses.
WantedProfile wanted_profile(const IssuerConfig& issuer, const std::vector<std::string>& names);

}  // namespace acme
