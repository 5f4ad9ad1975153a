// Name servers by their addresses: `ACMEResolver 192.0.2.1 [2001:db8::1]:5353`
#pragma once

#include "config/values.h"

namespace acme {

// "address:port", "[address]:port".
Result<std::vector<std::string>> parse_resolvers(const Values& words);

}  // namespace acme
