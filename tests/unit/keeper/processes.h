// Supervisor, keeper and agent as processes: descriptors handed over by number,
// and this test program itself in the place of those that are not under test.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <thread>

#include "keeper/supervisor.h"
#include "unit/keeper/keeper_env.h"

namespace acme::test {

struct Pipe {
  Pipe() {
    int ends[2];
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  // What comes within two seconds, up to `size` bytes; "" at the end.
  std::string read(std::size_t size) {
    pollfd p{reader.get(), POLLIN, 0};
    std::string text(size, '\0');
    if (poll(&p, 1, 2000) <= 0) throw Failure("nothing came through the pipe");
    ssize_t n = ::read(reader.get(), text.data(), size);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return text;
  }
  UniqueFd reader;
  UniqueFd writer;
};

// True as soon as `condition` is, within five seconds.
inline bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// Runs `body` in a child whose descriptors 3, 4 … are these (-1: closed) and
// nothing else is open but 0, 1 and 2.
inline pid_t fork_with(const std::vector<int>& descriptors, const std::function<int()>& body) {
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid > 0) return pid;
  std::vector<int> copies;
  for (int fd : descriptors) copies.push_back(fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 100));
  close_range(3, 99, 0);
  for (std::size_t i = 0; i < copies.size(); ++i)
    if (copies[i] >= 0) dup2(copies[i], 3 + static_cast<int>(i));
  close_range(3 + static_cast<unsigned>(descriptors.size()), ~0U, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int status = 99;
  try {
    status = body();
  } catch (const std::exception& error) {
    print_error("%s\n", error.what());
  }
  _exit(status);
}

// The exit status, or minus the signal.
inline int wait_for(pid_t pid) {
  int status = 0;
  if (!eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; })) {
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    throw Failure("a process did not end");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline bool is_alive(pid_t pid) {
  std::string stat = contents_of("/proc/" + std::to_string(pid) + "/stat");
  return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

inline std::vector<pid_t> children_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream in("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> out;
  for (pid_t child; in >> child;) out.push_back(child);
  return out;
}

// Milliseconds of processor time that a process has used.
inline long processor_time(pid_t pid) {
  std::string stat = contents_of("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream in(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) in >> skipped;
  long user = 0;
  long system = 0;
  in >> user >> system;
  return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

}  // namespace acme::test
