// mod_md's store: accounts/<id>/ (its key is encrypted; the passphrase stands in
// md_store.json), domains/<name>/ (md.json, and for each kind of key a pubcert and a privkey).
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/foreign_key.h"
#include "ctl/foreign_file.h"
#include "ctl/import_source.h"

namespace acme::ctl {
namespace {

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  Result<ImportSource> read() {
    if (!is_folder(path_ + "/domains"))
      return fail(Errc::not_found, path_ + " is no store of mod_md: it has no folder domains");
    read_passphrase();
    for (const std::string& id : source_.names_in(path_ + "/accounts"))
      if (is_folder(path_ + "/accounts/" + id)) read_account(id);
    for (const std::string& name : source_.names_in(path_ + "/domains"))
      if (is_folder(path_ + "/domains/" + name)) read_domain(name);
    return std::move(source_);
  }

 private:
  void problem(const char* what, const std::string& name, const std::string& words) {
    source_.problems.push_back({what, name, words});
  }

  void read_passphrase() {
    auto store = read_foreign_json(path_ + "/md_store.json");
    if (!store) return problem("account", "md_store.json", store.error().message);
    auto bytes = base64url_decode_secret((*store)["key"].text_or(""));
    if (bytes) passphrase_ = *std::move(bytes);
  }

  void read_account(const std::string& id) {
    auto account = read_account_files(path_ + "/accounts/" + id);
    if (!account) return problem("account", id, account.error().message);
    source_.import.accounts.push_back(*std::move(account));
  }

  Result<ipc::ForeignAccount> read_account_files(const std::string& folder) const {
    ACME_TRY(Json json, read_foreign_json(folder + "/account.json"));
    const std::string status = json["status"].text_or("valid");
    if (status != "valid") return fail(Errc::refused, "the account is " + printable(status));
    ipc::ForeignAccount account;
    account.directory_url = json["ca-url"].text_or("");
    account.account_url = json["url"].text_or("");
    if (account.directory_url.empty() || account.account_url.empty())
      return fail(Errc::damaged, folder + "/account.json names no CA or no account");
    ACME_TRY(Secret pem, read_foreign(folder + "/account.pem"));
    ACME_TRY(PrivateKey key, key_from_encrypted_pem(pem.view(), passphrase_));
    ACME_TRY(account.key_pem, key.pem());
    return account;
  }

  void read_domain(const std::string& name) {
    const std::string folder = path_ + "/domains/" + name;
    std::string directory_url;
    if (auto json = read_foreign_json(folder + "/md.json")) {
      directory_url = (*json)["ca"]["url"].text_or("");
      auto urls = (*json)["ca"]["urls"].items();
      if (directory_url.empty() && !urls.empty()) directory_url = urls.front().text_or("");
    }
    for (const std::string& file : source_.names_in(folder)) {
      // pubcert.pem is RSA's; pubcert.secp256r1.pem and privkey.secp256r1.pem belong together.
      if (!file.starts_with("pubcert") || !file.ends_with(".pem")) continue;
      read_certificate(name, directory_url, folder + "/" + file,
                       folder + "/privkey" + file.substr(std::string_view("pubcert").size()));
    }
    for (const std::string& file : source_.names_in(path_ + "/staging/" + name))
      if (file.starts_with("pubcert"))
        return problem("certificate", name,
                       "a renewed one lies in staging: a graceful restart of httpd would activate "
                       "it");
  }

  void read_certificate(const std::string& name, const std::string& directory_url,
                        const std::string& chain_path, const std::string& key_path) {
    auto chain = read_foreign_text(chain_path);
    if (!chain) return problem("certificate", name, chain.error().message);
    auto pem = read_foreign(key_path);
    if (!pem) return problem("certificate", name, pem.error().message);
    auto key = key_from_encrypted_pem(pem->view(), passphrase_);
    if (!key) return problem("certificate", name, key_path + ": " + key.error().message);
    auto plain = key->pem();
    if (!plain) return problem("certificate", name, plain.error().message);
    source_.import.certificates.push_back(
        {name, directory_url, {}, *std::move(chain), *std::move(plain)});
  }

  std::string path_;
  Secret passphrase_;
  ImportSource source_;
};

}  // namespace

Result<ImportSource> read_mod_md(const std::string& path) {
  return Reader(path).read();
}

}  // namespace acme::ctl
