// acme-keeper --once: what acmectl can do while no server runs.
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/log.h"

namespace acme::keeper {

// `status` prints the status as JSON; `renew NAME…` marks certificates that are due
// (renew-forced: others, too), so that they are ordered as soon as the server runs (http-01 is
// answered by the server and by nobody else); `log NAME` prints what became of them; `export
// FOLDER [NAME]` writes them there, and all without a name; `layout` prints where the server's
// configuration has them; `import` takes over what stands on
// standard input (encode(ipc::Import)), now or, where no server has run yet, at its start. The exit
// status.
int once(const Env& env, const std::string& state_path, const std::string& command,
         const std::vector<std::string>& names);

}  // namespace acme::keeper
