#include "keeper/control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/archive.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kMostClients = 16;
constexpr Millis kClientTime = 10'000;
constexpr Millis kPause = 1'000;

bool is_allowed(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return false;
  return peer.uid == 0 || peer.uid == geteuid();
}

}  // namespace

Outcome Control::listen(int runtime_dir) {
  auto failed = [](const char* call) {
    return fail(Errc::io, std::string("control socket: ") + call + ": " + std::strerror(errno));
  };
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", runtime_dir,
                ipc::kControlSocketName);
  env_.unlink_at(runtime_dir, ipc::kControlSocketName, 0);
  mode_t before = umask(0177);
  int bound = bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(before);
  if (bound < 0) return failed("bind");
  if (::listen(socket.get(), 8) < 0) return failed("listen");
  listener_ = std::move(socket);
  return {};
}

void Control::add_to(std::vector<pollfd>& fds) const {
  if (listener_ && clients_.size() < kMostClients && env_.boottime() >= paused_until_)
    fds.push_back({listener_.get(), POLLIN, 0});
  for (const Client& client : clients_) {
    short events = client.channel.wants_write() ? POLLIN | POLLOUT : POLLIN;
    fds.push_back({client.channel.fd(), events, 0});
  }
}

Millis Control::next_deadline(Millis otherwise) const {
  Millis next = otherwise;
  if (paused_until_ > env_.boottime()) next = std::min(next, paused_until_);
  for (const Client& client : clients_) next = std::min(next, client.since + patience(client));
  return next;
}

void Control::serve() {
  accept_clients();
  clients_.remove_if([this](Client& client) {
    if (env_.boottime() - client.since < patience(client)) return !serve_client(client);
    if (client.ticket == 0 || client.answered) return true;
    client.since = env_.boottime();  // to hear this
    return !send(client, {false,
                          "the CA has not answered yet; it goes on, and the server's error log "
                          "tells how it ends"});
  });
}

Millis Control::patience(const Client& client) {
  return client.ticket != 0 && !client.answered ? client.deferred : kClientTime;
}

void Control::answer(Ticket ticket, const ipc::ControlAnswer& answer) {
  clients_.remove_if([&](Client& client) {
    if (client.ticket != ticket || client.answered) return false;
    client.since = env_.boottime();
    return !send(client, answer);
  });
}

// False: done with it.
bool Control::send(Client& client, const ipc::ControlAnswer& answer) {
  client.answered = true;
  auto type = static_cast<std::uint16_t>(ipc::ControlType::answer);
  return client.channel.send(type, client.frame, encode(answer)) && client.channel.wants_write();
}

void Control::accept_clients() {
  while (listener_ && clients_.size() < kMostClients) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (!fd) {
      if (errno != EAGAIN) paused_until_ = env_.boottime() + kPause;
      return;
    }
    if (!is_allowed(fd.get())) continue;
    clients_.push_back(
        Client{Channel(std::move(fd), ipc::kControlFrameLimit), env_.boottime(), 0, 0, 0, false});
  }
}

bool Control::serve_client(Client& client) {
  if (client.answered) return client.channel.wants_write() && client.channel.flush();
  auto frames = client.channel.receive();
  if (!frames) return false;
  for (const Frame& frame : *frames) {
    auto request = decode<ipc::ControlRequest>(frame.payload.view());
    if (!request) return false;
    if (client.ticket != 0) return false;  // one request a connection
    client.ticket = ++last_;
    client.frame = frame.id;
    client.deferred = ipc::longest_wait(static_cast<ipc::ControlType>(frame.type));
    auto answer = handler_(static_cast<ipc::ControlType>(frame.type), *request, client.ticket);
    if (answer) return send(client, *answer);
  }
  return true;
}

}  // namespace acme::keeper
