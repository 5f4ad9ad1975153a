// The agent: started unprivileged, started again with back-off, ended with the keeper.
#pragma once

#include <memory>
#include <string>

#include "base/env.h"
#include "base/log.h"
#include "config/config.h"
#include "ipc/channel.h"
#include "keeper/complaint.h"

namespace acme::keeper {

class AgentProcess {
 public:
  // `words`: where goes what the agent itself says (AgentLog).
  AgentProcess(const Env& env, Log& log, Log& words, const Config& config)
      : env_(env), words_(words), config_(config), complaint_(env, log) {}
  ~AgentProcess() { stop(); }

  bool due() const { return !channel_ && env_.boottime() >= start_at_; }
  Millis start_at() const { return start_at_; }
  void start_after(Millis delay) { start_at_ = env_.boottime() + delay; }
  void start();
  // Ends it; the next start is after the back-off.
  void fail_with(const std::string& why);
  // Its end of the channel is closed: it is ending, and soon says how.
  void hung_up(const std::string& why);
  void stop();
  // waitpid told of this pid.
  void ended(pid_t pid, int status);

  Channel* channel() { return channel_.get(); }
  const Channel* channel() const { return channel_.get(); }
  // Its descriptor 2. Not the server's log itself: who has that can empty it.
  int errors() const { return errors_.get(); }
  void read_errors();

 private:
  void retry_later(const std::string& fault, const std::string& details = {});
  void forget_process();
  void say_error_line();

  const Env& env_;
  Log& words_;
  const Config& config_;
  Complaint complaint_;
  pid_t pid_ = 0;
  std::unique_ptr<Channel> channel_;
  UniqueFd errors_;
  std::string error_line_;  // the beginning of one
  Millis started_ = 0;
  Millis start_at_ = 0;
  Millis backoff_ = 0;
};

}  // namespace acme::keeper
