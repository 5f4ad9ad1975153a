#include "keeper/file_set.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "store/atomic_file.h"

namespace acme::keeper {
namespace {

constexpr std::string_view kVersions = ".versions";
constexpr std::string_view kCurrent = ".current";
constexpr std::size_t kDigits = 8;

using Files = std::span<const SetFile>;

std::string in_current(std::string_view name) {
  return std::string(kCurrent) + "/" + std::string(name);
}

std::string in_versions(std::string_view number) {
  return std::string(kVersions) + "/" + std::string(number);
}

bool is_number(std::string_view name) {
  return name.size() == kDigits && name.find_first_not_of("0123456789") == std::string_view::npos;
}

enum class Kind { none, plain, link, strange };

Kind kind_of(const Directory& dir, std::string_view name) {
  struct stat st {};
  if (fstatat(dir.fd(), std::string(name).c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? Kind::none : Kind::strange;
  if (S_ISREG(st.st_mode)) return Kind::plain;
  if (!S_ISLNK(st.st_mode)) return Kind::strange;
  auto target = dir.read_link(name);
  return target && *target == in_current(name) ? Kind::link : Kind::strange;
}

Error not_ours(const Directory& dir, std::string_view name) {
  return fail(Errc::unsafe, dir.path_of(name) +
                                " is neither a regular file nor a link of an earlier export: "
                                "nothing was written");
}

Outcome refuse_strangers(const Directory& dir, Files files) {
  for (const SetFile& file : files)
    if (kind_of(dir, file.name) == Kind::strange) return not_ours(dir, file.name);
  return {};
}

// Empty: none yet.
Result<std::string> version_in_use(const Directory& dir) {
  if (!dir.has(kCurrent)) return std::string();
  auto target = dir.read_link(kCurrent);
  const std::string begin = in_versions("");
  if (!target || !target->starts_with(begin) || !is_number(target->substr(begin.size())))
    return not_ours(dir, kCurrent);
  return target->substr(begin.size());
}

// Two at a time would take the same number.
Result<UniqueFd> lock_folder(const Directory& dir) {
  UniqueFd fd(dir.env().open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY, 0));
  if (!fd) return dir.error("open", "", -fd.get());
  if (flock(fd.get(), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
    return fail(Errc::busy, dir.path() + ": another export is writing there; try again");
  return fd;
}

// Who may read the files is said by their own modes, and by the folder's, as ever; so is their
// group where the folder hands its own on.
Result<Directory> make_like(const Directory& dir, std::string_view name) {
  ACME_TRY(Directory made, dir.make(name));
  struct stat st {};
  if (fstat(dir.fd(), &st) < 0) return dir.error("stat", "", errno);
  const mode_t inherited = st.st_mode & S_ISGID;
  if (inherited != 0 && fchown(made.fd(), static_cast<uid_t>(-1), st.st_gid) < 0)
    return made.error("chgrp", "", errno);
  if (fchmod(made.fd(), 0755 | inherited) < 0) return made.error("chmod", "", errno);
  return made;
}

Result<std::string> next_number(const Directory& versions) {
  ACME_TRY(const auto entries, versions.list());
  unsigned long last = 0;
  for (const DirectoryEntry& entry : entries)
    if (is_number(entry.name)) last = std::max(last, std::stoul(entry.name));
  std::string next = std::to_string(last + 1);
  if (next.size() > kDigits) return fail(Errc::internal, "no version number is left");
  return std::string(kDigits - next.size(), '0') + next;
}

Outcome write_version(const Directory& versions, const std::string& number, Files files) {
  ACME_TRY(const Directory made, make_like(versions, number));
  for (const SetFile& file : files) {
    ACME_CHECK(write_file(made, file.name, file.bytes));
    if (fchmodat(made.fd(), std::string(file.name).c_str(), file.mode, 0) < 0)
      return made.error("chmod", file.name, errno);
  }
  ACME_CHECK(made.sync());
  return versions.sync();
}

// A version of what is there now: the same files, under a second name each.
Outcome keep_as_version(const Directory& dir, const Directory& versions, const std::string& before,
                        const std::string& number, Files files) {
  ACME_TRY(const Directory made, make_like(versions, number));
  for (const SetFile& file : files) {
    const std::string name(file.name);
    const Kind kind = kind_of(dir, name);
    const bool plain = kind == Kind::plain;
    const std::string there = plain ? name : before + "/" + name;
    if (kind == Kind::none || (!plain && !versions.has(there))) continue;
    if (linkat(plain ? dir.fd() : versions.fd(), there.c_str(), made.fd(), name.c_str(), 0) < 0)
      return made.error("link", name, errno);
  }
  ACME_CHECK(made.sync());
  return versions.sync();
}

// Nobody sees a difference at any of these steps.
Outcome take_over(const Directory& dir, const Directory& versions, std::string& before,
                  const std::string& number, Files files) {
  const auto is_plain = [&](const SetFile& file) { return kind_of(dir, file.name) == Kind::plain; };
  if (std::none_of(files.begin(), files.end(), is_plain)) return {};
  ACME_CHECK(keep_as_version(dir, versions, before, number, files));
  ACME_CHECK(replace_link(dir, kCurrent, in_versions(number)));
  before = number;
  for (const SetFile& file : files)
    if (is_plain(file)) ACME_CHECK(replace_link(dir, file.name, in_current(file.name)));
  return {};
}

Outcome switch_to(const Directory& dir, const std::string& number, Files files) {
  ACME_CHECK(replace_link(dir, kCurrent, in_versions(number)));
  for (const SetFile& file : files)
    if (kind_of(dir, file.name) == Kind::none)
      ACME_CHECK(replace_link(dir, file.name, in_current(file.name)));
  return {};
}

// What cannot be removed now is tried with the next export.
void prune(const Directory& versions, const std::string& keep, const std::string& before) {
  auto entries = versions.list();
  if (!entries) return;
  for (const DirectoryEntry& entry : *entries)
    if (is_number(entry.name) && entry.name != keep && entry.name != before)
      if (auto ignored = remove_tree(versions, entry.name); !ignored) return;
}

}  // namespace

Outcome replace_as_one(const Directory& dir, Files files) {
  ACME_TRY(const UniqueFd lock, lock_folder(dir));
  ACME_CHECK(refuse_strangers(dir, files));
  ACME_TRY(std::string before, version_in_use(dir));
  ACME_TRY(const Directory versions, make_like(dir, kVersions));
  ACME_TRY(const std::string number, next_number(versions));
  // First what a full disk can refuse, while nothing has changed yet.
  if (Outcome written = write_version(versions, number, files); !written) {
    if (auto ignored = remove_tree(versions, number); !ignored) return written;
    return written;
  }
  ACME_TRY(const std::string taken, next_number(versions));
  ACME_CHECK(take_over(dir, versions, before, taken, files));
  ACME_CHECK(switch_to(dir, number, files));
  prune(versions, number, before);
  return {};
}

}  // namespace acme::keeper
