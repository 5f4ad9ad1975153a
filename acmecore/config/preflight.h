// `preflight on|off [port=N]`
#pragma once

#include "config/values.h"

namespace acme {

Result<PreflightConfig> parse_preflight(const Values& words);

}  // namespace acme
