// The runtime path: control socket and status.json.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"

namespace acme::keeper {

// Made where absent (0755), checked: a folder of ours that others cannot write to.
// `what` it is, for errors: exports lie in such a folder, too.
Result<UniqueFd> open_runtime_path(const Env& env, const std::string& path,
                                   const std::string& what = "runtime path");

}  // namespace acme::keeper
