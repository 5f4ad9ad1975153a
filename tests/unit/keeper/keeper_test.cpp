// The keeper's loop as a process of its own, with this program as its agent and
// in the place of the supervisor that it becomes.
#include "keeper/keeper.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "unit/config/site_config.h"
#include "unit/keeper/bench.h"
#include "unit/keeper/stand_in_agent.h"

using namespace acme;
using namespace acme::test;
using namespace acme::keeper;

namespace {

class LineFile final : public Log {
 public:
  explicit LineFile(std::string path) : path_(std::move(path)) {}
  void write(Level, std::string_view line) override {
    std::ofstream(path_, std::ios::app) << line << "\n";
  }

 private:
  std::string path_;
};

// One server with its keeper.
class Site {
 public:
  explicit Site(const std::string& orders = "") : agent(orders) {
    config = bench_config(folder.path());
    config.helper_path = agent.folder.path();
  }
  ~Site() {
    death.writer.reset();
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

  void start() {
    CHECK_EQ(write(marker.get(), "-", 1), 1);
    pid = fork_with({marker.get(), with_board ? board.get() : marker.get(), death.reader.get(),
                     ready.writer.get(), supervisor.reader.get()},
                    [this] {
                      LineFile log(log_path);
                      signal(SIGPIPE, SIG_IGN);
                      return keep(*env, log, config, false);
                    });
    death.reader.reset();
    supervisor.reader.reset();
    ready.writer.reset();
  }
  int end() {
    death.writer.reset();
    return wait_for(std::exchange(pid, 0));
  }

  bool says(const std::string& part, std::size_t times = 1) {
    return eventually([&] { return count(part) >= times; });
  }
  std::size_t count(const std::string& part) const {
    std::string text = contents_of(log_path);
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
  }
  pid_t agent_pid() {
    CHECK(says("stand-in "));
    std::string text = contents_of(log_path);
    return static_cast<pid_t>(std::stol(text.substr(text.rfind("stand-in ") + 9)));
  }
  Json status_file() const {
    auto json = Json::parse(contents_of(config.runtime_path + "/status.json"));
    return json ? *json : Json();
  }

  ipc::ControlAnswer ask(ipc::ControlType type, const ipc::ControlRequest& request = {}) {
    const std::string path = config.runtime_path + "/control.sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK(eventually([&] {
      return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }));
    Channel channel(std::move(fd), ipc::kControlFrameLimit);
    REQUIRE_OK(channel.send(static_cast<std::uint16_t>(type), 1, encode(request)));
    std::vector<Frame> frames;
    CHECK(eventually([&] {
      frames = REQUIRE_OK(channel.receive());
      return !frames.empty();
    }));
    return REQUIRE_OK(decode<ipc::ControlAnswer>(frames.front().payload.view()));
  }

  Folder folder;
  AgentFolder agent;
  Config config;
  std::string log_path = folder / "log";
  UniqueFd board = REQUIRE_OK(create_board(system_env(), board_shape_for(8)));
  UniqueFd marker{memfd_create("config", 0)};  // in the configuration's place
  bool with_board = true;
  const Env* env = &system_env();
  Pipe death;
  Pipe ready;
  Pipe supervisor;
  pid_t pid = 0;
};

TEST(the_agent_is_greeted_and_holds_nothing_but_its_socket) {
  Site site;
  site.start();
  CHECK(site.says("descriptors 0 1 2 3 lineages 4"));
  CHECK_EQ(site.ready.read(10), std::string(1, '\1'));
  CHECK_EQ(site.ready.read(10), "");
  CHECK(eventually([&] { return site.status_file()["helper_up"].truth(); }));
  CHECK_EQ(site.status_file()["helper_pid"].number_or(0), site.pid);
}

// Workers that began before would show a placeholder.
TEST(what_was_kept_for_import_is_taken_before_the_server_is_told) {
  Site site;
  {
    KeptLog log;
    Store store =
        REQUIRE_OK(Store::open(system_env(), site.config.state_path, Store::Mode::read_write, log));
    REQUIRE_OK(store.lock());
    REQUIRE_OK(store.save_import(Secret(std::string_view("no import"))));
  }
  site.start();
  CHECK_EQ(site.ready.read(10), std::string(1, '\1'));
  CHECK_EQ(site.count("what was kept for import cannot be read"), 1);
}

TEST(the_agent_is_somebody_else) {
  if (geteuid() != 0) return;
  Site site;
  site.agent.open_to_all();
  site.config.drop_privileges = true;
  site.config.agent_uid = 65534;
  site.config.agent_gid = 65534;
  site.start();
  CHECK(site.says("uid 65534 gid 65534"));
}

TEST(all_end_within_a_second_of_the_server) {
  Site site;
  site.start();
  pid_t agent = site.agent_pid();
  Millis began = system_env().boottime();
  CHECK_EQ(site.end(), 0);
  CHECK(system_env().boottime() - began < 1000);
  CHECK(!is_alive(agent));
  CHECK(!site.status_file()["helper_up"].truth());
  KeptLog log;
  Store store =
      REQUIRE_OK(Store::open(system_env(), site.config.state_path, Store::Mode::read_write, log));
  REQUIRE_OK(store.lock());
}

TEST(a_killed_agent_is_back_in_no_time) {
  Site site;
  site.start();
  pid_t first = site.agent_pid();
  kill(first, SIGKILL);
  CHECK(site.says("stand-in ", 2));
  CHECK(site.says("the agent was killed by signal 9; the agent starts again in 100 ms"));
  CHECK(site.agent_pid() != first);
}

TEST(an_agent_is_told_what_a_domain_file_adds_and_started_anew_for_what_it_changes) {
  Site site;
  const auto write_domains = [&](const std::string& text) {
    std::ofstream(site.folder / "new") << text;
    std::filesystem::rename(site.folder / "new", site.folder / "domains");
  };
  write_domains("a.example\nb.example\n");
  SiteConfig server;
  server.site({"shop.example"}).set("domain_file", {site.folder / "domains"});
  Config config = server.resolved();
  config.state_path = site.config.state_path;
  config.runtime_path = site.config.runtime_path;
  config.helper_path = site.config.helper_path;
  site.config = config;
  site.board = REQUIRE_OK(
      create_board(system_env(), board_shape_for(config.slots(), room_for_more(config))));
  site.start();
  CHECK(site.says("lineages 2"));
  const pid_t first = site.agent_pid();
  write_domains("a.example\nb.example\nc.example\nd.example e.example\ne_.example\n");
  CHECK(site.says("domain files: new: c.example, d.example"));
  CHECK(site.says("/domains:5 (left out)"));
  CHECK(site.says("lineages 2", 2));
  CHECK_EQ(site.agent_pid(), first);
  CHECK(eventually([&] { return site.status_file()["certificates"].items().size() == 4; }));
  auto board = REQUIRE_OK(BoardReader::map(system_env(), site.board.get()));
  CHECK_EQ(REQUIRE_OK(board.name(0, "e.example")).first_slot, 3);
  write_domains("a.example\nd.example\n");
  CHECK(site.says("not wanted any more: b.example, c.example; served until"));
  CHECK(site.says("domain files: changed: d.example"));
  CHECK(site.says("lineages 2", 3));
  CHECK(site.agent_pid() != first);
  CHECK_EQ(site.end(), 0);
}

TEST(an_agent_that_is_not_there_is_said_once) {
  Site site;
  site.config.helper_path = site.folder / "nowhere";
  site.start();
  CHECK(site.says("cannot start " + site.config.helper_path + "/acme-agent"));
  std::this_thread::sleep_for(std::chrono::milliseconds(800));
  CHECK_EQ(site.count("cannot start"), 1);
  CHECK(site.ask(ipc::ControlType::status).ok);  // all the rest works
}

TEST(an_agent_that_breaks_the_protocol_is_ended) {
  Site site("unknown");
  site.start();
  CHECK(site.says("request 99 is not in the table"));
  CHECK(site.says("it asked for what it may not ask"));
  site.agent.obey("");
  CHECK(site.says("stand-in ", 2));
}

TEST(what_an_agent_writes_to_descriptor_two_is_logged_line_by_line) {
  Site site("scream");
  site.start();
  CHECK(site.says("the agent: a library's last words\n"));
  CHECK(site.says("the agent: forged \\x1b[2J\n"));
  CHECK(site.says("the agent: without an end\n"));
  CHECK(site.says("the agent ended with status 4"));
}

TEST(an_agent_that_babbles_holds_nobody_up) {
  Site site("babble");
  site.start();
  CHECK(site.says("the agent: babble", 100));
  CHECK(site.ask(ipc::ControlType::status).ok);
  CHECK_EQ(site.end(), 0);
}

bool is_journalled(const Site& site) {
  return contents_of(site.config.state_path + "/journal/site/ecdsa-256/order.json")
             .find("https://ca.example/order/1") != std::string::npos;
}

TEST(the_last_words_of_an_agent_still_count) {
  Site site("order and die");
  site.start();
  CHECK(site.says("killed by signal 9"));
  CHECK(is_journalled(site));
}

// A keeper whose disk is slow hears nothing until it ends; then the CA would be asked too early.
TEST(what_was_said_to_a_busy_keeper_counts_at_its_end) {
  Site site("wait and save");
  site.start();
  CHECK(site.says("is told to wait"));
  kill(site.pid, SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  site.death.writer.reset();
  kill(site.pid, SIGCONT);
  CHECK_EQ(site.end(), 0);
  CHECK_CONTAINS(contents_of(site.config.state_path + "/certs/site/ecdsa-256/state.json"),
                 "retry_after");
}

TEST(an_order_that_is_just_being_made_is_journalled_by_a_keeper_that_ends) {
  Site site("order slowly");
  site.start();
  CHECK(site.says("asked for an order"));
  CHECK_EQ(site.end(), 0);
  CHECK(is_journalled(site));
}

TEST(an_order_that_nobody_answers_does_not_hold_up_the_end) {
  Site site("order and wait");
  site.start();
  CHECK(site.says("asked for an order"));
  Millis began = system_env().boottime();
  CHECK_EQ(site.end(), 0);
  CHECK(system_env().boottime() - began < 1000);
}

TEST(a_new_agent_has_not_asked_for_the_old_ones_order) {
  Site site("order and wait");
  site.start();
  CHECK(site.says("asked for an order"));
  site.agent.obey("");
  kill(site.agent_pid(), SIGKILL);
  CHECK(site.says("stand-in ", 2));
  Millis began = system_env().boottime();
  CHECK_EQ(site.end(), 0);
  CHECK(system_env().boottime() - began < 550);
}

long resident_kilobytes(pid_t pid) {
  std::string status = contents_of("/proc/" + std::to_string(pid) + "/status");
  return std::stol(status.substr(status.find("VmRSS:") + 6));
}

TEST(an_agent_that_never_reads_cannot_fill_the_keepers_memory) {
  Site site("flood");
  site.start();
  CHECK(site.ask(ipc::ControlType::status).ok);
  long before = resident_kilobytes(site.pid);
  long most = before;
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    most = std::max(most, resident_kilobytes(site.pid));
  }
  CHECK(most - before < 200'000);
  CHECK(site.ask(ipc::ControlType::status).ok);
  CHECK_EQ(site.end(), 0);
}

TEST(acmectl_asks_for_a_renewal) {
  Site site;
  site.start();
  site.agent_pid();
  ipc::ControlAnswer answer = site.ask(ipc::ControlType::renew, {{"www.site.example"}});
  CHECK(answer.ok);
  CHECK_EQ(answer.text, "site/ecdsa-256: ordered now\n");
  CHECK(site.says("renew site\n"));
  CHECK(!site.ask(ipc::ControlType::renew, {{"nobody.example"}}).ok);
  CHECK(!site.ask(static_cast<ipc::ControlType>(99)).ok);
  Json status = REQUIRE_OK(Json::parse(site.ask(ipc::ControlType::status).text));
  CHECK_EQ(status["certificates"].items().size(), 4);
}

TEST(the_keeper_becomes_the_supervisor_when_that_dies) {
  Site site;
  site.start();
  pid_t agent = site.agent_pid();
  site.supervisor.writer.reset();
  CHECK(eventually([&] {
    char byte = 0;
    return pread(site.marker.get(), &byte, 1, 0) == 1 && byte == 'S';
  }));
  CHECK(!is_alive(agent));
  CHECK_EQ(wait_for(std::exchange(site.pid, 0)), 55);
}

TEST(a_store_that_is_in_use_is_waited_for) {
  Site site;
  KeptLog log;
  std::optional<Store> holder =
      REQUIRE_OK(Store::open(system_env(), site.config.state_path, Store::Mode::read_write, log));
  REQUIRE_OK(holder->lock());
  site.start();
  CHECK(site.says("is in use by process " + std::to_string(getpid())));
  CHECK_EQ(site.ready.read(10), std::string(1, '\1'));  // the server does not wait so long
  CHECK_EQ(site.count("stand-in "), 0);
  holder.reset();
  CHECK(site.says("the store is ours now"));
  CHECK(site.says("stand-in "));
}

TEST(a_store_that_cannot_be_used_is_tried_until_it_can) {
  Site site;
  const std::string above = site.folder / "above";
  std::filesystem::create_directory(above);
  chmod(above.c_str(), 0777);
  site.config.state_path = above + "/store";
  site.start();
  CHECK(site.says("can be written by others"));
  CHECK_EQ(site.ready.read(10), std::string(1, '\1'));
  chmod(above.c_str(), 0755);
  CHECK(site.says("stand-in "));
  CHECK_EQ(site.count("can be written by others"), 1);
  // Its descriptors are all its own: it can still write.
  CHECK(site.ask(ipc::ControlType::renew, {{"site"}}).ok);
  CHECK_EQ(site.end(), 0);
  CHECK_EQ(site.count("Bad file descriptor"), 0);
}

TEST(a_store_that_never_becomes_usable_ends_with_the_server) {
  Site site;
  site.config.state_path = "relative/path";
  site.start();
  CHECK(site.says("none can be ordered or renewed"));
  CHECK_EQ(site.end(), 0);
}

TEST(without_a_board_the_keeper_runs_and_says_what_is_missing) {
  Site site;
  site.with_board = false;
  site.start();
  CHECK(site.says("none is ordered or renewed until the next reload"));
  CHECK(site.ask(ipc::ControlType::status).ok);
  CHECK_EQ(site.end(), 0);
}

// No memory for the board, once.
class NoMapping final : public ForwardingEnv {
 public:
  void* map_shared(int fd, std::size_t size, int protection) const override {
    if (refused_) return ForwardingEnv::map_shared(fd, size, protection);
    refused_ = true;
    errno = ENOMEM;
    return MAP_FAILED;
  }

 private:
  mutable bool refused_ = false;
};

TEST(a_keeper_that_had_no_memory_for_the_board_ends_when_there_is_some) {
  Site site;
  NoMapping env;
  site.env = &env;
  site.start();
  CHECK(site.says("none is ordered or renewed until the next reload"));
  CHECK(site.says("the helper starts anew"));  // by its supervisor
  CHECK_EQ(wait_for(std::exchange(site.pid, 0)), 0);
}

TEST(an_unsafe_runtime_path_is_said_and_not_used) {
  Site site;
  std::filesystem::create_directory(site.config.runtime_path);
  chmod(site.config.runtime_path.c_str(), 0777);
  site.start();
  CHECK(site.says("acmectl cannot reach it"));
  CHECK(site.says("stand-in "));
  CHECK_EQ(site.end(), 0);
  CHECK(std::filesystem::is_empty(site.config.runtime_path));
}

TEST(an_idle_keeper_sleeps) {
  Site site;
  site.start();
  site.agent_pid();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  long before = processor_time(site.pid);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  CHECK(processor_time(site.pid) - before <= 20);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  // At once: who hangs up and is still there is killed, and what a sanitizer does at exit takes
  // time.
  if (mode == "--agent") _exit(StandInAgent().run(argv[0]));
  if (mode == "--supervise") return pwrite(kConfigFd, "S", 1, 0) == 1 ? 55 : 56;
  return acme_test_main(argc, argv);
}
