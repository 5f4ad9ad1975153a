// What another ACME client left, as acmectl read it: for acme-keeper, which
// checks it and takes it over (keeper/import).
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"

namespace acme::ipc {

struct ForeignAccount {
  std::string directory_url;  // empty: not known there
  std::string account_url;
  Secret key_pem{};

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.directory_url, self.account_url, self.key_pem);
  }
};

struct ForeignCertificate {
  std::string name;           // as it is called there
  std::string directory_url;  // empty: not known there
  std::string account_url;    // says at least which CA it is
  std::string chain_pem;
  Secret key_pem{};

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.directory_url, self.account_url, self.chain_pem, self.key_pem);
  }
};

struct Import {
  bool dry_run = false;  // only tell what would be taken
  std::vector<ForeignAccount> accounts;
  std::vector<ForeignCertificate> certificates;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.dry_run, self.accounts, self.certificates);
  }
};

}  // namespace acme::ipc
