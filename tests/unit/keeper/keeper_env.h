// What the keeper's tests share: the real system with clocks that move when the
// test says so and writes that fail when it says so, a folder that goes away,
// a log that is kept.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "unit/check.h"
#include "unit/crypto/certificates.h"

namespace acme::test {

class KeeperEnv : public Env {
 public:
  WallTime wall = kNow;
  Millis boot = 1'000'000;
  mutable int writes_before_failure = -1;  // -1: none fails

  void pass(std::int64_t seconds) {
    wall += seconds;
    boot += seconds * 1000;
  }

  WallTime now() const override { return wall; }
  Millis boottime() const override { return boot; }
  Outcome random(std::span<std::uint8_t> out) const override { return real_.random(out); }
  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    return real_.open_at(dir, name, flags, mode);
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    if (writes_before_failure == 0) return -ENOSPC;
    if (writes_before_failure > 0) --writes_before_failure;
    return real_.write(fd, data, size);
  }
  int fsync(int) const override { return 0; }  // nobody pulls the plug on a unit test
  int rename_at(int a, const char* b, int c, const char* d) const override {
    return real_.rename_at(a, b, c, d);
  }
  int mkdir_at(int dir, const char* name, mode_t mode) const override {
    return real_.mkdir_at(dir, name, mode);
  }
  int symlink_at(const char* target, int dir, const char* name) const override {
    return real_.symlink_at(target, dir, name);
  }
  int unlink_at(int dir, const char* name, int flags) const override {
    return real_.unlink_at(dir, name, flags);
  }
  void* map_shared(int fd, std::size_t size, int protection) const override {
    return real_.map_shared(fd, size, protection);
  }
  int memory_file(const char* name) const override { return real_.memory_file(name); }
  Result<pid_t> spawn(const Spawn& what) const override { return real_.spawn(what); }

 private:
  const Env& real_ = system_env();
};

class KeptLog final : public Log {
 public:
  struct Line {
    Level level;
    std::string text;
  };
  std::vector<Line> lines;

  void write(Level level, std::string_view line) override {
    lines.push_back({level, std::string(line)});
  }
  std::size_t count(std::string_view part) const {
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const Line& l) {
      return l.text.find(part) != std::string::npos;
    }));
  }
};

// Below /tmp: the store passes a sticky folder towards what is our own.
class Folder {
 public:
  Folder() {
    char path[] = "/tmp/acme-keeper-XXXXXX";
    CHECK(mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace acme::test
