// The settings of a DNS provider for the agent: secrets are read anew for each order, so that
// one that was changed counts at once, and are kept nowhere.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "config/dns_provider.h"

namespace acme::keeper {

// An error names provider, setting and file, never the secret.
Result<std::vector<std::pair<std::string, Secret>>> read_dns_settings(
    const DnsProviderConfig& config);

}  // namespace acme::keeper
