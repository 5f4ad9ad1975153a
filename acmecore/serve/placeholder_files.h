// Self-signed certificates as files, for a server that makes no TLS context
// without (mod_ssl). What is served are those of the board.
//
// Written anew for each configuration: nothing that lies in the folder is ever
// trusted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "config/config.h"
#include "crypto/placeholder.h"
#include "store/directory.h"

namespace acme::serve {

class PlaceholderFiles {
 public:
  struct Paths {
    std::string certificate;
    std::string key;
  };
  // Whether the file ends with its issuer's certificate, which is the same again.
  enum class Issuer { left_out, included };

  // `env` and `log` outlive it.
  PlaceholderFiles(const Env& env, Log& log) : env_(env), log_(log) {}

  // In <state path>/placeholders, under the certificate's id; in memory where
  // that is impossible. The paths live as long as this object.
  Result<const Paths*> of_certificate(const Config& config, const CertificateConfig& certificate,
                                      Issuer issuer);
  // In memory, without a name.
  Result<const Paths*> anonymous();

 private:
  Outcome begin();
  Outcome open_folder(const Config& config);
  Result<Directory> fresh_folder(const Config& config);
  Result<std::string> pem_for(const std::vector<std::string>& names, Issuer issuer);

  const Env& env_;
  Log& log_;
  std::optional<PlaceholderMaker> maker_;
  bool looked_for_folder_ = false;
  std::optional<Directory> folder_;
  std::map<std::string, Paths> made_;  // by id
  UniqueFd memory_;                    // certificate and key in one file
  Paths anonymous_;
};

}  // namespace acme::serve
