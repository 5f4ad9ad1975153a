// A folder of the store, held by its descriptor. What is below it is named by
// one name, or by a path (a/b/c); no link is ever followed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/secret.h"

namespace acme {

struct DirectoryEntry {
  std::string name;
  bool is_folder = false;
};

class Directory {
 public:
  enum class Missing { fail, make };

  // Walks down from "/". Errc::unsafe when the folder or one above it belongs to
  // neither root nor us, could be written by others, or is a link. A sticky one
  // (such as /tmp) is passed only towards what is our own.
  static Result<Directory> open_trusted(const Env& env, const std::string& path, Missing missing);

  Result<Directory> open(std::string_view name) const;
  Result<Directory> make(std::string_view name) const;  // 0700, or what is there already

  // Sorted by name.
  Result<std::vector<DirectoryEntry>> list() const;
  bool has(std::string_view name) const;

  // Whole regular files, up to kLargestFile.
  static constexpr std::size_t kLargestFile = 16 << 20;
  Result<std::string> read(std::string_view name) const;
  Result<Secret> read_secret(std::string_view name) const;
  // The text of a link. (A link further up would be followed: what the text then
  // leads to is opened without.)
  Result<std::string> read_link(std::string_view name) const;

  // Makes what was created, renamed or removed in this folder durable.
  Outcome sync() const;
  // Only the owner may even look: 0700.
  Outcome make_private() const;

  // The same folder by way of another Env: for what outlives the one that it was opened with.
  Directory through(const Env& env) && {
    env_ = &env;
    return std::move(*this);
  }

  int fd() const { return fd_.get(); }
  const Env& env() const { return *env_; }
  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }
  // "cannot <action> <path>/<name>: <strerror>"; ENOENT is Errc::not_found, a link Errc::unsafe.
  Error error(std::string_view action, std::string_view name, int error) const;

 private:
  Directory(const Env& env, UniqueFd fd, std::string path)
      : env_(&env), fd_(std::move(fd)), path_(std::move(path)) {}
  Result<UniqueFd> open_regular(std::string_view name, std::size_t& size) const;
  Outcome fill(std::string_view name, int fd, void* out, std::size_t size) const;

  const Env* env_;
  UniqueFd fd_;
  std::string path_;
};

// May this text, which may come from a configuration file, name a file or
// folder of ours? Letters, digits and "._+@-", not hidden, at most 255 bytes.
bool is_safe_name(std::string_view name);

}  // namespace acme
