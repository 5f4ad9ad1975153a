// `acmectl dns-persist NAME`: the TXT records by which an operator lets an account have names
// proven for good (draft-ietf-acme-dns-persist).
#pragma once

#include <string>

#include "keeper/certificates.h"

namespace acme::keeper {

// The text of a record; an error says what is not known yet.
Result<std::string> persistent_text(Accounts& accounts, const std::string& issuer, bool wildcard);

// As lines of a zone file, one for each name and issuer. An error says what is missing.
Result<std::string> persistent_records(const Config& config, Accounts& accounts,
                                       Certificates& certificates, const std::string& name);

}  // namespace acme::keeper
