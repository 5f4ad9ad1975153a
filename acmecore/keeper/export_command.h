// acmectl export: certificates with their keys, written into a folder of the operator's.
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "keeper/certificates.h"
#include "store/store.h"

namespace acme::keeper {

// `what` is a folder and the name of a certificate; without the name all are written, each into
// a folder of its own below. fullchain.pem, chain.pem and cert.pem (0644), privkey.pem (0600),
// replaced as one (keeper/file_set.h). No link of others is followed, and a folder that others may
// write to is refused. What was written: `id`, `key` and `folder` of each.
Result<Json> export_certificates(const Env& env, const Certificates& certificates,
                                 const Store& store, const std::vector<std::string>& what);

}  // namespace acme::keeper
