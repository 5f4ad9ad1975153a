// The external account binding of a registration: the one use of the EAB key, which is read for
// it and forgotten again.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/key.h"

namespace acme::keeper {

// For newAccount at that URL. An error names the issuer and the file, never the key.
Result<Json> bind_external_account(const IssuerConfig& issuer, std::string_view url,
                                   const PrivateKey& account_key);

}  // namespace acme::keeper
