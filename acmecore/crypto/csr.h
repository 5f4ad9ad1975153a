// Certificate signing requests (PKCS#10, RFC 2986) as RFC 8555 section 7.4 wants them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/key.h"

namespace acme {

// DER. The subject is empty (or holds `common_name` alone when it is not
// empty), the names stand in subjectAltName: DNS names as given (A-labels,
// wildcards), IP addresses as iPAddress. Never must-staple.
Result<std::string> make_csr(const PrivateKey& key, const std::vector<std::string>& names,
                             const std::string& common_name = {});

}  // namespace acme
