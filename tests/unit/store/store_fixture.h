// What the store's tests share: a folder that goes away with the test, a log
// that remembers, and an Env whose clock stands still and whose calls can be
// watched or refused.
#pragma once

#include <dirent.h>
#include <limits.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "store/store.h"
#include "unit/check.h"

namespace acme::test {

namespace fs = std::filesystem;

inline constexpr WallTime kNow = 1'795'417'200;  // 2026-11-23T07:00:00Z
inline const Lineage kLineage{"example.com", KeyType::ecdsa256};

class StoreEnv : public Env {
 public:
  WallTime clock = kNow;
  bool waits_for_disk = true;  // what is tested on one running machine need not

  WallTime now() const override { return clock; }
  Millis boottime() const override { return real_.boottime(); }
  Outcome random(std::span<std::uint8_t> out) const override { return real_.random(out); }
  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    // Only what makes a file counts as a change.
    if (flags & O_CREAT)
      if (int refused = before("create", name)) return refused;
    return real_.open_at(dir, name, flags, mode);
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    if (int refused = before("write", name_of(fd))) return refused;
    return real_.write(fd, data, size);
  }
  int fsync(int fd) const override {
    if (int refused = before("fsync", name_of(fd))) return refused;
    return waits_for_disk ? real_.fsync(fd) : 0;
  }
  int rename_at(int a, const char* from, int b, const char* to) const override {
    if (int refused = before("rename", to)) return refused;
    return real_.rename_at(a, from, b, to);
  }
  int mkdir_at(int dir, const char* name, mode_t mode) const override {
    if (int refused = before("mkdir", name)) return refused;
    return real_.mkdir_at(dir, name, mode);
  }
  int symlink_at(const char* target, int dir, const char* name) const override {
    if (int refused = before("symlink", name)) return refused;
    return real_.symlink_at(target, dir, name);
  }
  int unlink_at(int dir, const char* name, int flags) const override {
    if (int refused = before("unlink", name)) return refused;
    return real_.unlink_at(dir, name, flags);
  }
  void* map_shared(int fd, std::size_t size, int protection) const override {
    return real_.map_shared(fd, size, protection);
  }
  int memory_file(const char* name) const override { return real_.memory_file(name); }
  Result<pid_t> spawn(const Spawn& what) const override { return real_.spawn(what); }

 protected:
  // Before each change: 0 lets it happen, -errno refuses it.
  virtual int before(std::string_view /*call*/, const std::string& /*name*/) const { return 0; }

  static std::string name_of(int fd) {
    char path[PATH_MAX];
    ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    return fs::path(std::string(path, n < 0 ? 0 : static_cast<std::size_t>(n))).filename();
  }
  const Env& real_ = system_env();
};

class Memory : public Log {
 public:
  void write(Level level, std::string_view line) override {
    (level == Level::error ? errors : others).emplace_back(line);
  }
  std::vector<std::string> errors;
  std::vector<std::string> others;
};

class TempFolder {
 public:
  explicit TempFolder(std::string pattern = "/tmp/acme-store-XXXXXX") {
    if (!mkdtemp(pattern.data())) throw Failure("mkdtemp: " + pattern);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path(const std::string& below = "") const {
    return below.empty() ? path_ : path_ + "/" + below;
  }

 private:
  std::string path_;
};

// A store that is open, and locked where it may write.
struct Shop {
  TempFolder folder;
  StoreEnv env;
  Memory log;

  Store open(Store::Mode mode = Store::Mode::read_write) {
    return REQUIRE_OK(Store::open(env, path(), mode, log));
  }
  Store writer() {
    Store store = open();
    REQUIRE_OK(store.lock());
    return store;
  }
  Store reader() { return open(Store::Mode::read_only); }
  std::string path(const std::string& below = "") const {
    return folder.path(below.empty() ? "store" : "store/" + below);
  }
  std::string lineage_path(const std::string& below) const {
    return path("certs/example.com/ecdsa-256/" + below);
  }
};

// Chain, key and metadata that say of which version they are.
inline Version version_of(int n) {
  Version version;
  version.chain_pem = "chain " + std::to_string(n) + "\n" + std::string(n % 7 * 100, 'c');
  version.key_pem = Secret("key " + std::to_string(n) + "\n");
  version.meta.issuer = "letsencrypt";
  version.meta.directory_url = "https://ca.example/directory";
  version.meta.order_url = "https://ca.example/order/" + std::to_string(n);
  version.meta.names = {"example.com", "www.example.com"};
  version.meta.not_before = kNow - kHour;
  version.meta.not_after = kNow + 90 * kDay;
  version.meta.serial = std::to_string(n);
  return version;
}

// The number of a version whose three parts belong together.
inline int number_of(const Version& version) {
  const int n = std::stoi(version.meta.serial);
  const Version whole = version_of(n);
  CHECK_EQ(version.chain_pem, whole.chain_pem);
  CHECK_EQ(version.key_pem.view(), whole.key_pem.view());
  CHECK_EQ(version.meta.order_url, whole.meta.order_url);
  return n;
}

inline int current_number(const Store& store, const Lineage& lineage = kLineage) {
  return number_of(REQUIRE_OK(store.load_current(lineage)));
}

inline std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string text_in(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Failure("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put_text(const std::string& path, std::string_view text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline int mode_of(const std::string& path) {
  struct stat st {};
  if (lstat(path.c_str(), &st) < 0) throw Failure("cannot stat " + path);
  return st.st_mode & 07777;
}

}  // namespace acme::test
