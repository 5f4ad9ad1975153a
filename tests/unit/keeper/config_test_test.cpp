// httpd's configuration test: its arguments, and all the ways in which it can end.
#include "keeper/config_test.h"

#include "unit/keeper/stand_in_server.h"

using namespace acme;
using namespace acme::test;
using namespace acme::keeper;

namespace {

using Words = std::vector<std::string>;

// As the keeper's loop: reads, reaps, asks.
std::optional<Outcome> answer_of(ConfigTest& test) {
  std::optional<Outcome> answer;
  eventually([&] {
    pollfd p{test.output(), POLLIN, 0};
    poll(&p, 1, 5);
    test.read_output();
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) test.ended(pid, status);
    answer = test.take();
    return answer.has_value();
  });
  return answer;
}

std::string fault_of(ConfigTest& test) {
  auto answer = answer_of(test);
  CHECK(answer.has_value());
  CHECK(!test.is_running());
  return REQUIRE_ERROR(*answer, Errc::invalid_config);
}

// ---- arguments

Words after(const Words& words) {
  return test_arguments(words);
}

TEST(what_is_for_a_start_alone_is_left_out) {
  CHECK_EQ(after({"httpd"}), Words({"-t"}));
  CHECK_EQ(after({"httpd", "-k", "start"}), Words({"-t"}));
  CHECK_EQ(after({"httpd", "-kstart"}), Words({"-t"}));
  CHECK_EQ(after({"httpd", "-X"}), Words({"-t"}));
  CHECK_EQ(after({"httpd", "-DFOREGROUND", "-k", "start"}), Words({"-t", "-DFOREGROUND"}));
  CHECK_EQ(after({"httpd", "-E", "/var/log/start.log", "-e", "debug"}),
           Words({"-t", "-e", "debug"}));
}

TEST(all_the_rest_stays_in_its_order) {
  CHECK_EQ(after({"/usr/sbin/apache2", "-d", "/etc/apache2", "-k", "start", "-f", "a.conf", "-D",
                  "SSL", "-C", "Listen 80", "-c", "", "-T"}),
           Words({"-t", "-d", "/etc/apache2", "-f", "a.conf", "-D", "SSL", "-C", "Listen 80", "-c",
                  "", "-T"}));
}

TEST(a_value_is_no_option_and_options_may_stand_together) {
  CHECK_EQ(after({"httpd", "-D", "-X", "-f", "-k"}), Words({"-t", "-D", "-X", "-f", "-k"}));
  CHECK_EQ(after({"httpd", "-DX", "-Dk"}), Words({"-t", "-DX", "-Dk"}));
  CHECK_EQ(after({"httpd", "-XDdebug"}), Words({"-t", "-Ddebug"}));
  CHECK_EQ(after({"httpd", "-XT"}), Words({"-t", "-T"}));
  CHECK_EQ(after({"httpd", "-TXk", "start", "-D", "A"}), Words({"-t", "-T", "-D", "A"}));
  CHECK_EQ(after({"httpd", "-XD", "X"}), Words({"-t", "-D", "X"}));
  CHECK_EQ(after({"httpd", "-k"}), Words({"-t"}));
  CHECK_EQ(after({"httpd", "-"}), Words({"-t", "-"}));
}

// ---- what it says

TEST(the_first_lines_that_matter_are_told) {
  CHECK_EQ(first_fault("AH00558: apache2: Could not reliably determine the server's name\n"
                       "AH00526: Syntax error on line 7 of /etc/a.conf:\n"
                       "DocumentRoot '/nowhere' is not a directory, or is not readable\n"
                       "Action '-t' failed.\n"),
           "AH00526: Syntax error on line 7 of /etc/a.conf: "
           "DocumentRoot '/nowhere' is not a directory, or is not readable");
  CHECK_EQ(first_fault("\n\n[Mon Jan 18 07:00:00 2027] [core:warn] [pid 1] AH00111: unset\nbad\n"),
           "bad");
  CHECK_EQ(first_fault("[core:warn] only this\n"), "[core:warn] only this");
  CHECK_EQ(first_fault(""), "");
}

// ---- as a process

TEST(a_good_configuration_passes) {
  StandInServer server;
  ConfigTest test(system_env());
  REQUIRE_OK(test.start(server.pid()));
  CHECK(test.is_running());
  auto answer = answer_of(test);
  CHECK(answer.has_value());
  REQUIRE_OK(*answer);
  CHECK(!test.is_running());
  CHECK(!test.take().has_value());  // once
}

TEST(it_runs_as_the_server_does) {
  StandInServer server;
  class Spying : public ForwardingEnv {
   public:
    mutable Spawn spawned;
    Result<pid_t> spawn(const Spawn& what) const override {
      spawned = what;
      return ForwardingEnv::spawn(what);
    }
  } env;
  ConfigTest test(env);
  REQUIRE_OK(test.start(server.pid()));
  const std::string process = "/proc/" + std::to_string(server.pid());
  CHECK_EQ(env.spawned.program, process + "/exe");
  CHECK_EQ(env.spawned.working_directory, process + "/cwd");
  CHECK_EQ(env.spawned.name, contents_of(process + "/cmdline").c_str());
  CHECK_EQ(env.spawned.arguments.front(), "-t");
  std::string joined;
  for (const std::string& text : env.spawned.environment) joined += text + '\0';
  CHECK_EQ(joined, contents_of(process + "/environ"));
  CHECK(answer_of(test).has_value());
}

TEST(a_fault_is_told_in_its_own_words_escaped) {
  StandInServer server;
  server.obey("AH00526: Syntax error on line 3 of \x1b[2J:\nInvalid command 'Fooo'");
  ConfigTest test(system_env());
  REQUIRE_OK(test.start(server.pid()));
  CHECK_EQ(fault_of(test), "AH00526: Syntax error on line 3 of \\x1b[2J: Invalid command 'Fooo'");
}

TEST(one_that_says_nothing_or_crashes_is_told) {
  StandInServer server;
  ConfigTest test(system_env());
  server.obey("silent");
  REQUIRE_OK(test.start(server.pid()));
  CHECK_EQ(fault_of(test), "it ended with status 3 without a word");
  server.obey("crash");
  REQUIRE_OK(test.start(server.pid()));
  CHECK(fault_of(test).starts_with("it was killed by signal 6"));
}

TEST(a_flood_is_read_to_its_end_and_only_its_beginning_kept) {
  StandInServer server;
  server.obey("flood");
  ConfigTest test(system_env());
  REQUIRE_OK(test.start(server.pid()));
  std::string fault = fault_of(test);
  CHECK(fault.starts_with("xxxxxxxx"));
  CHECK_EQ(fault.size(), 512);
}

TEST(one_that_hangs_is_ended_after_a_minute_with_all_that_it_started) {
  StandInServer server;
  KeeperEnv env;
  server.obey("hang with a child");
  ConfigTest test(env);
  REQUIRE_OK(test.start(server.pid()));
  CHECK_EQ(test.deadline(), env.boot + 60'000);
  const std::string child_file = server.folder / "child";
  CHECK(eventually([&] { return !contents_of(child_file).empty(); }));
  const auto child = static_cast<pid_t>(std::stol(contents_of(child_file)));
  env.pass(59);
  CHECK(!test.take().has_value());
  CHECK(test.is_running());
  env.pass(1);
  auto answer = test.take();
  CHECK(answer.has_value());
  CHECK_EQ(REQUIRE_ERROR(*answer, Errc::io), "it did not end within 60 s");
  CHECK(!test.is_running());
  CHECK(eventually([&] { return !is_alive(child); }));
  CHECK(eventually([] { return waitpid(-1, nullptr, WNOHANG) > 0; }));
  // The next one is not disturbed by it.
  server.obey("pass");
  REQUIRE_OK(test.start(server.pid()));
  REQUIRE_OK(*answer_of(test));
}

TEST(one_that_was_stopped_has_no_answer) {
  StandInServer server;
  server.obey("hang");
  ConfigTest test(system_env());
  REQUIRE_OK(test.start(server.pid()));
  test.stop();
  CHECK(!test.is_running());
  CHECK(eventually([] { return waitpid(-1, nullptr, WNOHANG) > 0; }));
  CHECK(!test.take().has_value());
}

TEST(a_server_that_is_gone_cannot_be_tested) {
  ConfigTest test(system_env());
  CHECK_CONTAINS(REQUIRE_ERROR(test.start(4194303), Errc::io), "/proc/4194303/cmdline");
  CHECK(!test.is_running());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "-t") return be_configuration_test();
  return acme_test_main(argc, argv);
}
