// A program that is run to its end, or to ours: its output goes to the log, and when it takes
// too long, says too much or leaves something running, all of it is ended.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/timer.h"
#include "agent/watches.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/program_output.h"
#include "base/result.h"

namespace acme::agent {

struct Program {
  std::string path;
  std::string label;                     // for the log; empty: the path
  std::string name;                      // argv[0]; empty: the path
  std::vector<std::string> arguments;    // never through a shell
  std::vector<std::string> environment;  // "NAME=value", all that it has
  std::string input;                     // on its standard input; empty: there is none
  Millis limit = 120'000;
  // Of a line of its output: what may be printed.
  std::function<std::string(std::string_view)> printable;
};

class ProgramRun {
 public:
  // An error says how it ended, with its last words.
  using Done = std::function<void(Outcome)>;

  ProgramRun(const Env& env, Timers& timers, Watches& watches, Log& log)
      : env_(env), timers_(timers), watches_(watches), log_(log) {}
  ~ProgramRun() { stop(); }
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;

  // `done` is called later, once, unless this is destroyed before, which ends the program. It
  // may start the next one, or destroy this.
  void start(Program program, Done done);
  bool running() const { return pid_ != 0 || timer_ != 0; }

 private:
  Outcome spawn();
  void watch_end();
  void look();
  void read_output();
  void end_it(const std::string& why);
  void finish(Outcome outcome);
  Outcome outcome(int status) const;
  void stop();

  const Env& env_;
  Timers& timers_;
  Watches& watches_;
  Log& log_;

  Program program_;
  Done done_;
  pid_t pid_ = 0;
  UniqueFd output_;
  UniqueFd end_;  // a pidfd
  Watches::Id output_watch_ = 0;
  Watches::Id end_watch_ = 0;
  Timers::Id timer_ = 0;       // of the limit
  Timers::Id look_timer_ = 0;  // where there is no pidfd
  std::optional<ProgramOutput> said_;
  std::string ended_because_;
};

}  // namespace acme::agent
