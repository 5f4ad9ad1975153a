// The seam to the operating system: clocks, random bytes, file writes, spawn.
// Rooms take an Env& and call nothing of this directly, so that a fault test
// can fail each write, fsync, rename and fork in turn, and move the clock.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/time.h"

namespace acme {

// What a spawned program gets: argv, the descriptors it inherits (the n-th of
// the list becomes descriptor 3 + n; everything else is closed but 0, 1, 2), a
// clean environment, reset signals.
struct Spawn {
  std::string program;
  std::string name;                    // argv[0]; empty: the program
  std::vector<std::string> arguments;  // without argv[0]
  std::string working_directory;       // empty: ours
  std::vector<int> descriptors;
  // 0 and 1 become /dev/null and 2 this descriptor (-1: /dev/null); without, all three stay.
  std::optional<int> standard_error;
  int standard_input = -1;               // then 0 becomes this descriptor, where it is one
  bool output_to_error = false;          // 1 becomes that descriptor, too
  std::vector<std::string> environment;  // "NAME=value"
  uid_t uid = 0;                         // applied when `drop` is set
  gid_t gid = 0;
  bool drop = false;
  bool own_session = false;  // setsid, so that signals to the server's group miss it
  bool low_priority = false;
  bool die_with_parent = false;  // PR_SET_PDEATHSIG, after setuid
};

class Env {
 public:
  virtual ~Env() = default;

  virtual WallTime now() const = 0;
  virtual Millis boottime() const = 0;
  virtual Outcome random(std::span<std::uint8_t> out) const = 0;

  // File calls are relative to an open directory and never follow a link: a
  // path of several names is walked down without (-ELOOP). They return 0 or a
  // descriptor, or -errno.
  virtual int open_at(int dir, const char* name, int flags, mode_t mode) const = 0;
  virtual ssize_t write(int fd, const void* data, std::size_t size) const = 0;
  virtual int fsync(int fd) const = 0;
  // A hint before an fsync: data goes to the disk, and is waited for. When several files are
  // written back first, their fsyncs wait for one commit of the file system between them.
  enum class WriteBack { begin, wait };
  virtual void write_back(int /*fd*/, WriteBack /*what*/) const {}
  virtual int rename_at(int old_dir, const char* old_name, int new_dir,
                        const char* new_name) const = 0;
  virtual int mkdir_at(int dir, const char* name, mode_t mode) const = 0;
  virtual int symlink_at(const char* target, int dir, const char* name) const = 0;
  virtual int unlink_at(int dir, const char* name, int flags) const = 0;
  virtual void* map_shared(int fd, std::size_t size, int protection) const = 0;  // or MAP_FAILED
  virtual int memory_file(const char* name) const = 0;  // memfd, cloexec, sealable

  virtual Result<pid_t> spawn(const Spawn& what) const = 0;
  // A copy of this process: 0 in the child, -errno where there can be none.
  virtual pid_t fork() const;

  // A uniform number in [0, 1), from random(); 0.5 when there is no entropy.
  double uniform() const;
};

// The real one: has no state.
const Env& system_env();

}  // namespace acme
