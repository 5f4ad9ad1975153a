// Programs that the agent runs: real ones, in real time.
#include "agent/program_run.h"

#include <poll.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/forwarding_env.h"
#include "base/text.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::agent;
using namespace acme::test;

namespace {

// Real programs, and time that can be moved on.
struct MovedEnv final : ForwardingEnv {
  MovedEnv() : ForwardingEnv(system_env()) {}
  Millis boottime() const override { return system_env().boottime() + moved; }
  Millis moved = 0;
};

struct Lines final : Log {
  void write(Level, std::string_view line) override { all.emplace_back(line); }
  bool has(std::string_view part) const {
    for (const std::string& line : all)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }
  std::vector<std::string> all;
};

struct Runner {
  Runner() {
    char name[] = "/tmp/acme-program-XXXXXX";
    if (!mkdtemp(name)) throw Failure("no temporary folder");
    folder = name;
  }
  ~Runner() { std::filesystem::remove_all(folder); }

  Program script(const std::string& text) {
    Program program;
    program.path = folder + "/hook";
    std::ofstream(program.path) << "#!/bin/sh\n" << text << "\n";
    chmod(program.path.c_str(), 0755);
    program.printable = [](std::string_view line) { return printable(line); };
    program.limit = 60'000;
    return program;
  }
  Outcome run(Program program, bool late = false) {
    std::optional<Outcome> got;
    process.start(std::move(program), [&](Outcome outcome) { got = std::move(outcome); });
    CHECK(!got);  // never before start() has returned
    if (late) {
      turn_until([&] { return log.has("waiting"); });
      env.moved += 60'000;
      turn_until([&] { return log.has("has been told") || got.has_value(); });
      env.moved += 2'000;
    }
    turn_until([&] { return got.has_value(); });
    CHECK(!process.running());
    CHECK(watches.wanted().empty());
    CHECK(!timers.next_in());
    return *got;
  }
  template <class F>
  void turn_until(F done) {
    for (int i = 0; i < 3000 && !done(); ++i) {
      timers.run_due();
      std::vector<pollfd> polled = watches.wanted();
      poll(polled.data(), polled.size(), 20);
      watches.run_ready(polled);
    }
    CHECK(done());
  }
  std::string read(const std::string& name) const {
    std::ifstream in(folder + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // The process whose number is in that file has ended.
  bool gone(const std::string& name) const {
    const std::string pid = read(name);
    CHECK(!pid.empty());
    std::ifstream in("/proc/" + std::string(trim(pid)) + "/stat");
    std::string stat{std::istreambuf_iterator<char>(in), {}};
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }

  std::string folder;
  MovedEnv env;
  Timers timers{env};
  Watches watches;
  Lines log;
  ProgramRun process{env, timers, watches, log};
};

}  // namespace

TEST(it_has_its_arguments_and_environment_and_nothing_else) {
  Runner runner;
  Program program = runner.script("for a; do echo \"<$a>\"; done; pwd; env; ls /proc/self/fd");
  program.arguments = {"present", "a b", "-x", "$(id)", ""};
  program.environment = {"TOKEN=s3cret", "PATH=/usr/bin:/bin"};
  program.printable = [](std::string_view line) {
    return line.find("s3cret") != std::string_view::npos ? "***" : printable(line);
  };
  setenv("ACME_TEST_LEAK", "yes", 1);
  REQUIRE_OK(runner.run(std::move(program)));
  for (const char* line : {"<present>", "<a b>", "<-x>", "<$(id)>", "<>", ": /", ": ***"})
    CHECK(runner.log.has(line));
  CHECK(!runner.log.has("s3cret"));
  CHECK(!runner.log.has("ACME_TEST_LEAK"));
  CHECK(!runner.log.has(": 4"));  // ls itself has the folder as 3
  CHECK(runner.log.all.front().starts_with(runner.folder + "/hook: "));
}

TEST(how_it_failed_comes_with_its_last_words) {
  Runner runner;
  CHECK_EQ(REQUIRE_ERROR(runner.run(runner.script("echo one; echo two >&2; printf three; exit 7")),
                         Errc::io),
           runner.folder + "/hook ended with status 7; its last words: three");
  CHECK_EQ(REQUIRE_ERROR(runner.run(runner.script("kill -9 $$")), Errc::io),
           runner.folder + "/hook was killed by signal 9");
  Program missing = runner.script("");
  missing.path += "er";
  CHECK_CONTAINS(REQUIRE_ERROR(runner.run(std::move(missing)), Errc::io), "No such file");
  Program no_program = runner.script("");
  chmod(no_program.path.c_str(), 0644);
  CHECK_CONTAINS(REQUIRE_ERROR(runner.run(std::move(no_program)), Errc::io), "Permission denied");
}

TEST(one_that_hangs_is_ended_with_all_that_it_has_started) {
  Runner runner;
  Program program = runner.script("cd \"$1\"; sleep 1000 & echo $! >child; echo waiting; wait");
  program.arguments = {runner.folder};
  const std::string why = REQUIRE_ERROR(runner.run(std::move(program), true), Errc::io);
  CHECK_CONTAINS(why, "did not end within 60 s and was ended; its last words: waiting");
  runner.turn_until([&] { return runner.gone("child"); });
}

TEST(one_that_does_not_listen_is_ended_all_the_same) {
  Runner runner;
  CHECK_CONTAINS(
      REQUIRE_ERROR(runner.run(runner.script("trap 'echo it has been told' TERM; echo waiting\n"
                                             "while :; do sleep 0.1; done"),
                               true),
                    Errc::io),
      "was ended; its last words: it has been told");
}

TEST(one_that_floods_is_ended_and_the_log_is_spared) {
  Runner runner;
  CHECK_CONTAINS(REQUIRE_ERROR(runner.run(runner.script("exec yes flood")), Errc::io),
                 "wrote more than 1 MiB and was ended");
  CHECK(runner.log.all.size() < 50);
  CHECK(runner.log.has("says more than that"));
  runner.log.all.clear();
  REQUIRE_OK(runner.run(runner.script("head -c 100000 /dev/zero; echo; echo end")));
  CHECK(runner.log.has("end"));
}

TEST(what_it_leaves_behind_is_ended_and_told) {
  Runner runner;
  Program program = runner.script("cd \"$1\"; sleep 1000 & echo $! >child");
  program.arguments = {runner.folder};
  REQUIRE_OK(runner.run(std::move(program)));
  CHECK(runner.log.has("left a process behind"));
  runner.turn_until([&] { return runner.gone("child"); });
}

TEST(one_run_may_begin_the_next) {
  Runner runner;
  std::optional<Outcome> second;
  runner.process.start(runner.script("exit 1"), [&](Outcome first) {
    CHECK(!first);
    runner.process.start(runner.script("exit 0"), [&](Outcome outcome) { second = outcome; });
  });
  runner.turn_until([&] { return second.has_value(); });
  CHECK(static_cast<bool>(*second));
}

TEST(one_that_nobody_waits_for_any_more_is_ended) {
  Runner runner;
  Program program = runner.script("cd \"$1\"; echo $$ >self; exec sleep 1000");
  program.arguments = {runner.folder};
  {
    ProgramRun process(system_env(), runner.timers, runner.watches, runner.log);
    process.start(std::move(program), [](const Outcome&) { throw Failure("called"); });
    runner.turn_until([&] { return !runner.read("self").empty(); });
  }
  runner.turn_until([&] { return runner.gone("self"); });
  CHECK(runner.watches.wanted().empty());
  CHECK(!runner.timers.next_in());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
