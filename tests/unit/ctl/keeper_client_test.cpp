// acmectl's way to the keeper, with this test in the keeper's place.
#include "ctl/keeper_client.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "base/archive.h"
#include "base/fd.h"
#include "ipc/channel.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

// A helper in a process of its own: answers one client and goes.
class Helper {
 public:
  Helper() {
    char path[] = "/tmp/acme-ctl-XXXXXX";
    CHECK(mkdtemp(path) != nullptr);
    place.runtime_path = path;
  }
  ~Helper() {
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(place.runtime_path);
  }
  void serve(const std::function<void(int client)>& answer, uid_t uid = 0) {
    if (uid != 0) CHECK_EQ(chown(place.runtime_path.c_str(), uid, uid), 0);
    int ready[2];
    CHECK_EQ(pipe(ready), 0);
    pid_ = fork();
    if (pid_ == 0) {
      if (uid != 0 && setuid(uid) < 0) _exit(1);
      UniqueFd listener(bound());
      ::close(ready[1]);
      UniqueFd client(accept(listener.get(), nullptr, nullptr));
      answer(client.get());
      _exit(0);
    }
    ::close(ready[1]);
    char byte;
    (void)!::read(ready[0], &byte, 1);  // the end: it listens
    ::close(ready[0]);
  }

  Place place;

 private:
  int bound() const {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (place.runtime_path + "/control.sock").copy(address.sun_path, sizeof address.sun_path - 1);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) _exit(2);
    if (listen(fd, 1) < 0) _exit(3);
    return fd;
  }
  pid_t pid_ = 0;
};

// Reads the request, then answers with what `make` says to it.
std::function<void(int)> answering(
    std::function<Secret(const ipc::ControlRequest&, std::uint16_t type)> make) {
  return [make](int client) {
    Channel channel{UniqueFd(client), ipc::kControlFrameLimit};
    for (;;) {
      auto frames = channel.receive();
      if (!frames) return;
      if (frames->empty()) {
        usleep(1000);
        continue;
      }
      auto request = decode<ipc::ControlRequest>(frames->front().payload.view());
      if (!request) return;
      (void)channel.send(127, frames->front().id, make(*request, frames->front().type));
      while (channel.wants_write() && channel.flush()) usleep(1000);
      _exit(0);
    }
  };
}

TEST(a_question_is_answered) {
  Helper helper;
  helper.serve(answering([](const ipc::ControlRequest& request, std::uint16_t type) {
    bool right = type == 65 && request.names == std::vector<std::string>{"a", "b"};
    return encode(ipc::ControlAnswer{right, std::string(3'000'000, 'x')});
  }));
  ipc::ControlAnswer answer = REQUIRE_OK(ask(helper.place, ipc::ControlType::renew, {{"a", "b"}}));
  CHECK(answer.ok);
  CHECK_EQ(answer.text.size(), 3'000'000);
}

TEST(where_nobody_listens_that_is_told_apart) {
  Helper helper;
  (void)REQUIRE_ERROR(ask(helper.place, ipc::ControlType::status, {}), Errc::not_found);
  (void)REQUIRE_ERROR(ask({"", "/nonexistent/run"}, ipc::ControlType::status, {}), Errc::not_found);
  helper.serve([](int) {});
  (void)ask(helper.place, ipc::ControlType::status, {});
  // The socket is there, its server is gone.
  (void)REQUIRE_ERROR(ask(helper.place, ipc::ControlType::status, {}), Errc::not_found);
}

TEST(a_helper_that_hangs_up_is_no_answer) {
  Helper helper;
  helper.serve([](int) {});
  CHECK_CONTAINS(REQUIRE_ERROR(ask(helper.place, ipc::ControlType::status, {}), Errc::io),
                 "without an answer");
}

TEST(an_answer_that_is_none_is_refused) {
  Helper helper;
  helper.serve(answering([](const ipc::ControlRequest&, std::uint16_t) {
    return Secret(std::string_view("\x02garbage"));
  }));
  (void)REQUIRE_ERROR(ask(helper.place, ipc::ControlType::status, {}), Errc::protocol);
}

TEST(another_users_helper_is_not_believed) {
  if (geteuid() != 0) return;
  Helper helper;
  helper.serve(answering([](const ipc::ControlRequest&, std::uint16_t) {
                 return encode(ipc::ControlAnswer{true, "\x1b[2J"});
               }),
               65534);
  CHECK_CONTAINS(REQUIRE_ERROR(ask(helper.place, ipc::ControlType::status, {}), Errc::unsafe),
                 "another user listens there");
}

TEST(a_program_that_is_not_there_is_no_success) {
  auto answer = run_once({"/nonexistent", ""}, "status", {});
  CHECK(!answer || !answer->ok);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
