// acmectl eject: the lines by which a server uses its certificates without the module.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace acme::ctl {

// The folder of fullchain.pem and privkey.pem of one lineage.
using FolderOf = std::function<std::string(const Json& certificate)>;

// Of every certificate in a status, those without one yet as remarks.
std::string static_lines(const Json& status, const FolderOf& folder_of);
// <state path>/certs/<id>/<key>/current
std::string folder_in_store(const std::string& state_path, const Json& certificate);

}  // namespace acme::ctl
