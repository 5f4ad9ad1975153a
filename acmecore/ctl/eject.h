// acmectl eject: how a server uses its certificates without the module: which lines go into which
// block, and what has to be removed. Every line that is no directive of the server's is a comment.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "ctl/mentions.h"

namespace acme::ctl {

// The folder of fullchain.pem and privkey.pem of one lineage.
using FolderOf = std::function<std::string(const Json& certificate)>;
// <state path>/certs/<id>/<key>/current
std::string folder_in_store(const std::string& state_path, const Json& certificate);

struct Ejection {
  Json status;  // of the store
  Json layout;  // keeper/layout.h
  std::vector<Mention> mentions;
  FolderOf folder_of;
  std::string store;  // its path, where the folders are in it; empty: they are copies
};

std::string static_lines(const Ejection& ejection, WallTime now);

}  // namespace acme::ctl
