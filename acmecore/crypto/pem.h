// From the PEM text of our own store to DER, quickly: nothing is parsed, for the
// bytes were checked before they were stored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace acme {

struct KeyAndChain {
  Secret key;                      // PKCS#8
  std::vector<std::string> chain;  // leaf first
};
Result<KeyAndChain> der_from_pem(std::string_view key_pem, std::string_view chain_pem);

}  // namespace acme
