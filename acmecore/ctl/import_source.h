// What other ACME clients keep on disk, read and never changed. What cannot be
// read is told item by item; the rest is taken all the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ipc/import.h"

namespace acme::ctl {

struct ImportSource {
  ipc::Import import;
  struct Problem {
    std::string what;  // "account", "certificate", "folder"
    std::string name;
    std::string words;
  };
  std::vector<Problem> problems;

  // What lies in a folder, none where it is not there; one that cannot be opened is a problem.
  std::vector<std::string> names_in(const std::string& folder);
};

// Of one folder: certbot's configuration (/etc/letsencrypt), mod_md's store
// (MDStoreDir), the state path of one of nginx-acme's issuers, or a folder of such.
// Errc::not_found where nothing of the kind is.
Result<ImportSource> read_certbot(const std::string& path);
Result<ImportSource> read_mod_md(const std::string& path);
Result<ImportSource> read_nginx_acme(const std::string& path);
// Errc::not_found, Errc::io: nor can the folder itself be opened. Errc::invalid_argument: no such
// client.
Result<ImportSource> read_source(std::string_view client, const std::string& path);

}  // namespace acme::ctl
