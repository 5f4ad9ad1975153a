// What the agent gives up before it reads the first byte: it talks to the
// network, so it may own nothing that is worth stealing.
#pragma once

#include <string>

#include "base/result.h"

namespace acme::agent {

// New privileges, core dumps, ptrace by others of the same user, every descriptor but
// `keeper` and 0 to 2. An error when `keeper` is no socket.
Outcome harden_process(int keeper);

// The keeper was to start us as somebody else.
Outcome check_not_root();

}  // namespace acme::agent
