// What can be said of an issuer's block by itself.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace acme {

// Challenge types that need what is not configured.
Outcome check_challenges(const IssuerSettings& issuer, ServerKind server);
// What an operator should know, each with its place.
std::vector<std::string> warnings_of(const IssuerSettings& issuer, ServerKind server);

}  // namespace acme
