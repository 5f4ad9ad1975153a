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
#include "base/forwarding_env.h"
#include "base/log.h"
#include "unit/check.h"
#include "unit/crypto/certificates.h"

namespace acme::test {

class KeeperEnv : public ForwardingEnv {
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
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    if (writes_before_failure == 0) return -ENOSPC;
    if (writes_before_failure > 0) --writes_before_failure;
    return ForwardingEnv::write(fd, data, size);
  }
  int fsync(int) const override { return 0; }  // nobody pulls the plug on a unit test
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

inline void write_text(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}
inline std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace acme::test
