#include "keeper/export_command.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "keeper/file_set.h"
#include "store/directory.h"

namespace acme::keeper {
namespace {

constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

// The leaf, and what issued it.
std::pair<std::string_view, std::string_view> parts_of(std::string_view chain) {
  std::size_t end = chain.find(kEnd);
  if (end == std::string_view::npos) return {chain, {}};
  end += kEnd.size();
  while (end < chain.size() && (chain[end] == '\n' || chain[end] == '\r')) ++end;
  return {chain.substr(0, end), chain.substr(end)};
}

Outcome write_all(const Directory& dir, const Version& version) {
  const auto [leaf, rest] = parts_of(version.chain_pem);
  const SetFile files[] = {{"privkey.pem", version.key_pem.view(), 0600},
                           {"cert.pem", leaf, 0644},
                           {"chain.pem", rest, 0644},
                           {"fullchain.pem", version.chain_pem, 0644}};
  return replace_as_one(dir, files);
}

Result<Json> export_one(const Env& env, const Store& store, const Lineage& lineage,
                        const std::string& folder) {
  auto version = store.load_current(lineage);
  if (!version && version.error().code == Errc::not_found)
    return fail(Errc::not_found, to_string(lineage) + " has no certificate yet");
  if (!version) return std::move(version).error();
  ACME_TRY(const Directory dir, Directory::open_trusted(env, folder, Directory::Missing::make));
  ACME_CHECK(write_all(dir, *version));
  return Json::object()
      .set("id", lineage.certificate)
      .set("key", key_type_name(lineage.key))
      .set("folder", folder);
}

}  // namespace

Result<Json> export_certificates(const Env& env, const Certificates& certificates,
                                 const Store& store, const std::vector<std::string>& what) {
  if (what.empty() || what.size() > 2) return fail(Errc::invalid_argument, "name one folder");
  const std::string& top = what.front();
  const bool all = what.size() == 1;
  std::vector<Lineage> chosen;
  if (all)
    for (const auto& [lineage, managed] : certificates.all()) {
      if (managed.stored) chosen.push_back(lineage);
    }
  else
    chosen = certificates.lineages_of(what.back());
  if (!all && chosen.empty())
    return fail(Errc::not_found,
                "no certificate is called " + printable(what.back()) + " or has that name");
  const auto is_of_another = [&](const Lineage& lineage) {
    return lineage.certificate != chosen.front().certificate;
  };
  const bool one_each = all || std::any_of(chosen.begin(), chosen.end(), is_of_another);
  Json written = Json::array();
  for (const Lineage& lineage : chosen) {
    std::string folder = top;
    if (one_each) folder += "/" + lineage.certificate;
    // By what is configured: the path stays when the second kind of key comes.
    if (certificates.all().at(lineage).config->keys.size() > 1)
      folder += "/" + std::string(key_type_slug(lineage.key));
    ACME_TRY(Json row, export_one(env, store, lineage, folder));
    written.append(row);
  }
  return written;
}

}  // namespace acme::keeper
