// certbot's configuration folder: accounts/<host>/<path>/<id>/ (private_key.json is a
// JWK, regr.json has the account's URL), renewal/<name>.conf, live/<name>/.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "crypto/foreign_key.h"
#include "ctl/foreign_file.h"
#include "ctl/import_source.h"

namespace acme::ctl {
namespace {

constexpr int kDeepest = 6;  // of a directory URL's path

// The `name = value` lines of renewal/<name>.conf.
std::map<std::string, std::string> settings_of(const std::string& text) {
  std::map<std::string, std::string> settings;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t sign = line.find('=');
    const std::string_view name = trim(std::string_view(line).substr(0, sign));
    if (sign == std::string::npos || name.starts_with('#')) continue;
    settings.emplace(name, trim(std::string_view(line).substr(sign + 1)));
  }
  return settings;
}

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  Result<ImportSource> read() {
    if (!is_folder(path_ + "/live") && !is_folder(path_ + "/accounts"))
      return fail(Errc::not_found, path_ + " is no folder of certbot: neither live nor accounts");
    for (const std::string& name : source_.names_in(path_ + "/live"))
      if (is_folder(path_ + "/live/" + name)) read_certificate(name);
    read_accounts("", 0);
    // A CA may know several: the ones that certificates were renewed with come first.
    std::stable_sort(accounts_.begin(), accounts_.end(),
                     [this](const auto& a, const auto& b) { return used_[a.id] > used_[b.id]; });
    for (Account& account : accounts_)
      source_.import.accounts.push_back(std::move(account.foreign));
    return std::move(source_);
  }

 private:
  struct Account {
    std::string id;
    ipc::ForeignAccount foreign;
  };

  void problem(const char* what, const std::string& name, const Error& error) {
    source_.problems.push_back({what, name, error.message});
  }

  void read_certificate(const std::string& name) {
    ipc::ForeignCertificate certificate;
    certificate.name = name;
    if (auto text = read_foreign_text(path_ + "/renewal/" + name + ".conf")) {
      auto settings = settings_of(*text);
      certificate.directory_url = settings["server"];
      ++used_[settings["account"]];
    }
    const std::string folder = path_ + "/live/" + name;
    auto chain = read_foreign_text(folder + "/fullchain.pem");
    if (!chain) return problem("certificate", name, chain.error());
    auto key = read_foreign(folder + "/privkey.pem");
    if (!key) return problem("certificate", name, key.error());
    certificate.chain_pem = *std::move(chain);
    certificate.key_pem = *std::move(key);
    source_.import.certificates.push_back(std::move(certificate));
  }

  // The folders say the directory's URL, all but https://.
  void read_accounts(const std::string& below, int depth) {
    const std::string folder = path_ + "/accounts" + below;
    for (const std::string& name : source_.names_in(folder)) {
      if (is_file(folder + "/" + name + "/private_key.json"))
        read_account("https://" + below.substr(std::min<std::size_t>(1, below.size())), name,
                     folder + "/" + name);
      else if (depth < kDeepest && is_folder(folder + "/" + name))
        read_accounts(below + "/" + name, depth + 1);
    }
  }

  void read_account(const std::string& directory_url, const std::string& id,
                    const std::string& folder) {
    auto account = read_account_files(directory_url, folder);
    if (!account) return problem("account", id, account.error());
    accounts_.push_back({id, *std::move(account)});
  }

  static Result<ipc::ForeignAccount> read_account_files(const std::string& directory_url,
                                                        const std::string& folder) {
    ipc::ForeignAccount account;
    account.directory_url = directory_url;
    ACME_TRY(Json registration, read_foreign_json(folder + "/regr.json"));
    account.account_url = registration["uri"].text_or("");
    if (account.account_url.empty())
      return fail(Errc::damaged, folder + "/regr.json names no account URL");
    ACME_TRY(Json jwk, read_foreign_json(folder + "/private_key.json"));
    ACME_TRY(PrivateKey key, key_from_jwk(jwk));
    ACME_TRY(account.key_pem, key.pem());
    return account;
  }

  std::string path_;
  ImportSource source_;
  std::vector<Account> accounts_;
  std::map<std::string, int> used_;  // by how many certificates, an account's id
};

}  // namespace

Result<ImportSource> read_certbot(const std::string& path) {
  return Reader(path).read();
}

}  // namespace acme::ctl
