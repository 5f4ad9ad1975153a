// The runtime path: control socket and status.json.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"

namespace acme::keeper {

// Made where absent (0755), checked: a folder of ours that others cannot write to.
Result<UniqueFd> open_runtime_path(const Env& env, const std::string& path);

}  // namespace acme::keeper
