#include "store/directory.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/text.h"

namespace acme {
namespace {

Errc code_of(int error) {
  switch (error) {
    case ENOENT:
      return Errc::not_found;
    case ENOTDIR:  // what O_DIRECTORY says of a link
    case ELOOP:
      return Errc::unsafe;
    case ENOMEM:
      return Errc::no_memory;
    default:
      return Errc::io;
  }
}

Result<std::vector<std::string>> components(const std::string& path) {
  if (path.empty() || path.front() != '/')
    return fail(Errc::invalid_argument, "the store's path is not absolute: " + printable(path));
  std::vector<std::string> names;
  for (std::string& name : split(path, '/')) {
    if (name.empty() || name == ".") continue;
    if (name == ".." || name.find('\0') != std::string::npos)
      return fail(Errc::invalid_argument, "not a plain path for the store: " + printable(path));
    names.push_back(std::move(name));
  }
  return names;
}

// What a folder on the way asks of the next one.
enum class Trust { root_or_us, only_us };

Result<Trust> check_owner(int fd, const std::string& path, Trust trust, bool is_last) {
  struct stat st {};
  if (fstat(fd, &st) < 0)
    return fail(Errc::io, "cannot stat " + path + ": " + std::strerror(errno));
  bool ours = st.st_uid == geteuid();
  if (!ours && (st.st_uid != 0 || trust == Trust::only_us))
    return fail(Errc::unsafe, path + " belongs to uid " + std::to_string(st.st_uid) +
                                  ", who could replace what is stored in it");
  bool others_write = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!others_write) return Trust::root_or_us;
  if (is_last || !(st.st_mode & S_ISVTX))
    return fail(Errc::unsafe, path + " can be written by others; chmod go-w " + path);
  return Trust::only_us;
}

}  // namespace

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._+@-").find(c) != std::string_view::npos;
  });
}

Error Directory::error(std::string_view action, std::string_view name, int error) const {
  return fail(code_of(error), "cannot " + std::string(action) + " " +
                                  (name.empty() ? path_ : path_of(name)) + ": " +
                                  std::strerror(error));
}

Result<Directory> Directory::open_trusted(const Env& env, const std::string& path,
                                          Missing missing) {
  ACME_TRY(const std::vector<std::string> names, components(path));
  int fd = env.open_at(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return fail(code_of(-fd), std::string("cannot open /: ") + std::strerror(-fd));
  Directory here(env, UniqueFd(fd), "");
  ACME_TRY(Trust trust, check_owner(fd, "/", Trust::root_or_us, names.empty()));
  for (const std::string& name : names) {
    const bool is_last = &name == &names.back();
    // O_PATH: the way down may pass folders that we may enter but not list.
    const int flags = O_DIRECTORY | (is_last ? O_RDONLY : O_PATH);
    fd = env.open_at(here.fd(), name.c_str(), flags, 0);
    if (fd == -ENOENT && missing == Missing::make) {
      ACME_TRY(Directory made, here.make(name));
      // The folders above the store are nobody's secret: the one of the other server is below too.
      if (!is_last && fchmod(made.fd(), 0755) < 0) return here.error("chmod", name, errno);
      fd = made.fd_.release();
    }
    if (fd == -ENOTDIR || fd == -ELOOP)
      return fail(Errc::unsafe, here.path_of(name) +
                                    " is a symbolic link or no folder; the path must be given "
                                    "without links");
    if (fd < 0) return here.error("open", name, -fd);
    here = Directory(env, UniqueFd(fd), here.path_of(name));
    ACME_TRY(trust, check_owner(fd, here.path_, trust, is_last));
  }
  return here;
}

Result<Directory> Directory::open(std::string_view name) const {
  int fd = env_->open_at(fd_.get(), std::string(name).c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return error("open", name, -fd);
  return Directory(*env_, UniqueFd(fd), path_of(name));
}

Result<Directory> Directory::make(std::string_view name) const {
  const std::string n(name);
  if (auto there = open(name); there || there.error().code != Errc::not_found) return there;
  int result = env_->mkdir_at(fd_.get(), n.c_str(), 0700);
  if (result == -EEXIST) return open(name);
  if (result < 0) return error("make folder", name, -result);
  Result<Directory> made = open(name);
  Outcome durable = made ? made->make_private() : Outcome(made.error());
  if (durable) durable = sync();
  if (durable) return made;
  // Otherwise the next try would find it and take it for durable.
  env_->unlink_at(fd_.get(), n.c_str(), AT_REMOVEDIR);
  return std::move(durable).error();
}

Result<std::vector<DirectoryEntry>> Directory::list() const {
  UniqueFd copy(env_->open_at(fd_.get(), ".", O_RDONLY | O_DIRECTORY, 0));
  if (!copy) return error("open", "", -copy.get());
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(copy.get()), closedir);
  if (!stream) return error("list", "", errno);
  copy.release();
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool is_folder = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) {  // some file systems leave it to us
      struct stat st {};
      is_folder = fstatat(dirfd(stream.get()), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                  S_ISDIR(st.st_mode);
    }
    entries.push_back({std::string(name), is_folder});
  }
  if (errno != 0) return error("list", "", errno);
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

bool Directory::has(std::string_view name) const {
  struct stat st {};
  return fstatat(fd_.get(), std::string(name).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<UniqueFd> Directory::open_regular(std::string_view name, std::size_t& size) const {
  // O_NONBLOCK: a FIFO must not hang the server's start.
  UniqueFd fd(env_->open_at(fd_.get(), std::string(name).c_str(), O_RDONLY | O_NONBLOCK, 0));
  if (!fd) return error("open", name, -fd.get());
  struct stat st {};
  if (fstat(fd.get(), &st) < 0) return error("stat", name, errno);
  if (!S_ISREG(st.st_mode)) return fail(Errc::damaged, path_of(name) + " is not a regular file");
  if (st.st_size > static_cast<off_t>(kLargestFile))
    return fail(Errc::damaged, path_of(name) + " is larger than any file of the store");
  size = static_cast<std::size_t>(st.st_size);
  return fd;
}

Outcome Directory::fill(std::string_view name, int fd, void* out, std::size_t size) const {
  auto* next = static_cast<char*>(out);
  while (size > 0) {
    ssize_t n = ::read(fd, next, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error("read", name, errno);
    if (n == 0) return fail(Errc::damaged, path_of(name) + " is shorter than it was");
    next += n;
    size -= static_cast<std::size_t>(n);
  }
  return {};
}

Result<std::string> Directory::read(std::string_view name) const {
  std::size_t size = 0;
  ACME_TRY(const UniqueFd fd, open_regular(name, size));
  std::string text(size, '\0');
  ACME_CHECK(fill(name, fd.get(), text.data(), size));
  return text;
}

Result<Secret> Directory::read_secret(std::string_view name) const {
  std::size_t size = 0;
  ACME_TRY(const UniqueFd fd, open_regular(name, size));
  Secret secret(size);
  ACME_CHECK(fill(name, fd.get(), secret.data(), size));
  return secret;
}

Result<std::string> Directory::read_link(std::string_view name) const {
  char target[256];
  ssize_t n = readlinkat(fd_.get(), std::string(name).c_str(), target, sizeof target);
  if (n < 0) return error("read link", name, errno);
  return std::string(target, static_cast<std::size_t>(n));
}

Outcome Directory::sync() const {
  // Through a descriptor of its own: fd_ may be an O_PATH one.
  UniqueFd fd(env_->open_at(fd_.get(), ".", O_RDONLY | O_DIRECTORY, 0));
  if (!fd) return error("open", "", -fd.get());
  int result = env_->fsync(fd.get());
  if (result < 0) return error("fsync", "", -result);
  return {};
}

Outcome Directory::make_private() const {
  if (fchmod(fd_.get(), 0700) < 0) return error("chmod", "", errno);
  return {};
}

}  // namespace acme
