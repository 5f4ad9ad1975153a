#include "keeper/hook_run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/input_file.h"
#include "base/text.h"

namespace acme::keeper {
Outcome HookRun::start(Program program) {
  program_ = std::move(program);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return fail(Errc::io, std::string("pipe: ") + std::strerror(errno));
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  ACME_TRY(const UniqueFd input, input_file(env_, program_.input));

  Spawn what;
  what.program = program_.command.front();
  what.arguments = {program_.command.begin() + 1, program_.command.end()};
  what.environment = program_.environment;
  what.working_directory = "/";
  what.standard_error = theirs.get();
  what.standard_input = input ? input.get() : -1;
  what.output_to_error = true;
  what.own_session = true;  // what it starts ends with it
  what.die_with_parent = true;
  ACME_TRY(pid_, env_.spawn(what));
  output_ = std::move(ours);
  said_.emplace(log_, program_.command.front(),
                [](std::string_view line) { return printable(line); });
  answer_.reset();
  deadline_ = env_.boottime() + program_.limit;
  return {};
}

// Not waited for: a process that hangs in a system call hangs on. It is reaped like any other.
void HookRun::stop() {
  if (pid_ != 0) kill(-pid_, SIGKILL);
  pid_ = 0;
  output_.reset();
}

void HookRun::add_to(std::vector<pollfd>& fds) const {
  if (output_) fds.push_back({output_.get(), POLLIN, 0});
}

// A part of what there is: one that floods keeps nobody from their work.
void HookRun::read_output() {
  char buffer[4096];
  for (int i = 0; output_ && i < 16; ++i) {
    const ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n < 0) return;
    if (n == 0) return output_.reset();
    said_->add({buffer, static_cast<std::size_t>(n)});
  }
}

void HookRun::ended(pid_t pid, int status) {
  if (pid != pid_ || pid == 0) return;
  read_output();
  said_->end();
  answer_ = outcome(status);
  stop();  // what it started, if anything
}

std::optional<Outcome> HookRun::take() {
  read_output();
  if (is_running() && env_.boottime() >= deadline_) {
    stop();
    return fail(Errc::io, "it did not end within " + std::to_string(program_.limit / 1000) +
                              " s and was killed");
  }
  if (is_running() && said_->is_flood()) {
    stop();
    return fail(Errc::io, "it wrote more than 1 MiB and was killed");
  }
  return std::exchange(answer_, std::nullopt);
}

Outcome HookRun::outcome(int status) const {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string words = said_->last_words();
  if (WIFSIGNALED(status))
    return fail(Errc::io, "it was killed by signal " + std::to_string(WTERMSIG(status)) + words);
  return fail(Errc::io, "it ended with status " + std::to_string(WEXITSTATUS(status)) + words);
}

}  // namespace acme::keeper
