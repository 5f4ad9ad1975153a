// The configuration test of httpd, whose parent ends when it is told to restart
// gracefully with a broken configuration: its own program with its arguments,
// folder and environment, and -t. (nginx tests for itself.)
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/fd.h"
#include "base/result.h"

namespace acme::keeper {

class ConfigTest {
 public:
  explicit ConfigTest(const Env& env) : env_(env) {}
  ~ConfigTest() { stop(); }
  ConfigTest(const ConfigTest&) = delete;
  ConfigTest& operator=(const ConfigTest&) = delete;

  // For the server whose master this is. Returns at once.
  Outcome start(pid_t master);
  bool is_running() const { return pid_ != 0; }
  Millis deadline() const { return deadline_; }
  // Ends it; there is no answer.
  void stop();

  // What it says, for poll(); -1: nothing to wait for.
  int output() const { return output_.get(); }
  void read_output();
  // waitpid told of this pid.
  void ended(pid_t pid, int status);
  // The answer, once it is there: passed, or what it had to say.
  std::optional<Outcome> take();

 private:
  Outcome outcome(int status) const;

  const Env& env_;
  pid_t pid_ = 0;
  UniqueFd output_;
  std::string said_;  // the beginning of it
  Millis deadline_ = 0;
  std::optional<Outcome> answer_;
};

// The arguments of a server's command line, made those of its test: without what
// is for a start alone (-k, -X), and without -E, which leads errors elsewhere.
std::vector<std::string> test_arguments(const std::vector<std::string>& command_line);

// The first lines of what a test says that tell what is wrong, as one. Not escaped.
std::string first_fault(std::string_view output);

}  // namespace acme::keeper
