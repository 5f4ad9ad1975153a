// CAs and our accounts there, for people.
#pragma once

#include <string>

#include "base/json.h"

namespace acme::ctl {

// A line for each.
std::string issuer_table(const Json& issuers, std::size_t width = 0);
// All that is known of each account.
std::string account_pages(const Json& issuers);

}  // namespace acme::ctl
