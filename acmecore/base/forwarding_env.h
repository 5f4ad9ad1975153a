// Another Env with a part of it replaced: a subclass overrides what it wants to
// do differently, and in tests to fail, to count, or to say itself.
#pragma once

#include "base/env.h"

namespace acme {

class ForwardingEnv : public Env {
 public:
  explicit ForwardingEnv(const Env& real = system_env()) : real_(real) {}
  const Env& real() const { return real_; }

  WallTime now() const override { return real_.now(); }
  Millis boottime() const override { return real_.boottime(); }
  Outcome random(std::span<std::uint8_t> out) const override { return real_.random(out); }
  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    return real_.open_at(dir, name, flags, mode);
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    return real_.write(fd, data, size);
  }
  int fsync(int fd) const override { return real_.fsync(fd); }
  void write_back(int fd, WriteBack what) const override { real_.write_back(fd, what); }
  int rename_at(int a, const char* from, int b, const char* to) const override {
    return real_.rename_at(a, from, b, to);
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
  pid_t fork() const override { return real_.fork(); }
  Result<pid_t> spawn(const Spawn& what) const override { return real_.spawn(what); }

 private:
  const Env& real_;
};

}  // namespace acme
