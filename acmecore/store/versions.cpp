// certs/<certificate>/<key slug>/: numbered versions, and `current` → one of them.
#include <algorithm>

#include "base/text.h"
#include "store/state.h"

namespace acme {
namespace {

constexpr std::string_view kCurrent = "current";
constexpr std::string_view kChain = "fullchain.pem";
constexpr std::string_view kKey = "privkey.pem";
constexpr std::string_view kMeta = "meta.json";
constexpr std::size_t kDigits = 8;  // a number sorts by time even when the clock does not
constexpr int kLooks = 50;          // at a lineage that a writer is changing meanwhile

bool is_version_name(std::string_view name) {
  return name.size() == kDigits && name.find_first_not_of("0123456789") == std::string_view::npos;
}

// The folders of one lineage, oldest first. One set aside has its number still.
struct Folders {
  std::vector<std::string> versions;
  std::vector<std::string> damaged;
};

Result<Folders> folders_of(const Directory& dir) {
  ACME_TRY(const auto entries, dir.list());
  Folders folders;
  for (const DirectoryEntry& entry : entries) {
    const std::string_view number = std::string_view(entry.name).substr(0, kDigits);
    if (!entry.is_folder || !is_version_name(number)) continue;
    if (entry.name == number) folders.versions.push_back(entry.name);
    if (entry.name == std::string(number) + std::string(kDamaged))
      folders.damaged.push_back(entry.name);
  }
  return folders;
}

Result<std::string> next_version(const Folders& folders) {
  std::string last = std::string(kDigits, '0');
  for (const auto* names : {&folders.versions, &folders.damaged})
    if (!names->empty()) last = std::max(last, names->back().substr(0, kDigits));
  std::string next = std::to_string(std::stoul(last) + 1);
  if (next.size() > kDigits) return fail(Errc::internal, "no version number is left");
  return std::string(kDigits - next.size(), '0') + next;
}

// What `current` says in the lineage's folder, a path from `dir`; empty when it
// says nothing.
std::string said_to_be_current(const Directory& dir, const std::string& folder) {
  auto target = dir.read_link(folder + std::string(kCurrent));
  return target && is_version_name(*target) ? *std::move(target) : std::string();
}

// Empty also when it points at nothing (any more).
std::string current_name(const Directory& dir) {
  std::string name = said_to_be_current(dir, "");
  return dir.has(name) ? name : std::string();
}

Error nothing_stored(const std::string& folder) {
  return fail(Errc::not_found, "no certificate is stored in " + folder);
}

Outcome check_seal(const Directory& dir, std::string_view name, std::string_view bytes,
                   const Seal& seal) {
  if (static_cast<std::int64_t>(bytes.size()) != seal.size)
    return fail(Errc::damaged, dir.path_of(name) + " has " + std::to_string(bytes.size()) +
                                   " bytes instead of " + std::to_string(seal.size));
  if (seal_of(bytes) != seal)
    return fail(Errc::damaged, dir.path_of(name) + " is not what was stored (SHA-256)");
  return {};
}

// By one path for each file: with ten thousand certificates opening the folders
// between is most of what a start costs.
Result<Version> read_version(const Directory& dir, const std::string& folder,
                             const std::string& name, Store::Meta want) {
  auto path = [&](std::string_view file) { return folder + name + "/" + std::string(file); };
  ACME_TRY(const std::string text, dir.read(path(kMeta)));
  auto stored = want == Store::Meta::whole ? decode_meta(text) : decode_seals(text);
  if (!stored) return fail(Errc::damaged, dir.path_of(path(kMeta)) + ": " + stored.error().message);
  Version version{name, std::move(stored->meta), {}, {}};
  ACME_TRY(version.chain_pem, dir.read(path(kChain)));
  ACME_CHECK(check_seal(dir, path(kChain), version.chain_pem, stored->chain));
  ACME_TRY(version.key_pem, dir.read_secret(path(kKey)));
  ACME_CHECK(check_seal(dir, path(kKey), version.key_pem.view(), stored->key));
  return version;
}

// Out of descriptors or memory, or a disk that cannot be read now, is no damage.
Result<Version> load_version(const Directory& dir, const std::string& folder,
                             const std::string& name, Store::Meta want) {
  if (name.empty()) return nothing_stored(dir.path_of(folder));
  auto version = read_version(dir, folder, name, want);
  if (version) return version;
  const Errc code = version.error().code;
  if (code == Errc::io || code == Errc::no_memory) return version;
  return fail(Errc::damaged, version.error().message);
}

// Nobody sees the folder before it is whole and on disk.
Outcome write_version(const Directory& dir, const std::string& name, const Version& version) {
  StoredMeta stored{version.meta, seal_of(version.chain_pem), seal_of(version.key_pem.view())};
  if (stored.meta.stored == 0) stored.meta.stored = dir.env().now();
  const std::string temporary = temporary_name(name);
  auto fill = [&]() -> Outcome {
    ACME_TRY(const Directory folder, dir.make(temporary));
    ACME_CHECK(write_file(folder, kChain, version.chain_pem));
    ACME_CHECK(write_file(folder, kKey, version.key_pem.view()));
    ACME_CHECK(write_file(folder, kMeta, encode_meta(stored)));
    ACME_CHECK(folder.sync());
    return rename_durably(dir, temporary, name);
  };
  ACME_CHECK(remove_tree(dir, temporary));
  Outcome filled = fill();
  if (!filled) (void)remove_tree(dir, temporary);
  return filled;
}

// Its key may be in other hands: it must not come back when the new version is damaged.
bool is_revoked(const Directory& dir, const std::string& name) {
  auto text = dir.read(name + "/" + std::string(kMeta));
  auto stored = text ? decode_meta(*text) : Result<StoredMeta>(text.error());
  return stored && stored->meta.revoked != 0;
}

// All but the new version and the one before it. What was set aside is kept as
// long as versions of its age are, for people to look at.
Outcome prune(const Directory& dir, const std::string& now, const std::string& before) {
  ACME_TRY(const Folders folders, folders_of(dir));
  for (const std::string& name : folders.versions)
    if (name != now && name != before) ACME_CHECK(discard(dir, name));
  for (const std::string& name : folders.damaged)
    if (name < before) ACME_CHECK(discard(dir, name));
  return {};
}

}  // namespace

Result<Version> Store::State::fall_back(const Directory& dir, const std::string& current,
                                        Error error, Meta want) {
  ACME_TRY(const Folders folders, folders_of(dir));
  std::vector<std::string> faults;
  auto note = [&](const std::string& name, const Error& fault) {
    const bool aside = fault.code == Errc::damaged && set_aside(dir, name);
    faults.push_back(fault.message +
                     (aside ? ", set aside as " + name + std::string(kDamaged) : ""));
  };
  if (!current.empty()) note(current, error);
  std::optional<Version> answer;
  for (auto name = folders.versions.rbegin(); name != folders.versions.rend(); ++name) {
    if (*name == current) continue;
    auto version = load_version(dir, "", *name, want);
    if (version) {
      answer = *std::move(version);
      break;
    }
    note(*name, version.error());
    if (error.code == Errc::not_found) error = version.error();
  }
  if (!faults.empty())
    report_once(join(faults, "; ") +
                (answer ? "; version " + answer->name + " answers" : "; no version is left"));
  if (!answer && error.code == Errc::not_found && !folders.damaged.empty())
    return fail(Errc::damaged, "every version in " + dir.path() + " was damaged");
  if (!answer) return error;
  if (is_locked() && current_name(dir).empty()) {
    Outcome switched = replace_link(dir, kCurrent, answer->name);
    if (!switched) log.warning(switched.error().message);
  }
  return *std::move(answer);
}

std::vector<Lineage> Store::lineages() const {
  return state_->list_lineages(kCerts);
}

Result<Version> Store::load_current(const Lineage& lineage, Meta want) const {
  ACME_TRY(const std::string folder, State::lineage_path(kCerts, lineage));
  const Directory& root = state_->root;
  for (int look = 0; look < kLooks; ++look) {
    const std::string current = said_to_be_current(root, folder);
    auto version = load_version(root, folder, current, want);
    if (version) return version;
    // Had the writer pruned it before we were through, there is a newer one by now.
    if (said_to_be_current(root, folder) != current) continue;
    ACME_TRY(const Directory dir, state_->open_lineage(kCerts, lineage));
    if (!dir.has(current)) version = nothing_stored(dir.path());
    return state_->fall_back(dir, current_name(dir), std::move(version).error(), want);
  }
  return fail(Errc::busy, root.path_of(folder) + " changes faster than it can be read");
}

Outcome Store::save_version(const Lineage& lineage, Version version) {
  if (version.chain_pem.empty() || version.key_pem.empty())
    return fail(Errc::invalid_argument, "a version needs a chain and a key");
  const auto scope = state_->later();
  ACME_TRY(const Directory dir, state_->make_lineage(kCerts, lineage));
  ACME_TRY(const Folders folders, folders_of(dir));
  ACME_TRY(version.name, next_version(folders));
  std::string before = current_name(dir);
  if (before.empty() && !folders.versions.empty()) before = folders.versions.back();

  ACME_CHECK(write_version(dir, version.name, version));
  if (Outcome switched = replace_link(dir, kCurrent, version.name); !switched) {
    if (current_name(dir) != version.name) (void)discard(dir, version.name);
    return switched;
  }
  if (!before.empty() && is_revoked(dir, before)) before = version.name;
  Outcome pruned = prune(dir, version.name, before);
  if (!pruned) state_->log.warning(pruned.error().message);
  return {};
}

Outcome Store::note_revoked(const Lineage& lineage, const std::string& version, WallTime when,
                            std::string_view reason, bool to_be_replaced) {
  ACME_CHECK(state_->may_write());
  if (!is_version_name(version)) return fail(Errc::invalid_argument, "no version's name");
  ACME_TRY(const Directory dir, state_->open_lineage(kCerts, lineage));
  ACME_TRY(const Directory folder, dir.open(version));
  ACME_TRY(const std::string text, folder.read(kMeta));
  ACME_TRY(StoredMeta stored, decode_meta(text));
  stored.meta.revoked = when;
  stored.meta.revocation_reason = reason;
  stored.meta.to_be_replaced = to_be_replaced;
  return replace_file(folder, kMeta, encode_meta(stored));
}

Outcome Store::remove(const Lineage& lineage) {
  return state_->remove_lineage(kCerts, lineage);
}

}  // namespace acme
