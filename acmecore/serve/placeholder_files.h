// Self-signed certificates as files, for a server that makes no TLS context
// without (mod_ssl). What is served are those of the board.
//
// Made anew for each configuration: what lay in the folder before is removed
// first, and nothing in it is ever trusted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "crypto/key.h"
#include "store/directory.h"

namespace acme::serve {

class PlaceholderFiles {
 public:
  struct Paths {
    std::string certificate;
    std::string key;
  };

  // `env` and `log` outlive it.
  PlaceholderFiles(const Env& env, Log& log) : env_(env), log_(log) {}

  // In <state_path>/placeholders, under the certificate's id; in memory where
  // that is impossible. The paths live as long as this object.
  Result<const Paths*> of_certificate(const std::string& state_path, const std::string& id,
                                      const std::vector<std::string>& names);
  // In memory, without a name.
  Result<const Paths*> anonymous();

 private:
  Outcome make_key();
  Outcome open_folder(const std::string& state_path);
  Result<std::string> pem_for(const std::vector<std::string>& names) const;

  const Env& env_;
  Log& log_;
  PrivateKey key_;
  bool looked_for_folder_ = false;
  std::optional<Directory> folder_;
  std::map<std::string, Paths> made_;  // by id
  UniqueFd memory_;                    // certificate and key in one file
  Paths anonymous_;
};

}  // namespace acme::serve
