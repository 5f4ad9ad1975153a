// nginx-acme's state path of one issuer (acme_<issuer>): account.key, account.url, and
// for each certificate <name>-<hash>.crt and .key. Which directory it was stands nowhere: the
// account's URL says the server.
#include "base/text.h"
#include "ctl/foreign_file.h"
#include "ctl/import_source.h"

namespace acme::ctl {
namespace {

bool is_state_path(const std::string& path, ImportSource& source) {
  for (const std::string& name : source.names_in(path))
    if (name == "account.key" || name == "account.url" || name.ends_with(".crt")) return true;
  return false;
}

void read_state_path(const std::string& path, ImportSource& source) {
  std::string account_url;
  if (auto url = read_foreign_text(path + "/account.url")) account_url = trim(*url);
  auto key = read_foreign(path + "/account.key");
  if (!key)
    source.problems.push_back({"account", path, key.error().message});
  else if (account_url.empty())
    source.problems.push_back({"account", path, "there is no account.url beside account.key"});
  else
    source.import.accounts.push_back({"", account_url, *std::move(key)});
  for (const std::string& file : source.names_in(path)) {
    if (!file.ends_with(".crt")) continue;
    const std::string name = file.substr(0, file.size() - 4);
    auto chain = read_foreign_text(path + "/" + file);
    auto own_key = read_foreign(path + "/" + name + ".key");
    if (chain && own_key)
      source.import.certificates.push_back(
          {name, "", account_url, *std::move(chain), *std::move(own_key)});
    else
      source.problems.push_back(
          {"certificate", name, (chain ? own_key.error() : chain.error()).message});
  }
}

}  // namespace

Result<ImportSource> read_nginx_acme(const std::string& path) {
  ImportSource source;
  if (is_state_path(path, source)) {
    read_state_path(path, source);
    return source;
  }
  for (const std::string& name : source.names_in(path)) {
    const std::string folder = path + "/" + name;
    if (is_folder(folder) && is_state_path(folder, source)) read_state_path(folder, source);
  }
  if (source.import.accounts.empty() && source.import.certificates.empty() &&
      source.problems.empty())
    return fail(Errc::not_found, path + " is no state path of nginx-acme, nor a folder of such");
  return source;
}

}  // namespace acme::ctl
