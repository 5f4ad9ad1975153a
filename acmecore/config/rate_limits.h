// How much of a CA may be asked for: the directive, and what is known of CAs that limit.
#pragma once

#include <string_view>

#include "base/rate_limit.h"
#include "config/values.h"

namespace acme {

// "off", or "orders=300/3h certificates=50/7d duplicates=5/7d"; what is not named has no limit.
Result<RateLimits> parse_rate_limits(const Values& words);

// Of Let's Encrypt by the host of its directory; none for any other CA.
RateLimits known_rate_limits(std::string_view directory_url);

}  // namespace acme
