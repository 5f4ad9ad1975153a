#include "keeper/agent_process.h"

#include <poll.h>
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
constexpr Millis kLongestBackoff = 5'000;
constexpr Millis kHealthy = 10'000;
constexpr std::size_t kLongestErrorLine = 2048;

}  // namespace

void AgentProcess::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return retry_later(std::string("socketpair: ") + std::strerror(errno));
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  if (pipe2(ends, O_CLOEXEC) < 0) return retry_later(std::string("pipe: ") + std::strerror(errno));
  errors_.reset(ends[0]);
  UniqueFd their_errors(ends[1]);
  fcntl(errors_.get(), F_SETFL, O_NONBLOCK);
  error_line_.clear();

  Spawn what;
  what.program = config_.helper_path + "/acme-agent";
  what.arguments = {"--agent"};
  what.descriptors = {theirs.get()};
  what.standard_error = their_errors.get();
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

void AgentProcess::retry_later(const std::string& fault, const std::string& details) {
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  start_at_ = env_.boottime() + backoff_;
  complaint_.say(fault,
                 details + "; the agent starts again in " + std::to_string(backoff_) + " ms");
}

void AgentProcess::forget_process() {
  // All that a pipe holds: its last words say best why it is gone.
  for (int i = 0; i < 16; ++i) read_errors();
  errors_.reset();
  say_error_line();
  pid_ = 0;
  channel_.reset();
  if (env_.boottime() - started_ <= kHealthy) return;
  backoff_ = 0;
  complaint_.over();
}

void AgentProcess::fail_with(const std::string& why) {
  if (!channel_) return;
  stop();
  retry_later("the agent was ended: " + why);
}

void AgentProcess::hung_up(const std::string& why) {
  for (int i = 0; i < 10; ++i) {
    int status = 0;
    if (pid_ != 0 && waitpid(pid_, &status, WNOHANG) == pid_) return ended(pid_, status);
    poll(nullptr, 0, 5);
  }
  fail_with(why);
}

void AgentProcess::stop() {
  channel_.reset();
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);  // it keeps nothing: what matters is the keeper's
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  forget_process();
}

void AgentProcess::ended(pid_t pid, int status) {
  if (pid != pid_ || pid == 0) return;
  forget_process();
  retry_later(WIFSIGNALED(status)
                  ? "the agent was killed by signal " + std::to_string(WTERMSIG(status))
                  : "the agent ended with status " + std::to_string(WEXITSTATUS(status)));
}

// A few kilobytes at a time: an agent that never stops must not hold up the keeper.
void AgentProcess::read_errors() {
  if (!errors_) return;
  char buffer[4096];
  ssize_t n = ::read(errors_.get(), buffer, sizeof buffer);
  if (n == 0) errors_.reset();  // poll() would go on telling of the end
  for (ssize_t i = 0; i < n; ++i) {
    if (buffer[i] == '\n' || error_line_.size() == kLongestErrorLine) say_error_line();
    if (buffer[i] != '\n') error_line_ += buffer[i];
  }
}

void AgentProcess::say_error_line() {
  if (!error_line_.empty()) words_.error("the agent: " + error_line_);
  error_line_.clear();
}

}  // namespace acme::keeper
