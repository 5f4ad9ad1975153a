#include "keeper/import.h"

#include <algorithm>
#include <optional>

#include "base/archive.h"
#include "base/text.h"
#include "base/url.h"
#include "crypto/cert.h"

namespace acme::keeper {
namespace {

constexpr const char* kTaken = "taken";
constexpr const char* kWouldBeTaken = "would be taken";
constexpr const char* kThere = "there already";
constexpr const char* kNotTaken = "not taken";
constexpr const char* kLater = "taken at the start";

Json row(const char* what, const std::string& name, const char* result, const std::string& words,
         const std::string& into = {}, WallTime ends = 0) {
  Json out = Json::object();
  out.set("what", what).set("name", printable(name)).set("result", result);
  out.set("words", printable(words)).set("into", into);
  if (ends != 0) out.set("ends", format_rfc3339(ends));
  return out;
}

// A certificate that passed every check.
struct Checked {
  KeyType type;
  CertificateInfo info;
  std::vector<std::string> chain;
  Secret key_pem;  // PKCS#8, whatever it was
};

Result<Checked> check(const ipc::ForeignCertificate& foreign, WallTime now) {
  ACME_TRY(PrivateKey key, PrivateKey::from_pem(foreign.key_pem.view()));
  auto type = key.type();
  if (!type) return fail(Errc::unsupported, "its key is of a type that is not supported");
  ACME_TRY(std::vector<std::string> chain, chain_from_pem(foreign.chain_pem));
  ACME_TRY(CertificateInfo leaf, inspect_certificate(chain.front()));
  if (leaf.names.empty()) return fail(Errc::protocol, "the certificate has no names (SAN)");
  ACME_TRY(CertificateInfo info, check_chain(chain, {&key, leaf.names, now}));
  ACME_TRY(Secret pem, key.pem());
  return Checked{*type, std::move(info), std::move(chain), std::move(pem)};
}

class TakeOver {
 public:
  TakeOver(const Env& env, const Config& config, Accounts& accounts, Certificates& certificates,
           const ipc::Import& import)
      : env_(env),
        config_(config),
        accounts_(accounts),
        certificates_(certificates),
        import_(import) {}

  Json run() {
    for (const ipc::ForeignAccount& account : import_.accounts) take(account);
    for (const ipc::ForeignCertificate& certificate : import_.certificates) take(certificate);
    return std::move(rows_);
  }

 private:
  const char* taken() const { return import_.dry_run ? kWouldBeTaken : kTaken; }

  // By the directory's URL; where only the account's is known, by the server they share.
  std::vector<const IssuerConfig*> issuers_of(const std::string& directory_url,
                                              const std::string& account_url) const {
    auto origin = https_origin(account_url);
    std::vector<const IssuerConfig*> found;
    for (const IssuerConfig& issuer : config_.issuers) {
      const bool same = directory_url.empty()
                            ? origin && https_origin(issuer.directory_url) == origin
                            : issuer.directory_url == directory_url;
      if (same && !issuer.for_dry_runs) found.push_back(&issuer);
    }
    return found;
  }

  // ---- accounts

  void take(const ipc::ForeignAccount& foreign) {
    auto issuers = issuers_of(foreign.directory_url, foreign.account_url);
    if (issuers.empty()) {
      const std::string& where =
          foreign.directory_url.empty() ? foreign.account_url : foreign.directory_url;
      add("account", foreign.account_url, kNotTaken, "no issuer is configured for " + where);
    }
    for (const IssuerConfig* issuer : issuers) take(foreign, *issuer);
  }

  void take(const ipc::ForeignAccount& foreign, const IssuerConfig& issuer) {
    const std::string there = accounts_.account_url(issuer.id);
    if (there == foreign.account_url) return add("account", there, kThere, "", issuer.id);
    if (!there.empty())
      return add("account", foreign.account_url, kNotTaken,
                 issuer.id + " has the account " + there + " already", issuer.id);
    auto done = accounts_.adopt(issuer.id, foreign.account_url, foreign.key_pem, import_.dry_run);
    if (!done)
      return add("account", foreign.account_url, kNotTaken, done.error().message, issuer.id);
    add("account", foreign.account_url, taken(), "", issuer.id);
  }

  // ---- certificates

  void take(const ipc::ForeignCertificate& foreign) {
    auto checked = check(foreign, env_.now());
    if (!checked) return add("certificate", foreign.name, kNotTaken, checked.error().message);
    std::vector<Managed*> places = places_for(*checked);
    if (places.empty())
      add("certificate", foreign.name, kNotTaken, why_nowhere(*checked), "",
          checked->info.not_after);
    for (Managed* place : places) take(foreign, *checked, *place);
  }

  // The one that has just these names; else all that these names cover and that have nothing.
  std::vector<Managed*> places_for(const Checked& checked) const {
    std::vector<Managed*> covered;
    for (const auto& [lineage, managed] : certificates_.all()) {
      if (lineage.key != checked.type) continue;
      Managed* found = certificates_.find(lineage);
      if (same_names(*managed.config, checked)) return {found};
      if (covers(checked, *managed.config) && !managed.stored) covered.push_back(found);
    }
    return covered;
  }
  static bool same_names(const CertificateConfig& config, const Checked& checked) {
    return std::is_permutation(config.names.begin(), config.names.end(), checked.info.names.begin(),
                               checked.info.names.end());
  }
  static bool covers(const Checked& checked, const CertificateConfig& config) {
    return std::all_of(config.names.begin(), config.names.end(), [&](const std::string& name) {
      const auto& names = checked.info.names;
      return std::find(names.begin(), names.end(), name) != names.end() || names_cover(names, name);
    });
  }
  std::string why_nowhere(const Checked& checked) const {
    for (const CertificateConfig& config : config_.certificates)
      if (same_names(config, checked) &&
          std::find(config.keys.begin(), config.keys.end(), checked.type) == config.keys.end())
        return "its key is " + std::string(key_type_name(checked.type)) + ", and " + config.id +
               " is configured for another type of key";
    return "no certificate is configured for " + join(checked.info.names, ", ");
  }

  void take(const ipc::ForeignCertificate& foreign, const Checked& checked, Managed& place) {
    const std::string into = to_string(place.lineage);
    const WallTime ends = checked.info.not_after;
    if (place.stored && place.stored->serial == checked.info.serial)
      return add("certificate", foreign.name, kThere, "", into, ends);
    if (place.stored && place.stored->not_after >= ends &&
        place.stored->names == place.config->names)
      return add("certificate", foreign.name, kNotTaken, "the one that is stored lasts longer",
                 into, ends);
    Version version = version_of(foreign, checked, place);
    const std::string words = words_for(version.meta, place);
    if (!import_.dry_run)
      if (auto done = certificates_.adopt(place, std::move(version)); !done)
        return add("certificate", foreign.name, kNotTaken, done.error().message, into, ends);
    add("certificate", foreign.name, taken(), words, into, ends);
  }

  Version version_of(const ipc::ForeignCertificate& foreign, const Checked& checked,
                     const Managed& place) const {
    Version version;
    version.key_pem = checked.key_pem.clone();
    version.chain_pem = chain_to_pem(checked.chain);
    VersionMeta& meta = version.meta;
    meta.directory_url = foreign.directory_url;
    for (const IssuerConfig* issuer : issuers_of(foreign.directory_url, foreign.account_url)) {
      const auto& wanted = place.config->issuers;
      if (std::find(wanted.begin(), wanted.end(), issuer->id) == wanted.end()) continue;
      meta.issuer = issuer->id;
      meta.directory_url = issuer->directory_url;
      break;
    }
    meta.names = same_names(*place.config, checked) ? place.config->names : checked.info.names;
    meta.not_before = checked.info.not_before;
    meta.not_after = checked.info.not_after;
    meta.serial = checked.info.serial;
    meta.ari_id = checked.info.ari_id;
    meta.issuer_name = printable(checked.info.issuer);
    meta.stored = env_.now();
    return version;
  }
  static std::string words_for(const VersionMeta& meta, const Managed& place) {
    if (meta.names != place.config->names) return "serves until its own is there";
    if (meta.issuer.empty()) return "from another issuer: serves until its own is there";
    return "";
  }

  void add(const char* what, const std::string& name, const char* result, const std::string& words,
           const std::string& into = {}, WallTime ends = 0) {
    rows_.append(row(what, name, result, words, into, ends));
  }

  const Env& env_;
  const Config& config_;
  Accounts& accounts_;
  Certificates& certificates_;
  const ipc::Import& import_;
  Json rows_ = Json::array();
};

}  // namespace

Json take_over(const Env& env, const Config& config, Accounts& accounts, Certificates& certificates,
               const ipc::Import& import) {
  return TakeOver(env, config, accounts, certificates, import).run();
}

Result<Json> keep_for_later(const Env& env, Store* store, const ipc::Import& import) {
  Json rows = Json::array();
  const char* result = import.dry_run ? kWouldBeTaken : kLater;
  for (const ipc::ForeignAccount& account : import.accounts)
    rows.append(
        row("account", account.account_url, result, "if an issuer of the CA is configured"));
  for (const ipc::ForeignCertificate& certificate : import.certificates) {
    auto checked = check(certificate, env.now());
    rows.append(checked ? row("certificate", certificate.name, result,
                              "if it is configured: " + join(checked->info.names, ", ") + " (" +
                                  std::string(key_type_name(checked->type)) + ")",
                              "", checked->info.not_after)
                        : row("certificate", certificate.name, kNotTaken, checked.error().message));
  }
  if (!import.dry_run) ACME_CHECK(store->save_import(encode(import)));
  return rows;
}

void take_what_was_kept(const Env& env, Log& log, const Config& config, Store& store,
                        Accounts& accounts, Certificates& certificates) {
  auto bytes = store.load_import();
  if (!bytes) {
    if (bytes.error().code != Errc::not_found) log.error(bytes.error().message);
    return;
  }
  auto import = decode<ipc::Import>(bytes->view());
  if (!import) {
    log.error("what was kept for import cannot be read; import it again: " +
              import.error().message);
  } else {
    for (const Json& item : take_over(env, config, accounts, certificates, *import).items()) {
      std::string line = "import: " + item["what"].text_or("") + " " + item["name"].text_or("") +
                         ": " + item["result"].text_or("");
      if (auto into = item["into"].text_or(""); !into.empty()) line += " as " + into;
      if (auto words = item["words"].text_or(""); !words.empty()) line += ": " + words;
      const bool bad = item["result"].text_or("") == kNotTaken;
      bad ? log.warning(line) : log.notice(line);
    }
  }
  if (auto gone = store.forget_import(); !gone) log.error(gone.error().message);
}

}  // namespace acme::keeper
