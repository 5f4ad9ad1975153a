#include "ctl/keeper_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/archive.h"
#include "base/env.h"
#include "ctl/progress.h"
#include "ipc/channel.h"

namespace acme::ctl {
namespace {

constexpr Millis kQuiet = 900;        // what is answered at once needs no word
constexpr Millis kPatience = 15'000;  // beyond what the helper waits for a CA

// Who listens there must be root or ourselves: what it says is believed.
bool is_trusted(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return false;
  return peer.uid == 0 || peer.uid == geteuid();
}

Result<UniqueFd> connect_to(const std::string& runtime_path) {
  std::string path = runtime_path + "/" + ipc::kControlSocketName;
  auto failed = [&path] {
    Errc code = errno == ENOENT || errno == ECONNREFUSED ? Errc::not_found : Errc::io;
    return fail(code, path + ": " + std::strerror(errno));
  };
  UniqueFd dir(::open(runtime_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return failed();
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return failed();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir.get(),
                ipc::kControlSocketName);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return failed();
  if (!is_trusted(socket.get()))
    return fail(Errc::unsafe, path + ": another user listens there; it is no helper of the server");
  return socket;
}

// The keeper lies beside acmectl in a build tree, in its version's folder when installed.
std::string keeper_program() {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  if (n > 0 && n < static_cast<ssize_t>(sizeof path)) {
    std::string beside(path, static_cast<std::size_t>(n));
    beside = beside.substr(0, beside.rfind('/')) + "/acme-keeper";
    if (access(beside.c_str(), X_OK) == 0) return beside;
  }
  return std::string(ACME_LIBEXEC_DIR) + "/acme-keeper";
}

// A file in memory that is read from its beginning: no disk sees it.
Result<UniqueFd> memory_with(const Secret& bytes) {
  const Env& env = system_env();
  UniqueFd file(env.memory_file("acmectl"));
  if (!file) return fail(Errc::io, std::string("memfd_create: ") + std::strerror(-file.get()));
  for (std::string_view rest = bytes.view(); !rest.empty();) {
    ssize_t n = env.write(file.get(), rest.data(), rest.size());
    if (n <= 0) return fail(Errc::io, "there is no memory for what is to be imported");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

// Before or after it had read the question.
Error ended() {
  return fail(Errc::io,
              "the helper ended without an answer: the server was reloaded or stopped meanwhile, "
              "or the helper was killed (it starts again by itself; the server's log tells). "
              "Whether it was done is not known: look with acmectl status, then try again");
}

}  // namespace

Result<ipc::ControlAnswer> ask(const Place& place, ipc::ControlType type,
                               const ipc::ControlRequest& request) {
  ACME_TRY(UniqueFd socket, connect_to(place.runtime_path));
  Channel channel(std::move(socket), ipc::kControlFrameLimit);
  if (auto sent = channel.send(static_cast<std::uint16_t>(type), 1, encode(request)); !sent)
    return sent.error().code == Errc::not_found ? ended() : std::move(sent).error();
  const Env& env = system_env();
  Progress progress;
  const Millis quiet = env.boottime() + kQuiet;
  for (Millis until = env.boottime() + ipc::longest_wait(type) + kPatience;
       env.boottime() < until;) {
    pollfd p{channel.fd(), static_cast<short>(channel.wants_write() ? POLLIN | POLLOUT : POLLIN),
             0};
    if (poll(&p, 1, 1000) == 0 && env.boottime() > quiet) progress.show("waiting for the answer");
    if (!channel.flush()) return ended();
    auto frames = channel.receive();
    if (!frames) return ended();
    for (const Frame& frame : *frames) return decode<ipc::ControlAnswer>(frame.payload.view());
  }
  return fail(Errc::io, "the helper did not answer");
}

Result<ipc::ControlAnswer> run_once(const Place& place, const std::string& command,
                                    const std::vector<std::string>& names,
                                    const Secret& standard_input) {
  UniqueFd input;
  if (!standard_input.empty()) {
    ACME_TRY(input, memory_with(standard_input));
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(Errc::io, std::string("pipe: ") + strerror(errno));
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  pid_t pid = fork();
  if (pid < 0) return fail(Errc::io, std::string("fork: ") + strerror(errno));
  if (pid == 0) {
    if (input) dup2(input.get(), STDIN_FILENO);
    dup2(write_end.get(), STDOUT_FILENO);  // its complaints go where ours go
    std::string program = keeper_program();
    std::vector<std::string> arguments = {program, "--once", command, "--state", place.state_path};
    arguments.insert(arguments.end(), names.begin(), names.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(program.c_str(), argv.data());
    std::perror(program.c_str());
    _exit(127);
  }
  write_end.reset();
  ipc::ControlAnswer answer;
  char buffer[16384];
  for (ssize_t n; (n = read(read_end.get(), buffer, sizeof buffer)) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    answer.text.append(buffer, static_cast<std::size_t>(n));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == ipc::kServerIsRunning)
    return fail(Errc::busy, "a running server uses " + place.state_path +
                                " but does not answer at " + place.runtime_path +
                                ": name its runtime path with --runtime");
  if (WIFSIGNALED(status))
    return fail(Errc::internal,
                keeper_program() + " ended by signal " + std::to_string(WTERMSIG(status)));
  answer.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return answer;
}

}  // namespace acme::ctl
