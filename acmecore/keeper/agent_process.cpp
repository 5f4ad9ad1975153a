#include "keeper/agent_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "keeper/supervisor.h"

namespace acme::keeper {
namespace {

constexpr Millis kFirstBackoff = 100;
constexpr Millis kLongestBackoff = 30'000;
constexpr Millis kHealthy = 10'000;

}  // namespace

void AgentProcess::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return retry_later(std::string("socketpair: ") + std::strerror(errno));
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  Spawn what;
  what.program = config_.helper_path + "/acme-agent";
  what.arguments = {"--agent"};
  what.descriptors = {theirs.get()};
  what.environment = clean_environment();
  what.drop = config_.drop_privileges;
  what.uid = config_.agent_uid;
  what.gid = config_.agent_gid;
  what.die_with_parent = true;
  auto pid = env_.spawn(what);
  if (!pid) return retry_later(pid.error().message);
  pid_ = *pid;
  channel_ = std::make_unique<Channel>(std::move(ours));
  started_ = env_.boottime();
}

void AgentProcess::retry_later(const std::string& why) {
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  start_at_ = env_.boottime() + backoff_;
  log_.error("helper: " + why + "; the agent starts again in " + std::to_string(backoff_) + " ms");
}

void AgentProcess::fail_with(const std::string& why) {
  if (!channel_) return;
  if (env_.boottime() - started_ > kHealthy) backoff_ = 0;
  stop();
  retry_later("the agent was ended: " + why);
}

void AgentProcess::stop() {
  channel_.reset();
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);  // it keeps nothing: what matters is the keeper's
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

void AgentProcess::ended(pid_t pid, int status) {
  if (pid != pid_) return;
  pid_ = 0;
  channel_.reset();
  if (env_.boottime() - started_ > kHealthy) backoff_ = 0;
  retry_later(WIFSIGNALED(status)
                  ? "the agent was killed by signal " + std::to_string(WTERMSIG(status))
                  : "the agent ended with status " + std::to_string(WEXITSTATUS(status)));
}

}  // namespace acme::keeper
