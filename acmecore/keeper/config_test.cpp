#include "keeper/config_test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "keeper/read_file.h"

namespace acme::keeper {
namespace {

constexpr Millis kTimeLimit = 60'000;
constexpr std::size_t kMostSaid = 8 * 1024;

// Texts that each end with a NUL byte, as in /proc/<pid>/cmdline.
Result<std::vector<std::string>> texts_in(const std::string& path) {
  ACME_TRY(const Secret bytes, read_secret_file(path));
  std::vector<std::string> texts = split(bytes.view(), '\0');
  if (!texts.empty() && texts.back().empty()) texts.pop_back();
  return texts;
}

// httpd says these of a configuration that is good enough.
bool is_chatter(std::string_view line) {
  constexpr std::string_view kParts[] = {":warn]",  ":notice]", ":info]", "Syntax OK",
                                         "AH00557", "AH00558"};  // no fully qualified name
  return std::any_of(std::begin(kParts), std::end(kParts),
                     [line](auto part) { return line.find(part) != std::string_view::npos; });
}

}  // namespace

Outcome ConfigTest::start(pid_t master) {
  const std::string process = "/proc/" + std::to_string(master);
  ACME_TRY(const std::vector<std::string> command_line, texts_in(process + "/cmdline"));
  if (command_line.empty()) return fail(Errc::io, process + "/cmdline is empty");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return fail(Errc::io, std::string("pipe: ") + std::strerror(errno));
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  fcntl(ours.get(), F_SETFL, O_NONBLOCK);

  Spawn what;
  what.program = process + "/exe";
  what.name = command_line.front();
  what.arguments = test_arguments(command_line);
  what.working_directory = process + "/cwd";
  ACME_TRY(what.environment, texts_in(process + "/environ"));
  what.standard_error = theirs.get();
  what.own_session = true;  // it may have children: they end with it
  what.die_with_parent = true;
  ACME_TRY(pid_, env_.spawn(what));
  output_ = std::move(ours);
  said_.clear();
  answer_.reset();
  deadline_ = env_.boottime() + kTimeLimit;
  return {};
}

// Not waited for: a process that hangs in a system call hangs on. It is reaped
// like any other child.
void ConfigTest::stop() {
  if (pid_ != 0) kill(-pid_, SIGKILL);
  pid_ = 0;
  output_.reset();
}

// All that a pipe holds; what is beyond the limit is read and forgotten, so that
// the test comes to its end.
void ConfigTest::read_output() {
  char buffer[4096];
  for (int i = 0; output_ && i < 16; ++i) {
    ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n < 0) return;
    if (n == 0) return output_.reset();
    said_.append(buffer, std::min(static_cast<std::size_t>(n), kMostSaid - said_.size()));
  }
}

void ConfigTest::ended(pid_t pid, int status) {
  if (pid != pid_ || pid == 0) return;
  read_output();
  answer_ = outcome(status);
  stop();  // what it started, if anything
}

std::optional<Outcome> ConfigTest::take() {
  if (is_running() && env_.boottime() >= deadline_) {
    stop();
    return fail(Errc::io, "it did not end within " + std::to_string(kTimeLimit / 1000) + " s");
  }
  return std::exchange(answer_, std::nullopt);
}

Outcome ConfigTest::outcome(int status) const {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  std::string fault = printable(first_fault(said_));
  if (WIFSIGNALED(status))
    fault = "it was killed by signal " + std::to_string(WTERMSIG(status)) +
            (fault.empty() ? "" : "; " + fault);
  else if (fault.empty())
    fault = "it ended with status " + std::to_string(WEXITSTATUS(status)) + " without a word";
  return fail(Errc::invalid_config, fault);
}

std::vector<std::string> test_arguments(const std::vector<std::string>& command_line) {
  constexpr std::string_view kWithValue = "CcDdEefk";
  constexpr std::string_view kDropped = "kXE";
  std::vector<std::string> out = {"-t"};
  for (std::size_t i = 1; i < command_line.size(); ++i) {
    const std::string& word = command_line[i];
    if (word.size() < 2 || word[0] != '-') {
      out.push_back(word);
      continue;
    }
    // Options may stand together: "-XDdebug" is -X and -D debug.
    std::size_t value = 1;
    while (value < word.size() && kWithValue.find(word[value]) == std::string_view::npos) ++value;
    std::string kept = word.substr(0, value);
    std::erase_if(kept, [&](char c) { return kDropped.find(c) != std::string_view::npos; });
    const bool drops_value =
        value < word.size() && kDropped.find(word[value]) != std::string_view::npos;
    if (!drops_value) kept += word.substr(value);
    if (kept.size() > 1) out.push_back(kept);
    if (value + 1 != word.size()) continue;  // no value, or it stands in this word
    if (++i < command_line.size() && !drops_value) out.push_back(command_line[i]);
  }
  return out;
}

std::string first_fault(std::string_view output) {
  std::vector<std::string> faults;
  std::string last;
  for (const std::string& line : split(output, '\n')) {
    const std::string_view text = trim(line);
    if (text.empty()) continue;
    last = text;
    if (faults.size() < 2 && !is_chatter(text)) faults.emplace_back(text);
  }
  return faults.empty() ? last : join(faults, " ");
}

}  // namespace acme::keeper
