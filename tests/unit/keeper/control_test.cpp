// The control socket: who may ask, and for how long.
#include "keeper/control.h"

#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <memory>

#include "base/archive.h"
#include "keeper/runtime_path.h"
#include "unit/keeper/keeper_env.h"

using namespace acme;
using namespace acme::test;
using ipc::ControlAnswer;
using ipc::ControlRequest;
using ipc::ControlType;
using keeper::Control;

namespace {

constexpr auto kStatus = static_cast<std::uint16_t>(ControlType::status);

class Server {
 public:
  Server() { listen(); }
  void listen() {
    control = std::make_unique<Control>(
        env, [this](ControlType type, const ControlRequest& request, Control::Ticket ticket) {
          asked.push_back(request.names);
          last_ticket = ticket;
          if (type == ControlType::revoke) return std::optional<ControlAnswer>();
          if (type != ControlType::status) return std::optional(ControlAnswer{false, "not that"});
          return std::optional(ControlAnswer{true, answer});
        });
    REQUIRE_OK(control->listen(dir.get()));
  }
  // One turn of the keeper's loop.
  std::size_t turn() {
    std::vector<pollfd> fds;
    control->add_to(fds);
    poll(fds.data(), fds.size(), 20);
    control->serve();
    return fds.size();
  }

  KeeperEnv env;
  Folder folder;
  std::string path = folder / "run";
  UniqueFd dir = REQUIRE_OK(keeper::open_runtime_path(env, path));
  std::string socket_path = path + "/control.sock";
  std::string answer = "{}";
  std::vector<std::vector<std::string>> asked;
  Control::Ticket last_ticket = 0;
  std::unique_ptr<Control> control;
};

// -1 with errno where nobody listens, or may not be asked.
int connect_to(const std::string& path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

struct Client {
  explicit Client(const Server& server)
      : channel(UniqueFd(connect_to(server.socket_path)), ipc::kControlFrameLimit) {
    CHECK(channel.fd() >= 0);
  }
  void send(ControlType type, const ControlRequest& request = {}) {
    REQUIRE_OK(channel.send(static_cast<std::uint16_t>(type), 5, encode(request)));
  }
  ControlAnswer wait(Server& server) {
    for (int i = 0; i < 500; ++i) {
      server.turn();
      auto frames = REQUIRE_OK(channel.receive());
      if (frames.empty()) continue;
      CHECK_EQ(frames.front().id, 5);
      return REQUIRE_OK(decode<ControlAnswer>(frames.front().payload.view()));
    }
    throw Failure("no answer");
  }
  bool is_dropped(Server& server) {
    for (int i = 0; i < 3; ++i) server.turn();
    char byte;
    return recv(channel.fd(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  Channel channel;
};

TEST(a_request_is_answered_and_the_connection_ended) {
  Server server;
  Client client(server);
  client.send(ControlType::status, {{"a.example", "b.example"}});
  ControlAnswer answer = client.wait(server);
  CHECK(answer.ok);
  CHECK_EQ(answer.text, "{}");
  CHECK_EQ(server.asked.size(), 1);
  CHECK_EQ(server.asked[0].size(), 2);
  CHECK(client.is_dropped(server));
}

TEST(a_large_answer_arrives_whole) {
  Server server;
  server.answer = std::string(5'000'000, 'x');
  Client client(server);
  client.send(ControlType::status);
  CHECK_EQ(client.wait(server).text.size(), server.answer.size());
}

TEST(what_takes_the_ca_is_answered_later) {
  Server server;
  Client client(server);
  client.send(ControlType::revoke, {{"a.example"}});
  server.turn();
  server.turn();
  CHECK_EQ(server.asked.size(), 1);
  server.env.pass(30);
  server.turn();
  server.control->answer(server.last_ticket + 1, {true, "for somebody else"});
  server.control->answer(server.last_ticket, {true, "revoked"});
  CHECK_EQ(client.wait(server).text, "revoked");
  CHECK(client.is_dropped(server));
  server.control->answer(server.last_ticket, {true, "again"});  // nobody is there
}

TEST(a_ca_that_takes_its_time_is_told_of) {
  Server server;
  Client client(server);
  client.send(ControlType::revoke);
  server.turn();
  server.turn();
  CHECK_EQ(server.control->next_deadline(server.env.boot + 60'000), server.env.boot + 45'000);
  server.env.pass(46);
  ControlAnswer answer = client.wait(server);
  CHECK(!answer.ok);
  CHECK_CONTAINS(answer.text, "has not answered yet");
}

TEST(who_asks_twice_while_he_waits_is_dropped) {
  Server server;
  Client client(server);
  client.send(ControlType::revoke);
  server.turn();
  server.turn();
  client.send(ControlType::revoke);
  CHECK(client.is_dropped(server));
  CHECK_EQ(server.asked.size(), 1);
}

TEST(an_unknown_request_is_answered_too) {
  Server server;
  Client client(server);
  client.send(static_cast<ControlType>(99));
  CHECK(!client.wait(server).ok);
}

TEST(only_the_owner_can_reach_the_socket) {
  Server server;
  struct stat info {};
  CHECK_EQ(stat(server.socket_path.c_str(), &info), 0);
  CHECK(S_ISSOCK(info.st_mode));
  CHECK_EQ(info.st_mode & 07777, 0600);
}

// Connects as another user; 0 when it was dropped without an answer.
[[noreturn]] void ask_as_nobody(const std::string& path) {
  if (setgroups(0, nullptr) < 0 || setgid(65534) < 0 || setuid(65534) < 0) _exit(10);
  int fd = connect_to(path);
  if (fd < 0) _exit(errno == EACCES ? 20 : 30);
  Channel channel((UniqueFd(fd)));
  (void)channel.send(kStatus, 1, encode(ControlRequest{}));
  char byte;
  _exit(recv(fd, &byte, 1, 0) > 0 ? 40 : 0);
}

int outcome_as_nobody(Server& server) {
  pid_t pid = fork();
  if (pid == 0) ask_as_nobody(server.socket_path);
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) server.turn();
  return WEXITSTATUS(status);
}

TEST(another_user_is_refused_by_mode_and_by_name) {
  if (geteuid() != 0) return;
  Server server;
  chmod(server.folder.path().c_str(), 0755);
  CHECK_EQ(outcome_as_nobody(server), 20);
  chmod(server.socket_path.c_str(), 0666);  // an operator's mistake
  CHECK_EQ(outcome_as_nobody(server), 0);
  CHECK(server.asked.empty());
}

TEST(a_slow_client_is_dropped) {
  Server server;
  Client silent(server);
  Client half(server);
  CHECK_EQ(send(half.channel.fd(), "\x20\0\0\0\x40", 5, 0), 5);
  server.turn();
  CHECK(!half.is_dropped(server));
  Millis now = server.env.boot;
  CHECK_EQ(server.control->next_deadline(now + 60'000), now + 10'000);
  server.env.pass(10);
  CHECK(silent.is_dropped(server));
  CHECK(half.is_dropped(server));
  CHECK_EQ(server.control->next_deadline(now + 60'000), now + 60'000);
}

TEST(a_client_that_does_not_read_its_answer_is_dropped) {
  Server server;
  server.answer = std::string(5'000'000, 'x');
  Client client(server);
  client.send(ControlType::status);
  server.turn();
  server.turn();
  server.env.pass(11);
  server.turn();
  auto frames = client.channel.receive();  // some of it, and the end
  CHECK(!frames || frames->empty());
  CHECK_EQ(server.turn(), 1);  // the listener alone
}

TEST(who_breaks_the_format_is_dropped) {
  Server server;
  Client garbage(server);
  CHECK_EQ(send(garbage.channel.fd(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  CHECK(garbage.is_dropped(server));
  Client truncated(server);
  REQUIRE_OK(truncated.channel.send(kStatus, 1, Secret(std::string_view("\x05"))));
  CHECK(truncated.is_dropped(server));
  CHECK(server.asked.empty());
}

TEST(many_clients_wait_their_turn) {
  Server server;
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 16; ++i) {
    silent.push_back(std::make_unique<Client>(server));
    server.turn();
  }
  Client late(server);
  late.send(ControlType::status);
  for (int i = 0; i < 5; ++i) server.turn();
  CHECK(server.asked.empty());
  server.env.pass(11);
  CHECK(late.wait(server).ok);
}

TEST(a_client_that_went_away_is_forgotten) {
  Server server;
  {
    Client client(server);
    client.send(ControlType::status);
  }
  for (int i = 0; i < 3; ++i) server.turn();
  CHECK_EQ(server.turn(), 1);
}

TEST(without_descriptors_the_keeper_does_not_spin) {
  Server server;
  Client client(server);
  rlimit before{};
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  server.control->serve();
  setrlimit(RLIMIT_NOFILE, &before);
  std::vector<pollfd> fds;
  server.control->add_to(fds);
  CHECK(fds.empty());
  CHECK_EQ(server.control->next_deadline(server.env.boot + 60'000), server.env.boot + 1'000);
  server.env.pass(1);
  client.send(ControlType::status);
  CHECK(client.wait(server).ok);
}

TEST(a_socket_left_behind_is_replaced) {
  Server server;
  server.listen();
  Client client(server);
  client.send(ControlType::status);
  CHECK(client.wait(server).ok);
}

TEST(a_long_path_is_no_obstacle) {
  KeeperEnv env;
  Folder folder;
  const std::string path = folder / (std::string(100, 'a') + "/" + std::string(100, 'b'));
  UniqueFd dir = REQUIRE_OK(keeper::open_runtime_path(env, path));
  Control control(env, [](ControlType, const ControlRequest&, Control::Ticket) {
    return std::optional(ControlAnswer{});
  });
  REQUIRE_OK(control.listen(dir.get()));
  CHECK(std::filesystem::exists(path + "/control.sock"));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
