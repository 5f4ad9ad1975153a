// A program that the keeper runs for the operator: what it says goes to the log, and when it takes
// too long, says too much or leaves something running, all of it is ended. One at a time.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/program_output.h"
#include "base/result.h"

namespace acme::keeper {

class HookRun {
 public:
  struct Program {
    std::vector<std::string> command;      // the path first; never through a shell
    std::vector<std::string> environment;  // "NAME=value", all that it has
    std::string input;
    Millis limit = 300'000;
  };

  HookRun(const Env& env, Log& log) : env_(env), log_(log) {}
  ~HookRun() { stop(); }
  HookRun(const HookRun&) = delete;
  HookRun& operator=(const HookRun&) = delete;

  // Returns at once.
  Outcome start(Program program);
  bool is_running() const { return pid_ != 0; }
  Millis deadline() const { return deadline_; }
  // Ends it; there is no answer.
  void stop();

  void add_to(std::vector<pollfd>& fds) const;
  // waitpid told of this pid.
  void ended(pid_t pid, int status);
  // Reads what it says. How it ended, once that is known; an error has its last words.
  std::optional<Outcome> take();

 private:
  void read_output();
  Outcome outcome(int status) const;

  const Env& env_;
  Log& log_;
  Program program_;
  pid_t pid_ = 0;
  UniqueFd output_;
  Millis deadline_ = 0;
  std::optional<ProgramOutput> said_;
  std::optional<Outcome> answer_;
};

}  // namespace acme::keeper
