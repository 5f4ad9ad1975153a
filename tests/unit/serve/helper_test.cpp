// Starting the helper. This program plays it: the fixture's acme-keeper is a
// link to the running program.
#include "serve/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>
#include <sstream>

#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::serve;
using namespace acme::test;

namespace {

std::string what_is_open() {
  std::set<int> open;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd"))
    open.insert(std::stoi(entry.path().filename()));
  std::string text;
  for (int fd : open)
    if (fcntl(fd, F_GETFD) >= 0) text += std::to_string(fd) + " ";  // not the iterator's own
  return text;
}

// Writes what it finds to <state path>/report, says that it is ready, and ends
// with the server.
int play_helper(int argc, char** argv) {
  struct stat info {};
  fstat(3, &info);
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  if (pread(3, bytes.data(), bytes.size(), 0) < 0) return 3;
  auto config = decode_config(bytes);
  if (!config) return 4;
  std::ostringstream report;
  report << "arguments=" << argv[1] << (argc > 2 ? argv[2] : "") << "\nopen=" << what_is_open()
         << "\n";
  report << "sealed=" << (pwrite(3, "x", 1, 0) < 0 && ftruncate(3, 0) < 0) << "\n";
  report << "board=" << bool(BoardWriter::attach(system_env(), 4)) << "\n";
  report << "session=" << (getsid(0) == getpid()) << "\n";
  char target[256] = "";
  for (int fd : {0, 1, 2}) {
    ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
    report << "fd" << fd << "=" << std::string(target, n < 0 ? 0 : static_cast<std::size_t>(n))
           << "\n";
  }
  for (char** entry = environ; *entry; ++entry) report << "environment=" << *entry << "\n";
  fs::create_directories(config->state_path);
  std::ofstream(config->state_path + "/report") << report.str();
  if (write(6, "!", 1) != 1) return 5;
  pollfd death{5, POLLIN, 0};
  poll(&death, 1, 20'000);
  return 0;
}

bool ends_within(pid_t pid, int milliseconds) {
  for (int i = 0; i < milliseconds / 10; ++i) {
    if (waitpid(pid, nullptr, WNOHANG) == pid) return true;
    usleep(10'000);
  }
  return false;
}

struct Started : Server {
  explicit Started(bool after_reload = false, int error_log = -1) {
    log_fd = error_log;
    config.main("acme", {"on"});
    config.site({"example.com"});
    setenv("SECRET_OF_THE_SERVER", "x", 1);
    open();
    helper = REQUIRE_OK(start_helper(*serving, after_reload));
    wait_until_ready(system_env(), *helper, 10'000);
  }
  std::multimap<std::string, std::string> report() {
    std::multimap<std::string, std::string> out;
    std::ifstream in(folder.path("store/report"));
    for (std::string line; std::getline(in, line);)
      out.emplace(line.substr(0, line.find('=')), line.substr(line.find('=') + 1));
    return out;
  }
  std::unique_ptr<Helper> helper;
};

std::string only(const std::multimap<std::string, std::string>& report, const std::string& key) {
  auto it = report.find(key);
  return it == report.end() ? "(none)" : it->second;
}

}  // namespace

TEST(the_helper_gets_its_descriptors_and_nothing_else) {
  UniqueFd stray(::open("/", O_RDONLY));  // as a listening socket would be: not close-on-exec
  Started server;
  auto report = server.report();
  CHECK_EQ(only(report, "arguments"), "--supervise");
  CHECK_EQ(only(report, "open"), "0 1 2 3 4 5 6 ");
  CHECK_EQ(only(report, "sealed"), "1");
  CHECK_EQ(only(report, "board"), "1");
  CHECK_EQ(only(report, "session"), "1");
  for (const char* fd : {"fd0", "fd1", "fd2"}) CHECK_EQ(only(report, fd), "/dev/null");
}

TEST(what_the_helper_says_on_standard_error_goes_to_the_servers_log) {
  TempFolder folder;
  UniqueFd file(::open(folder.path("error.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  Started server(false, file.get());
  auto report = server.report();
  CHECK_EQ(only(report, "fd2"), folder.path("error.log"));
  CHECK_EQ(only(report, "fd1"), "/dev/null");
  CHECK_EQ(only(report, "open"), "0 1 2 3 4 5 6 ");
}

TEST(after_a_reload_the_helper_is_told_of_older_workers) {
  Started server(true);
  CHECK_EQ(only(server.report(), "arguments"), "--supervise--reload");
}

TEST(the_helper_gets_a_clean_environment) {
  for (const char* name : kProxyVariables) unsetenv(name);
  setenv("https_proxy", "http://proxy:1", 1);
  setenv("HTTP_PROXY", "http://evil:1", 1);
  Started server;
  auto report = server.report();
  bool proxy = false;
  for (auto [at, end] = report.equal_range("environment"); at != end; ++at) {
    proxy = proxy || at->second == "https_proxy=http://proxy:1";
    CHECK(at->second.starts_with("PATH=") || at->second.starts_with("TZ=") ||
          at->second.starts_with("https_proxy="));
  }
  CHECK(proxy);
  unsetenv("https_proxy");
}

TEST(the_helper_ends_when_its_handle_is_gone) {
  Started server;
  pid_t pid = server.helper->pid;
  CHECK_EQ(waitpid(pid, nullptr, WNOHANG), 0);
  server.helper.reset();
  CHECK(ends_within(pid, 1000));
}

TEST(a_worker_that_forgets_its_copy_neither_ends_nor_holds_the_helper) {
  Started server;
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  pid_t worker = fork();
  if (worker == 0) {
    server.helper.reset();
    close(ends[1]);
    char byte;
    ssize_t ignored = read(ends[0], &byte, 1);  // until the test is over
    (void)ignored;
    _exit(0);
  }
  close(ends[0]);
  usleep(50'000);
  pid_t pid = server.helper->pid;
  CHECK_EQ(waitpid(pid, nullptr, WNOHANG), 0);
  server.helper.reset();
  CHECK(ends_within(pid, 1000));
  close(ends[1]);
  waitpid(worker, nullptr, 0);
}

TEST(a_helper_that_dies_at_once_is_not_waited_for) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  fs::remove(server.folder.path("bin/acme-keeper"));
  fs::create_symlink("/bin/false", server.folder.path("bin/acme-keeper"));
  server.open();
  auto helper = REQUIRE_OK(start_helper(*server.serving, false));
  Millis before = system_env().boottime();
  wait_until_ready(system_env(), *helper, 10'000);
  CHECK(system_env().boottime() - before < 5'000);
  CHECK(ends_within(helper->pid, 1000));
}

TEST(patience_has_an_end) {
  Helper helper;
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  helper.ready = UniqueFd(ends[0]);
  UniqueFd writer(ends[1]);
  Millis before = system_env().boottime();
  wait_until_ready(system_env(), helper, 60);
  Millis took = system_env().boottime() - before;
  CHECK(took >= 50 && took < 2'000);
  wait_until_ready(system_env(), helper, 0);
}

TEST(a_program_that_cannot_be_started_is_an_error_that_names_it) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  server.open();
  fs::remove(server.folder.path("bin/acme-keeper"));
  std::ofstream(server.folder.path("bin/acme-keeper")) << "no program";
  fs::permissions(server.folder.path("bin/acme-keeper"), fs::perms::owner_all);
  CHECK_CONTAINS(REQUIRE_ERROR(start_helper(*server.serving, false), Errc::io), "bin/acme-keeper");
}

TEST(without_a_board_there_is_no_helper) {
  Server server;
  server.config.site({"example.com"});
  server.open();
  REQUIRE_ERROR(start_helper(*server.serving, false), Errc::refused);
}

TEST(a_helper_that_is_gone_can_be_started_again) {
  Started server;
  CHECK(is_alive(*server.helper));
  const pid_t first = server.helper->pid;
  kill(first, SIGKILL);
  CHECK(ends_within(first, 1000));
  CHECK(!is_alive(*server.helper));
  fs::remove(server.folder.path("store/report"));
  server.helper = REQUIRE_OK(start_helper(*server.serving, false));
  wait_until_ready(system_env(), *server.helper, 10'000);
  CHECK_EQ(only(server.report(), "board"), "1");
}

TEST(no_descriptor_that_can_write_the_board_stays_in_the_server) {
  Started server;
  int found = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.find("acmecore-board") == std::string::npos) continue;
    int flags = fcntl(std::stoi(entry.path().filename()), F_GETFL);
    CHECK_EQ(flags & O_ACCMODE, O_RDONLY);
    ++found;
  }
  CHECK_EQ(found, 1);
}

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--supervise") return play_helper(argc, argv);
  return acme_test_main(argc, argv);
}
