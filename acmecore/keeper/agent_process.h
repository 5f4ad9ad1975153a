// The agent: started unprivileged, started again with back-off, ended with the keeper.
#pragma once

#include <memory>

#include "base/env.h"
#include "base/log.h"
#include "config/config.h"
#include "ipc/channel.h"

namespace acme::keeper {

class AgentProcess {
 public:
  AgentProcess(const Env& env, Log& log, const Config& config)
      : env_(env), log_(log), config_(config) {}
  ~AgentProcess() { stop(); }

  bool due() const { return !channel_ && env_.boottime() >= start_at_; }
  Millis start_at() const { return start_at_; }
  void start();
  // Ends it; the next start is after the back-off.
  void fail_with(const std::string& why);
  void stop();
  // waitpid told of this pid.
  void ended(pid_t pid, int status);

  Channel* channel() { return channel_ ? channel_.get() : nullptr; }

 private:
  void retry_later(const std::string& why);

  const Env& env_;
  Log& log_;
  const Config& config_;
  pid_t pid_ = 0;
  std::unique_ptr<Channel> channel_;
  Millis started_ = 0;
  Millis start_at_ = 0;
  Millis backoff_ = 0;
};

}  // namespace acme::keeper
