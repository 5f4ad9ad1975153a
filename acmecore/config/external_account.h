// External account binding (RFC 8555 section 7.3.4): what ties our account to one that the
// operator has with the CA. The key is the keeper's alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace acme {

struct ExternalAccount {
  std::string kid;       // the CA's name for it; empty: none
  std::string key_file;  // of the MAC key; empty: it stands in the configuration itself
  Secret key;            // which had better not be: as it was written

  ExternalAccount() = default;
  ExternalAccount(const ExternalAccount& other)
      : kid(other.kid), key_file(other.key_file), key(other.key.clone()) {}
  ExternalAccount(ExternalAccount&&) = default;
  ExternalAccount& operator=(const ExternalAccount& other) {
    return *this = ExternalAccount(other);
  }
  ExternalAccount& operator=(ExternalAccount&&) = default;
  ~ExternalAccount() = default;

  bool configured() const { return !kid.empty(); }

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kid, self.key_file, self.key);
  }
};

// `external_account_key kid file|data:key`. What is wrong is said without the key.
Result<ExternalAccount> parse_external_account(std::string_view root, const std::string& kid,
                                               const std::string& key);

}  // namespace acme
