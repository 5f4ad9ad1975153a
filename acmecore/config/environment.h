// What is neither a certificate nor a site: paths and users, with their defaults.
#pragma once

#include "base/log.h"
#include "config/settings.h"

namespace acme {

// Servers know the last of their facts (user, log) only when everything has
// been read: this may be called again. Warns of nothing.
void resolve_environment(const Settings& settings, Config& config);

// A user that does not exist, or one that is root.
void report_environment(const Settings& settings, const Config& config, Log& log);

}  // namespace acme
