#include "agent/program_run.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/input_file.h"

namespace acme::agent {
namespace {

constexpr Millis kGrace = 2'000;       // between SIGTERM and SIGKILL
constexpr Millis kLookInterval = 100;  // a container may know no pidfd

}  // namespace

void ProgramRun::start(Program program, Done done) {
  program_ = std::move(program);
  if (program_.label.empty()) program_.label = program_.path;
  done_ = std::move(done);
  said_.emplace(log_, program_.label, program_.printable);
  ended_because_.clear();
  if (Outcome spawned = spawn(); !spawned) {
    timer_ = timers_.after(0, [this, spawned] { finish(spawned); });
    return;
  }
  timer_ = timers_.after(program_.limit, [this] {
    end_it("did not end within " + std::to_string(program_.limit / 1000) + " s");
  });
}

Outcome ProgramRun::spawn() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return fail(Errc::io, std::string("pipe: ") + std::strerror(errno));
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  ACME_TRY(const UniqueFd input, input_file(env_, program_.input));
  Spawn what;
  what.program = program_.path;
  what.name = program_.name;
  what.arguments = program_.arguments;
  what.environment = program_.environment;
  what.working_directory = "/";
  what.standard_error = theirs.get();
  what.standard_input = input ? input.get() : -1;
  what.output_to_error = true;
  what.own_session = true;  // what it starts ends with it
  what.die_with_parent = true;
  ACME_TRY(pid_, env_.spawn(what));
  output_ = std::move(ours);
  output_watch_ = watches_.add(output_.get(), POLLIN, [this] { read_output(); });
  watch_end();
  return {};
}

void ProgramRun::watch_end() {
  end_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (end_) {
    fcntl(end_.get(), F_SETFD, FD_CLOEXEC);
    end_watch_ = watches_.add(end_.get(), POLLIN, [this] { look(); });
    return;
  }
  look_timer_ = timers_.after(kLookInterval, [this] {
    look_timer_ = 0;
    look();
    if (pid_ != 0 && look_timer_ == 0) watch_end();
  });
}

void ProgramRun::look() {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0)
    return;
  read_output();
  // It has ended, and is not waited for yet, so that its number is nobody else's.
  kill(-pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  said_->end();
  if (output_)
    log_.warning(program_.label +
                 " left a process behind that kept its output open: it was ended, too");
  finish(outcome(status));
}

// All that a pipe holds, once; the loop comes back for more.
void ProgramRun::read_output() {
  char buffer[4096];
  for (int i = 0; output_ && i < 16; ++i) {
    ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n < 0) return;
    if (n == 0) {
      watches_.remove(std::exchange(output_watch_, 0));  // it would go on telling of the end
      output_.reset();
      return;
    }
    said_->add({buffer, static_cast<std::size_t>(n)});
  }
  if (said_->is_flood()) end_it("wrote more than 1 MiB");
}

void ProgramRun::end_it(const std::string& why) {
  if (pid_ == 0 || !ended_because_.empty()) return;
  ended_because_ = why;
  kill(-pid_, SIGTERM);
  timers_.cancel(timer_);
  timer_ = timers_.after(kGrace, [this] {
    timer_ = 0;
    if (pid_ != 0) kill(-pid_, SIGKILL);
  });
}

Outcome ProgramRun::outcome(int status) const {
  auto failed = [this](const std::string& how) {
    return fail(Errc::io, program_.label + " " + how + said_->last_words());
  };
  if (!ended_because_.empty()) return failed(ended_because_ + " and was ended");
  if (WIFSIGNALED(status))
    return failed("was killed by signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return failed("ended with status " + std::to_string(WEXITSTATUS(status)));
  return {};
}

void ProgramRun::finish(Outcome outcome) {
  stop();
  std::exchange(done_, {})(std::move(outcome));
}

void ProgramRun::stop() {
  timers_.cancel(std::exchange(timer_, 0));
  timers_.cancel(std::exchange(look_timer_, 0));
  watches_.remove(std::exchange(output_watch_, 0));
  watches_.remove(std::exchange(end_watch_, 0));
  output_.reset();
  end_.reset();
  if (pid_ == 0) return;
  // Given up in its middle. One that hangs in a system call is not waited for.
  kill(-pid_, SIGKILL);
  for (int i = 0; i < 20 && waitpid(pid_, nullptr, WNOHANG) == 0; ++i) poll(nullptr, 0, 1);
  pid_ = 0;
}

}  // namespace acme::agent
