#include "keeper/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "config/outbound.h"
#include "keeper/complaint.h"

namespace acme::keeper {
namespace {

constexpr Millis kFirstBackoff = 100;
constexpr Millis kLongestBackoff = 5'000;
constexpr Millis kHealthy =
    10'000;                        // a keeper that lived so long begins again at the first back-off
constexpr Millis kPatience = 900;  // for the keeper's own end, before it is killed

// kReadyFd is never free: what is opened later must not be taken for it, nor be
// closed in its stead. Nobody is harmed by a byte for the reading end of a pipe.
void occupy_ready() {
  dup3(kDeathFd, kReadyFd, O_CLOEXEC);
}

class Supervisor {
 public:
  Supervisor(const Env& env, Log& log, bool after_reload)
      : env_(env), complaint_(env, log), after_reload_(after_reload) {}

  int run() {
    if (fcntl(kReadyFd, F_GETFD) < 0) occupy_ready();
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, nullptr);
    UniqueFd signals(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
    start();
    for (;;) {
      pollfd fds[] = {{kDeathFd, POLLIN, 0}, {signals.get(), POLLIN, 0}};
      int n = poll(fds, 2, timeout());
      if (n > 0 && fds[0].revents != 0) return finish();
      if (n > 0 && fds[1].revents != 0) {
        signalfd_siginfo info;
        while (read(signals.get(), &info, sizeof info) > 0) {
        }
        reap();
      }
      if (keeper_ == 0 && env_.boottime() >= start_at_) start();
    }
  }

 private:
  int timeout() const {
    if (keeper_ != 0) return -1;
    return static_cast<int>(std::max<Millis>(0, start_at_ - env_.boottime()));
  }

  void start() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return retry_later("pipe: " + std::string(strerror(errno)));
    UniqueFd read_end(ends[0]);
    write_end_.reset(ends[1]);
    Spawn what;
    what.program = own_program();
    what.arguments = {"--keep"};
    if (after_reload_) what.arguments.push_back("--reload");
    what.descriptors = {kConfigFd, kBoardFd, kDeathFd, kReadyFd, read_end.get()};
    what.environment = clean_environment();
    for (const char* name : {"CREDENTIALS_DIRECTORY", "JOURNAL_STREAM"})  // the keeper's alone
      if (const char* value = std::getenv(name))
        what.environment.push_back(std::string(name) + "=" + value);
    auto pid = env_.spawn(what);
    if (!pid) return retry_later(pid.error().message);
    keeper_ = *pid;
    started_ = env_.boottime();
    after_reload_ = false;
    occupy_ready();  // only the first keeper is waited for by the server
  }

  void retry_later(const std::string& why, const std::string& details = {}) {
    keeper_ = 0;
    backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
    start_at_ = env_.boottime() + backoff_;
    complaint_.say(why, details + "; next start in " + std::to_string(backoff_) + " ms");
  }

  void reap() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != keeper_) continue;
      if (env_.boottime() - started_ > kHealthy) {
        backoff_ = 0;
        complaint_.over();
      }
      std::string how = WIFSIGNALED(status)
                            ? "was killed by signal " + std::to_string(WTERMSIG(status))
                            : "ended with status " + std::to_string(WEXITSTATUS(status));
      retry_later("the keeper " + how, " (pid " + std::to_string(pid) + ")");
    }
  }

  // The keeper reads the end of the same pipe and goes by itself.
  int finish() {
    if (keeper_ == 0) return 0;
    Millis deadline = env_.boottime() + kPatience;
    while (env_.boottime() < deadline) {
      if (waitpid(keeper_, nullptr, WNOHANG) == keeper_) return 0;
      poll(nullptr, 0, 5);
    }
    kill(keeper_, SIGKILL);
    waitpid(keeper_, nullptr, 0);
    return 0;
  }

  const Env& env_;
  Complaint complaint_;
  bool after_reload_;
  pid_t keeper_ = 0;
  UniqueFd write_end_;  // the keeper sees its end when this process is gone
  Millis started_ = 0;
  Millis start_at_ = 0;
  Millis backoff_ = 0;
};

}  // namespace

int supervise(const Env& env, Log& log, bool after_reload) {
  return Supervisor(env, log, after_reload).run();
}

bool has_ended(int pipe) {
  pollfd p{pipe, POLLIN, 0};
  return poll(&p, 1, 0) > 0 && p.revents != 0;
}

std::string own_program() {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0) return "/proc/self/exe";
  path[n] = '\0';
  return access(path, X_OK) == 0 ? path : "/proc/self/exe";
}

std::vector<std::string> clean_environment() {
  std::vector<std::string> out = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  const auto keep = [&](const char* name) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  };
  for (const char* name : {"TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) keep(name);
  for (const char* name : kProxyVariables) keep(name);
  return out;
}

void tell_ready() {
  char byte = 1;
  ssize_t ignored = ::write(kReadyFd, &byte, 1);
  (void)ignored;
  occupy_ready();
}

void become_supervisor() {
  for (int fd : {kConfigFd, kBoardFd, kDeathFd}) fcntl(fd, F_SETFD, 0);
  // Not closed here: exec may fail.
  for (int fd : {kReadyFd, kSupervisorFd}) fcntl(fd, F_SETFD, FD_CLOEXEC);
  sigset_t none;
  sigset_t before;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, &before);  // SIGTERM ends a supervisor
  std::string program = own_program();
  char mode[] = "--supervise";
  char* argv[] = {program.data(), mode, nullptr};
  execv(program.c_str(), argv);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace acme::keeper
