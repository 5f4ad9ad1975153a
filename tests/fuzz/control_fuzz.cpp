// Any bytes into the control socket: the keeper survives them, answers at most
// once, and forgets the client when its time is over.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "keeper/control.h"
#include "keeper/runtime_path.h"

namespace {

using namespace acme;
using namespace acme::keeper;

// A clock that the fuzzer moves; nothing else of this is asked for.
class Clock final : public Env {
 public:
  Millis boot = 1'000'000;

  WallTime now() const override { return 1'800'000'000; }
  Millis boottime() const override { return boot; }
  Outcome random(std::span<std::uint8_t>) const override { return {}; }
  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    return system_env().open_at(dir, name, flags, mode);
  }
  ssize_t write(int, const void*, std::size_t) const override { return -EIO; }
  int fsync(int) const override { return -EIO; }
  int rename_at(int, const char*, int, const char*) const override { return -EIO; }
  int mkdir_at(int dir, const char* name, mode_t mode) const override {
    return system_env().mkdir_at(dir, name, mode);
  }
  int symlink_at(const char*, int, const char*) const override { return -EIO; }
  int unlink_at(int dir, const char* name, int flags) const override {
    return system_env().unlink_at(dir, name, flags);
  }
  void* map_shared(int, std::size_t, int) const override { return nullptr; }
  int memory_file(const char*) const override { return -EIO; }
  Result<pid_t> spawn(const Spawn&) const override { return fail(Errc::io, "no"); }
};

struct Server {
  Server() {
    char made[] = "/tmp/acme-fuzz-XXXXXX";
    if (!mkdtemp(made)) std::abort();
    path = made;
    auto opened = open_runtime_path(clock, path);
    if (!opened) std::abort();
    dir = std::move(*opened);
    control = std::make_unique<Control>(
        clock, [this](ipc::ControlType, const ipc::ControlRequest& request, Control::Ticket) {
          ++asked;
          return std::optional(
              ipc::ControlAnswer{true, std::string(request.names.size() % 100'000, 'x')});
        });
    if (!control->listen(dir.get())) std::abort();
  }

  ~Server() { std::filesystem::remove_all(path); }

  UniqueFd connect_client() const {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (path + "/" + ipc::kControlSocketName).copy(address.sun_path, sizeof address.sun_path - 1);
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
      std::abort();
    return fd;
  }

  Clock clock;
  std::string path;
  UniqueFd dir;
  std::unique_ptr<Control> control;
  int asked = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server server;
  server.asked = 0;
  UniqueFd client = server.connect_client();
  std::size_t half = size / 2;
  for (auto [from, count] : {std::pair(data, half), std::pair(data + half, size - half)}) {
    if (count != 0 && send(client.get(), from, count, MSG_NOSIGNAL) < 0) break;
    server.control->serve();
  }
  if (server.asked > 1) std::abort();
  server.clock.boot += 11'000;
  server.control->serve();
  // Nobody is left.
  std::vector<pollfd> fds;
  server.control->add_to(fds);
  if (fds.size() != 1) std::abort();
  return 0;
}
