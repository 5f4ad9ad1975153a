#include "keeper/export_command.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/text.h"
#include "store/atomic_file.h"
#include "store/directory.h"

namespace acme::keeper {
namespace {

constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

struct File {
  std::string_view name;
  std::string_view bytes;
  mode_t mode;
};

// The leaf, and what issued it.
std::pair<std::string_view, std::string_view> parts_of(std::string_view chain) {
  std::size_t end = chain.find(kEnd);
  if (end == std::string_view::npos) return {chain, {}};
  end += kEnd.size();
  while (end < chain.size() && (chain[end] == '\n' || chain[end] == '\r')) ++end;
  return {chain.substr(0, end), chain.substr(end)};
}

Outcome write_beside(const Directory& dir, const File& file) {
  const std::string temporary = temporary_name(file.name);
  ACME_CHECK(write_file(dir, temporary, file.bytes));
  if (fchmodat(dir.fd(), temporary.c_str(), file.mode, 0) < 0)
    return dir.error("chmod", temporary, errno);
  return {};
}

// Whoever reads one file finds it whole; all four change within an instant.
Outcome write_all(const Directory& dir, const Version& version) {
  const auto [leaf, rest] = parts_of(version.chain_pem);
  const File files[] = {{"privkey.pem", version.key_pem.view(), 0600},
                        {"cert.pem", leaf, 0644},
                        {"chain.pem", rest, 0644},
                        {"fullchain.pem", version.chain_pem, 0644}};
  Outcome written;
  for (const File& file : files)
    if (written) written = write_beside(dir, file);
  if (!written) {
    for (const File& file : files)
      dir.env().unlink_at(dir.fd(), temporary_name(file.name).c_str(), 0);
    return written;
  }
  for (const File& file : files)
    ACME_CHECK(rename_durably(dir, temporary_name(file.name), file.name));
  return {};
}

Outcome refuse_links(const Directory& dir) {
  for (const char* name : {"privkey.pem", "cert.pem", "chain.pem", "fullchain.pem"}) {
    struct stat st {};
    if (fstatat(dir.fd(), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
      return fail(Errc::unsafe, dir.path_of(name) + " is no regular file: nothing was written");
  }
  return {};
}

Result<Json> export_one(const Env& env, const Store& store, const Lineage& lineage,
                        const std::string& folder) {
  auto version = store.load_current(lineage);
  if (!version && version.error().code == Errc::not_found)
    return fail(Errc::not_found, to_string(lineage) + " has no certificate yet");
  if (!version) return std::move(version).error();
  ACME_TRY(const Directory dir, Directory::open_trusted(env, folder, Directory::Missing::make));
  ACME_CHECK(refuse_links(dir));
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
