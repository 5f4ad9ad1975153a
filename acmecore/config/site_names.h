// The names of a site, as the server was given them, that a certificate can carry.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "config/settings.h"

namespace acme {

struct SiteNames {
  std::vector<std::string> hosts;
  std::vector<std::string> wildcards;
  std::vector<std::string> all() const;
};

// `.example.com` is the apex and `*.example.com`. What is no identifier is
// skipped, each with one warning when `log` is there.
SiteNames site_names(const SiteDescription& site, Log* log);

}  // namespace acme
