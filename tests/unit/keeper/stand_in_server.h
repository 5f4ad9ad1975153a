// This test program in the place of a server's master: it holds the writing end
// of a death pipe, and tells which signals it gets. Run with -t, as httpd is, it
// is a configuration test that does what the file `orders` in its folder says.
#pragma once

#include <string>

#include "keeper/server_signal.h"
#include "unit/keeper/processes.h"

namespace acme::test {

class StandInServer {
 public:
  enum class Holds { writing_end, reading_end, nothing };

  explicit StandInServer(Holds holds = Holds::writing_end) {
    sigset_t signals;
    sigset_t before;
    sigemptyset(&signals);
    for (int number : {SIGHUP, SIGUSR1}) sigaddset(&signals, number);
    sigprocmask(SIG_BLOCK, &signals, &before);
    pid_ = fork();
    CHECK(pid_ >= 0);
    if (pid_ == 0) serve(signals, holds);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    death.writer.reset();
    heard_.writer.reset();
    name_in(pid_file);
    obey("pass");
    CHECK_EQ(heard_.read(1), "!");  // it is in its folder
  }
  ~StandInServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  StandInServer(const StandInServer&) = delete;
  StandInServer& operator=(const StandInServer&) = delete;

  pid_t pid() const { return pid_; }
  void name_in(const std::string& path) { std::ofstream(path) << pid_ << "\n"; }
  void obey(const std::string& orders) { std::ofstream(folder / "orders") << orders; }

  // "H" and "U" for each signal since this was asked last; waits for the first.
  std::string next_signals() { return heard_.read(64); }
  bool heard_nothing() {
    pollfd p{heard_.reader.get(), POLLIN, 0};
    return poll(&p, 1, 50) == 0;
  }

  Folder folder;
  const std::string pid_file = folder / "server.pid";
  Pipe death;  // its reading end is ours

 private:
  [[noreturn]] void serve(const sigset_t& signals, Holds holds) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (holds != Holds::reading_end) death.reader.reset();
    if (holds != Holds::writing_end) death.writer.reset();
    heard_.reader.reset();
    bool lives = chdir(folder.path().c_str()) == 0 && write(heard_.writer.get(), "!", 1) == 1;
    while (lives) {
      int number = sigwaitinfo(&signals, nullptr);
      lives = number < 0 || write(heard_.writer.get(), number == SIGHUP ? "H" : "U", 1) == 1;
    }
    _exit(1);
  }

  Pipe heard_;
  pid_t pid_ = 0;
};

// For main(): what `program -t …` does.
inline int be_configuration_test() {
  const std::string orders = contents_of("orders");
  if (orders == "pass") return 0;
  if (orders == "hang") pause();
  if (orders == "crash") raise(SIGABRT);  // which no sanitizer takes for itself
  if (orders == "silent") return 3;
  if (orders == "hang with a child") {
    if (fork() == 0) std::ofstream("child") << getpid() << std::flush;
    pause();
  }
  if (orders == "flood") {
    const std::string much(100'000, 'x');
    for (int i = 0; i < 100; ++i)
      if (write(STDERR_FILENO, much.data(), much.size()) < 0) return 9;
    return 4;
  }
  // Else: what it says.
  const std::string text = orders + "\n";
  return write(STDERR_FILENO, text.data(), text.size()) < 0 ? 9 : 1;
}

}  // namespace acme::test
