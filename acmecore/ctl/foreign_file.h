// Files and folders of other programs: of bounded size, links are followed (certbot's
// own are links).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace acme::ctl {

Result<Secret> read_foreign(const std::string& path);
Result<std::string> read_foreign_text(const std::string& path);
Result<Json> read_foreign_json(const std::string& path);
bool is_folder(const std::string& path);
bool is_file(const std::string& path);
// Sorted; Errc::not_found: there is no such folder.
Result<std::vector<std::string>> names_in(const std::string& folder);

}  // namespace acme::ctl
