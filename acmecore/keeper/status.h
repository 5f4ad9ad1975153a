// The status as JSON: for acmectl, for status.json in the runtime path, for
// the board. No secret is in it. The fields stand in docs/STATUS.md.
#pragma once

#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "config/config.h"
#include "keeper/certificates.h"

namespace acme::keeper {

Json status_json(const Env& env, const Config& config, const Certificates& certificates,
                 Accounts& accounts, bool helper_up);
// With what is the operator's alone: {"issuers": […]}, contacts included.
Json issuers_json(const Config& config, Accounts& accounts);

// Atomically, mode 0644: readable by all.
Outcome write_status_file(const Env& env, int runtime_dir, const Json& status);

}  // namespace acme::keeper
