#include "base/env.h"

#include <grp.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>
#include <cstring>

namespace acme {
namespace {

int or_errno(int result) {
  return result < 0 ? -errno : result;
}

// One name at a time, for systems where openat2 is not to be had: a container's
// seccomp filter may know nothing of it.
int walk_down(int dir, std::string_view path, int flags, mode_t mode) {
  UniqueFd here;
  for (std::size_t slash; (slash = path.find('/')) != std::string_view::npos;) {
    const std::string name(path.substr(0, slash));
    if (name.empty() || name == "..") return -EXDEV;  // as openat2 says it
    const int from = here ? here.get() : dir;
    const int next = ::openat(from, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (next < 0) return errno == ENOTDIR ? -ELOOP : -errno;
    here.reset(next);
    path.remove_prefix(slash + 1);
  }
  return or_errno(::openat(here.get(), std::string(path).c_str(), flags, mode));
}

int open_beneath(int dir, const char* path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
  if (fd >= 0) return static_cast<int>(fd);
  if (errno == ENOSYS || errno == EPERM) return walk_down(dir, path, flags, mode);
  return -errno;
}

// 0, 1 and 2 of a program that has no terminal: one that kept those of the
// shell that started the server would keep that shell (and its ssh) waiting.
// Returns errno or 0.
int redirect_standard(int standard_input, int standard_error, bool output_too) {
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return errno;
  const int error = standard_error < 0 ? null.get() : standard_error;
  const int input = standard_input < 0 ? null.get() : standard_input;
  const int targets[] = {input, output_too ? error : null.get(), error};
  int copies[3];
  for (int i = 0; i < 3; ++i) {  // above 2: a target may be a number that is about to be replaced
    copies[i] = fcntl(targets[i], F_DUPFD_CLOEXEC, 3);
    if (copies[i] < 0) return errno;
  }
  for (int i = 0; i < 3; ++i) {
    if (dup2(copies[i], i) < 0) return errno;
    ::close(copies[i]);
  }
  if (null.get() < 3) null.release();  // it was one of the three, and is in use now
  return 0;
}

// Runs between fork and exec: async-signal-safe calls only. `file` is an open
// copy of each descriptor, numbered above the range that they move to.
[[noreturn]] void become(const Spawn& what, char* const* argv, char* const* envp, int* sources,
                         int count, int report) {
  auto give_up = [&report](int error) {
    ssize_t ignored = ::write(report, &error, sizeof error);
    (void)ignored;
    _exit(127);
  };
  const int base = 3 + count + 1;
  int moved_report = fcntl(report, F_DUPFD_CLOEXEC, base);
  if (moved_report < 0) give_up(errno);
  report = moved_report;
  for (int i = 0; i < count; ++i) {
    sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, base);
    if (sources[i] < 0) give_up(errno);
  }
  if (what.standard_error) {
    if (int error =
            redirect_standard(what.standard_input, *what.standard_error, what.output_to_error);
        error != 0)
      give_up(error);
  }
  for (int i = 0; i < count; ++i)
    if (dup2(sources[i], 3 + i) < 0) give_up(errno);
  // Listening sockets of the server are not close-on-exec: close everything else.
  if (report > 3 + count) syscall(SYS_close_range, 3 + count, report - 1, 0);
  syscall(SYS_close_range, report + 1, ~0U, 0);

  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  if (!what.working_directory.empty() && chdir(what.working_directory.c_str()) < 0) give_up(errno);
  if (what.own_session) setsid();
  if (what.low_priority) setpriority(PRIO_PROCESS, 0, 10);
  if (what.drop) {
    if (setgroups(0, nullptr) < 0 && errno != EPERM) give_up(errno);
    if (setgid(what.gid) < 0 || setuid(what.uid) < 0) give_up(errno);
  }
  if (what.die_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL);
  execve(what.program.c_str(), argv, envp);
  give_up(errno);
  _exit(127);
}

class SystemEnv final : public Env {
 public:
  WallTime now() const override { return ::time(nullptr); }

  Millis boottime() const override {
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return static_cast<Millis>(ts.tv_sec) * 1000 + ts.tv_nsec / 1000000;
  }

  Outcome random(std::span<std::uint8_t> out) const override {
    while (!out.empty()) {
      ssize_t n = getrandom(out.data(), out.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(Errc::io, std::string("getrandom: ") + std::strerror(errno));
      out = out.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }

  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    flags |= O_CLOEXEC | O_NOFOLLOW;
    const bool is_path = name[0] != '/' && std::strchr(name, '/') != nullptr;
    return is_path ? open_beneath(dir, name, flags, mode)
                   : or_errno(::openat(dir, name, flags, mode));
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    ssize_t n = ::write(fd, data, size);
    return n < 0 ? -errno : n;
  }
  int fsync(int fd) const override { return or_errno(::fsync(fd)); }
  void write_back(int fd, WriteBack what) const override {
    const unsigned wait =
        what == WriteBack::wait ? SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER : 0;
    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | wait);
  }
  int rename_at(int old_dir, const char* old_name, int new_dir,
                const char* new_name) const override {
    return or_errno(::renameat(old_dir, old_name, new_dir, new_name));
  }
  int mkdir_at(int dir, const char* name, mode_t mode) const override {
    return or_errno(::mkdirat(dir, name, mode));
  }
  int symlink_at(const char* target, int dir, const char* name) const override {
    return or_errno(::symlinkat(target, dir, name));
  }
  int unlink_at(int dir, const char* name, int flags) const override {
    return or_errno(::unlinkat(dir, name, flags));
  }
  void* map_shared(int fd, std::size_t size, int protection) const override {
    return mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  }
  int memory_file(const char* name) const override {
    return or_errno(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  }

  Result<pid_t> spawn(const Spawn& what) const override {
    std::vector<char*> argv;
    argv.push_back(const_cast<char*>((what.name.empty() ? what.program : what.name).c_str()));
    for (const std::string& a : what.arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> envp;
    for (const std::string& e : what.environment) envp.push_back(const_cast<char*>(e.c_str()));
    envp.push_back(nullptr);
    std::vector<int> sources = what.descriptors;

    // A pipe that closes at exec tells why exec failed.
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
      return fail(Errc::io, std::string("pipe: ") + std::strerror(errno));
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    pid_t pid = ::fork();
    if (pid < 0) return fail(Errc::io, std::string("fork: ") + std::strerror(errno));
    if (pid == 0)
      become(what, argv.data(), envp.data(), sources.data(), static_cast<int>(sources.size()),
             write_end.get());
    write_end.reset();
    int error = 0;
    ssize_t n;
    do {
      n = ::read(read_end.get(), &error, sizeof error);
    } while (n < 0 && errno == EINTR);
    if (n == static_cast<ssize_t>(sizeof error))
      return fail(Errc::io, "cannot start " + what.program + ": " + std::strerror(error));
    return pid;
  }
};

}  // namespace

pid_t Env::fork() const {
  return or_errno(::fork());
}

double Env::uniform() const {
  std::uint32_t bits = 0;
  auto span = std::span(reinterpret_cast<std::uint8_t*>(&bits), sizeof bits);
  if (!random(span)) return 0.5;
  return static_cast<double>(bits) / 4294967296.0;
}

const Env& system_env() {
  static constinit SystemEnv env;
  return env;
}

}  // namespace acme
