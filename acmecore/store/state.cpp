#include "store/state.h"

#include <utility>

#include "base/text.h"

namespace acme {
namespace {

Outcome check_name(std::string_view name) {
  if (is_safe_name(name)) return {};
  return fail(Errc::invalid_argument, "not usable as a folder's name: \"" + printable(name) + "\"");
}

Outcome unless_missing(Error error) {
  if (error.code == Errc::not_found) return {};
  return error;
}

}  // namespace

Outcome Store::State::may_write() const {
  if (mode == Mode::read_only)
    return fail(Errc::refused, "the store " + root.path() + " was opened for reading only");
  if (!is_locked()) return fail(Errc::refused, "the store " + root.path() + " is not locked");
  return {};
}

// An order is forgotten only when what came of it is on disk: until then its certificate can be
// had again by its URL and its key.
Outcome Store::State::settle() {
  const std::set<Lineage> done = std::exchange(done_orders, {});
  ACME_CHECK(disk->settle());
  const auto scope = later();
  Outcome outcome;
  for (const Lineage& lineage : done)
    if (Outcome removed = remove_lineage(kJournal, lineage); !removed && outcome) outcome = removed;
  return outcome;
}

Result<std::string> Store::State::lineage_path(std::string_view top, const Lineage& lineage) {
  ACME_CHECK(check_name(lineage.certificate));
  std::string path(top);
  path += '/';
  path += lineage.certificate;
  path += '/';
  path += key_type_slug(lineage.key);
  path += '/';
  return path;
}

Result<Directory> Store::State::open_lineage(std::string_view top, const Lineage& lineage) const {
  ACME_TRY(std::string path, lineage_path(top, lineage));
  path.pop_back();
  return root.open(path);
}

Result<Directory> Store::State::make_lineage(std::string_view top, const Lineage& lineage) const {
  ACME_CHECK(may_write());
  ACME_CHECK(check_name(lineage.certificate));
  ACME_TRY(const Directory all, root.make(top));
  ACME_TRY(const Directory certificate, all.make(lineage.certificate));
  return certificate.make(key_type_slug(lineage.key));
}

Outcome Store::State::remove_lineage(std::string_view top, const Lineage& lineage) const {
  ACME_CHECK(may_write());
  ACME_CHECK(check_name(lineage.certificate));
  auto all = root.open(top);
  if (!all) return unless_missing(std::move(all).error());
  auto certificate = all->open(lineage.certificate);
  if (!certificate) return unless_missing(std::move(certificate).error());
  ACME_CHECK(discard(*certificate, key_type_slug(lineage.key)));
  // Goes when it was the last one.
  env().unlink_at(all->fd(), lineage.certificate.c_str(), AT_REMOVEDIR);
  return {};
}

std::vector<Lineage> Store::State::list_lineages(std::string_view top) {
  std::vector<Lineage> found;
  auto list_into = [&found](const Directory& all) -> Outcome {
    ACME_TRY(const auto certificates, all.list());
    for (const DirectoryEntry& certificate : certificates) {
      if (!certificate.is_folder || !is_safe_name(certificate.name)) continue;
      ACME_TRY(const Directory folder, all.open(certificate.name));
      ACME_TRY(const auto keys, folder.list());
      for (const DirectoryEntry& entry : keys)
        if (auto key = key_type_from_slug(entry.name); key && entry.is_folder)
          found.push_back({certificate.name, *key});
    }
    return {};
  };
  auto all = root.open(top);
  Outcome done = all ? list_into(*all) : Outcome(all.error());
  if (!done && done.error().code != Errc::not_found) report_once(done.error().message);
  return found;
}

Result<Directory> Store::State::open_issuer(std::string_view issuer) const {
  ACME_CHECK(check_name(issuer));
  ACME_TRY(const Directory all, root.open(kIssuers));
  return all.open(issuer);
}

Result<Directory> Store::State::make_issuer(std::string_view issuer) const {
  ACME_CHECK(may_write());
  ACME_CHECK(check_name(issuer));
  ACME_TRY(const Directory all, root.make(kIssuers));
  return all.make(issuer);
}

void Store::State::report_once(const std::string& line) {
  if (reported.insert(line).second) log.error(line);
}

bool Store::State::set_aside(const Directory& dir, const std::string& name) {
  if (!is_locked()) return false;
  const std::string aside = name + std::string(kDamaged);
  return remove_tree(dir, aside) && rename_durably(dir, name, aside);
}

Error Store::State::damaged(const Directory& dir, const std::string& name, const std::string& why) {
  std::string line = dir.path_of(name) + " is damaged: " + why;
  report_once(set_aside(dir, name) ? line + "; set aside as " + name + std::string(kDamaged)
                                   : line);
  return fail(Errc::damaged, std::move(line));
}

void Store::State::sweep_folder(const Directory& dir, int depth) {
  auto entries = dir.list();
  if (!entries) return log.warning(entries.error().message);
  for (const DirectoryEntry& entry : *entries) {
    if (is_temporary_name(entry.name)) {
      Outcome removed = remove_tree(dir, entry.name);
      if (!removed) log.warning(removed.error().message);
    } else if (depth > 0 && entry.is_folder) {
      if (auto folder = dir.open(entry.name)) sweep_folder(*folder, depth - 1);
    }
  }
}

void Store::State::sweep() {
  sweep_folder(root, 0);
  if (auto issuers = root.open(kIssuers)) sweep_folder(*issuers, 1);
  for (std::string_view top : {kCerts, kJournal})
    if (auto folder = root.open(top)) sweep_folder(*folder, 2);
}

}  // namespace acme
