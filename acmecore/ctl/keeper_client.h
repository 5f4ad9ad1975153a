// Reaches the keeper: over its control socket, or, with no server running, by
// starting acme-keeper --once on the store.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "ipc/control.h"

namespace acme::ctl {

// Where one server keeps its state.
struct Place {
  std::string state_path;
  std::string runtime_path;
};

// Errc::not_found: no server listens there.
Result<ipc::ControlAnswer> ask(const Place& place, ipc::ControlType type,
                               const ipc::ControlRequest& request);

// Runs `acme-keeper --once command --state … names… < standard_input`; what it printed, and whether
// it succeeded. Why not, it has said on standard error. Errc::busy: a server uses this store.
Result<ipc::ControlAnswer> run_once(const Place& place, const std::string& command,
                                    const std::vector<std::string>& names,
                                    const Secret& standard_input = {});

}  // namespace acme::ctl
