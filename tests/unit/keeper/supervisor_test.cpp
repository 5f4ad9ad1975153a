// The supervisor, with this program as the keeper that it starts (--keep).
#include "unit/keeper/processes.h"

using namespace acme;
using namespace acme::test;
using namespace acme::keeper;

namespace {

// What the keeper that stands in does: told by a byte in the configuration's place.
enum Orders : char { kStay = 's', kDie = 'd', kStubborn = 'i' };

struct Server {
  explicit Server(Orders orders, bool with_ready = true) : orders_(orders) {
    config.reset(memfd_create("config", 0));
    CHECK_EQ(write(config.get(), &orders_, 1), 1);
    pid = fork_with({config.get(), reports.writer.get(), death.reader.get(),
                     with_ready ? ready.writer.get() : -1},
                    [] {
                      KeptLog log;
                      return supervise(system_env(), log, false);
                    });
    death.reader.reset();
    ready.writer.reset();
  }
  ~Server() {
    death.writer.reset();
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
  // The next report of a keeper: its pid.
  pid_t keeper() { return static_cast<pid_t>(std::stol(reports.read(12))); }
  int end() {
    death.writer.reset();
    pid_t ended = std::exchange(pid, 0);
    return wait_for(ended);
  }

  UniqueFd config;
  Pipe reports;  // in the board's place
  Pipe death;
  Pipe ready;
  pid_t pid = 0;

 private:
  Orders orders_;
};

// The keeper that stands in.
int keep_instead() {
  for (int fd : {kConfigFd, kBoardFd, kDeathFd, kReadyFd, kSupervisorFd})
    if (fcntl(fd, F_GETFD) < 0) return 90;
  if (fcntl(8, F_GETFD) >= 0) return 91;
  char orders = 0;
  if (pread(kConfigFd, &orders, 1, 0) != 1) return 92;
  tell_ready();
  tell_ready();  // does nothing, and closes nothing
  char report[13];
  std::snprintf(report, sizeof report, "%12d", getpid());
  if (write(kBoardFd, report, 12) != 12) return 93;
  if (orders == kDie) return 7;
  for (;;) {
    if (has_ended(kSupervisorFd)) become_supervisor();
    if (has_ended(kDeathFd) && orders != kStubborn) return 0;
    poll(nullptr, 0, 5);
  }
}

TEST(a_keeper_is_started_and_all_end_with_the_server) {
  Server server(kStay);
  pid_t keeper = server.keeper();
  CHECK(is_alive(keeper));
  CHECK_EQ(server.end(), 0);
  CHECK(!is_alive(keeper));
}

TEST(the_server_is_told_when_the_first_keeper_is_ready) {
  Server server(kStay);
  CHECK_EQ(server.ready.read(10), std::string(1, '\1'));
  CHECK_EQ(server.ready.read(10), "");  // and nobody holds the other end any more
}

TEST(a_server_that_does_not_wait_is_none_the_less_served) {
  Server server(kStay, false);
  pid_t keeper = server.keeper();
  long before = processor_time(server.pid);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(processor_time(server.pid) - before < 100);
  CHECK(is_alive(keeper));
  CHECK_EQ(server.end(), 0);
}

TEST(a_killed_keeper_is_back_in_no_time) {
  Server server(kStay);
  pid_t first = server.keeper();
  kill(first, SIGKILL);
  pid_t second = server.keeper();
  CHECK(second != first);
  kill(second, SIGTERM);
  CHECK(server.keeper() != second);
  CHECK_EQ(server.end(), 0);
}

TEST(a_keeper_that_dies_at_once_is_started_ever_more_rarely) {
  Server server(kDie);
  Millis began = system_env().boottime();
  for (int i = 0; i < 4; ++i) server.keeper();
  CHECK(system_env().boottime() - began >= 700);  // 100 + 200 + 400
  CHECK_EQ(server.end(), 0);
}

TEST(a_stubborn_keeper_is_killed_within_a_second) {
  Server server(kStubborn);
  pid_t keeper = server.keeper();
  Millis began = system_env().boottime();
  CHECK_EQ(server.end(), 0);
  CHECK(system_env().boottime() - began < 1500);
  CHECK(!is_alive(keeper));
}

TEST(the_keeper_takes_the_place_of_a_killed_supervisor) {
  Server server(kStay);
  pid_t keeper = server.keeper();
  kill(server.pid, SIGKILL);
  waitpid(server.pid, nullptr, 0);
  server.pid = 0;
  pid_t second = server.keeper();  // the child of what was the first
  CHECK(second != keeper);
  CHECK_EQ(children_of(keeper).size(), 1);
  CHECK_EQ(children_of(keeper).front(), second);
  // It sleeps (its ready descriptor is not there: no other one was taken for it) …
  long before = processor_time(keeper);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(processor_time(keeper) - before < 100);
  // … and does all that a supervisor does.
  kill(second, SIGKILL);
  pid_t third = server.keeper();
  server.death.writer.reset();
  CHECK(eventually([&] { return !is_alive(keeper) && !is_alive(third); }));
}

TEST(a_supervisor_made_of_a_keeper_can_be_terminated_like_any) {
  Server server(kStay);
  pid_t keeper = server.keeper();
  kill(server.pid, SIGKILL);
  waitpid(server.pid, nullptr, 0);
  server.pid = 0;
  pid_t second = server.keeper();
  kill(keeper, SIGTERM);
  CHECK(eventually([&] { return !is_alive(keeper); }));
  pid_t third = server.keeper();  // the second took over in its turn
  CHECK(third != second);
  server.death.writer.reset();
  CHECK(eventually([&] { return !is_alive(second) && !is_alive(third); }));
}

TEST(the_environment_of_helpers_is_clean) {
  setenv("LD_PRELOAD_X", "evil", 1);
  setenv("TZ", "UTC", 1);
  setenv("no_proxy", "ca.example", 1);
  std::vector<std::string> kept = clean_environment();
  CHECK(std::find(kept.begin(), kept.end(), "TZ=UTC") != kept.end());
  CHECK(std::find(kept.begin(), kept.end(), "no_proxy=ca.example") != kept.end());
  for (const std::string& entry : kept) CHECK(!entry.starts_with("LD_"));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "--keep") return keep_instead();
  if (mode == "--supervise") {
    KeptLog log;
    return supervise(system_env(), log, false);
  }
  return acme_test_main(argc, argv);
}
