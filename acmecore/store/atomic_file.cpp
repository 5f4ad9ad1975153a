#include "store/atomic_file.h"

#include <cerrno>

namespace acme {
namespace {

constexpr std::string_view kPrefix = ".";
constexpr std::string_view kSuffix = ".tmp";

Outcome write_all(const Directory& dir, std::string_view name, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = dir.env().write(fd, bytes.data(), bytes.size());
    if (n == -EINTR) continue;
    if (n <= 0) return dir.error("write", name, n < 0 ? static_cast<int>(-n) : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// What is under the name is a leftover of a crash: nobody else writes here.
Result<UniqueFd> create(const Directory& dir, std::string_view name) {
  const std::string n(name);
  const int flags = O_WRONLY | O_CREAT | O_EXCL;
  int fd = dir.env().open_at(dir.fd(), n.c_str(), flags, 0600);
  if (fd == -EEXIST) {
    ACME_CHECK(remove_tree(dir, name));
    fd = dir.env().open_at(dir.fd(), n.c_str(), flags, 0600);
  }
  if (fd < 0) return dir.error("create", name, -fd);
  return UniqueFd(fd);
}

Outcome create_and_write(const Directory& dir, std::string_view name, std::string_view bytes) {
  ACME_TRY(const UniqueFd fd, create(dir, name));
  if (fchmod(fd.get(), 0600) < 0) return dir.error("chmod", name, errno);
  ACME_CHECK(write_all(dir, name, fd.get(), bytes));
  int result = dir.env().fsync(fd.get());
  if (result < 0) return dir.error("fsync", name, -result);
  return {};
}

// Nothing half-made stays behind a failure; a crash leaves that to the sweep.
Outcome or_remove(Outcome outcome, const Directory& dir, const std::string& name) {
  if (!outcome) dir.env().unlink_at(dir.fd(), name.c_str(), 0);
  return outcome;
}

}  // namespace

std::string temporary_name(std::string_view name) {
  return std::string(kPrefix) + std::string(name) + std::string(kSuffix);
}

bool is_temporary_name(std::string_view name) {
  return name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

Outcome write_file(const Directory& dir, std::string_view name, std::string_view bytes) {
  if (bytes.size() > Directory::kLargestFile)
    return fail(Errc::invalid_argument, "too large to be stored: " + dir.path_of(name));
  return or_remove(create_and_write(dir, name, bytes), dir, std::string(name));
}

Outcome replace_file(const Directory& dir, std::string_view name, std::string_view bytes) {
  const std::string temporary = temporary_name(name);
  ACME_CHECK(write_file(dir, temporary, bytes));
  return or_remove(rename_durably(dir, temporary, name), dir, temporary);
}

Outcome replace_link(const Directory& dir, std::string_view name, std::string_view target) {
  const std::string temporary = temporary_name(name);
  ACME_CHECK(remove_tree(dir, temporary));
  int result = dir.env().symlink_at(std::string(target).c_str(), dir.fd(), temporary.c_str());
  if (result < 0) return dir.error("link", temporary, -result);
  return or_remove(rename_durably(dir, temporary, name), dir, temporary);
}

Outcome rename_durably(const Directory& dir, std::string_view from, std::string_view to) {
  int result =
      dir.env().rename_at(dir.fd(), std::string(from).c_str(), dir.fd(), std::string(to).c_str());
  if (result < 0) return dir.error("rename to", to, -result);
  return dir.sync();
}

Outcome remove_tree(const Directory& dir, std::string_view name) {
  const std::string n(name);
  int result = dir.env().unlink_at(dir.fd(), n.c_str(), 0);
  if (result == 0 || result == -ENOENT) return {};
  if (result != -EISDIR && result != -EPERM) return dir.error("remove", name, -result);
  ACME_TRY(const Directory folder, dir.open(name));
  ACME_TRY(const std::vector<DirectoryEntry> entries, folder.list());
  for (const DirectoryEntry& entry : entries) ACME_CHECK(remove_tree(folder, entry.name));
  result = dir.env().unlink_at(dir.fd(), n.c_str(), AT_REMOVEDIR);
  if (result < 0 && result != -ENOENT) return dir.error("remove", name, -result);
  return {};
}

Outcome discard(const Directory& dir, std::string_view name) {
  if (!dir.has(name)) return {};
  const std::string temporary = temporary_name(name);
  ACME_CHECK(remove_tree(dir, temporary));
  ACME_CHECK(rename_durably(dir, name, temporary));
  return remove_tree(dir, temporary);
}

}  // namespace acme
