// Takes over what another ACME client left: accounts, certificates and their keys,
// so that a site moves without a new order.
#pragma once

#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "config/config.h"
#include "ipc/import.h"
#include "keeper/accounts.h"
#include "keeper/certificates.h"
#include "store/store.h"

namespace acme::keeper {

// Everything is checked (key, names, dates, chain) before anything is stored. The answer is one
// row for each account and certificate: {"what", "name", "ends", "into", "result", "words"};
// `result` is "taken" (or "would be taken"), "there already", or "not taken".
Json take_over(const Env& env, const Config& config, Accounts& accounts, Certificates& certificates,
               const ipc::Import& import);

// No server has run on this store yet: checked now, kept, and taken over when it starts. A dry run
// needs no store.
Result<Json> keep_for_later(const Env& env, Store* store, const ipc::Import& import);
// What was kept. A line in the log for each row.
void take_what_was_kept(const Env& env, Log& log, const Config& config, Store& store,
                        Accounts& accounts, Certificates& certificates);

}  // namespace acme::keeper
