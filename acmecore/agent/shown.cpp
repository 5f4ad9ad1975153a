#include "agent/shown.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent/dns/client.h"
#include "agent/shown_tls.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/cert.h"

namespace acme::agent {
namespace {

using What = ipc::Shown::What;

constexpr Millis kLeavePatience = 1'000;
constexpr std::size_t kMostNames = 3;
// PROXY protocol, version 2, LOCAL: whoever connects speaks for itself, as health checks do it.
constexpr std::string_view kProxyHeader("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);

struct Target {
  dns::Endpoint endpoint;
  bool is_unix = false;
};

std::optional<Target> target_of(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (!address.starts_with(kUnix)) {
    auto endpoint = dns::endpoint_of(address);
    return endpoint ? std::optional(Target{*endpoint, false}) : std::nullopt;
  }
  const std::string path = address.substr(kUnix.size());
  Target target{{}, true};
  auto* name = reinterpret_cast<sockaddr_un*>(&target.endpoint.address);
  if (path.empty() || path.size() >= sizeof name->sun_path) return std::nullopt;
  name->sun_family = AF_UNIX;
  path.copy(name->sun_path, path.size());
  target.endpoint.length = sizeof *name;
  return target;
}

// From the very address that is asked: so it is one of this machine's, or nothing leaves it.
bool stay_here(int socket, const dns::Endpoint& endpoint) {
  sockaddr_storage from = endpoint.address;
  if (from.ss_family == AF_INET)
    reinterpret_cast<sockaddr_in*>(&from)->sin_port = 0;
  else
    reinterpret_cast<sockaddr_in6*>(&from)->sin6_port = 0;
  const int on = 1;
  setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return bind(socket, reinterpret_cast<const sockaddr*>(&from), endpoint.length) == 0;
}

ipc::Shown unseen(What what, std::string why) {
  return {what, {}, std::move(why)};
}

// "for a.example, b.example and 3 more, by NAME, serial 12ab, valid until 2027-…"
ipc::Shown describe(const std::string& der) {
  auto info = inspect_certificate(der);
  if (!info)
    return unseen(What::no_handshake, "its certificate cannot be read: " + info.error().message);
  std::vector<std::string> names = info->names;
  const std::size_t more = names.size() > kMostNames ? names.size() - kMostNames : 0;
  names.resize(names.size() - more);
  std::string words = names.empty() ? "for " + info->subject : "for " + join(names, ", ");
  if (more != 0) words += " and " + std::to_string(more) + " more";
  words += " by " + info->issuer + ", serial " + info->serial + ", valid until " +
           format_rfc3339(info->not_after);
  return {What::certificate, info->fingerprint, std::move(words)};
}

}  // namespace

// One listener.
class Looker::Visit {
 public:
  Visit(Timers& timers, Watches& watches, const ipc::Look& look, const Listener& listener,
        std::function<void(ipc::Shown)> done)
      : timers_(timers),
        watches_(watches),
        look_(look),
        listener_(listener),
        done_(std::move(done)) {}
  ~Visit() {
    timers_.cancel(timer_);
    watches_.remove(watch_);
  }

  void begin() {
    auto target = target_of(listener_.address);
    if (!target) return end(unseen(What::not_allowed, "that is no address"));
    const dns::Endpoint& endpoint = target->endpoint;
    socket_.reset(
        ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) return end(unseen(What::not_allowed, std::strerror(errno)));
    if (!target->is_unix && !stay_here(socket_.get(), endpoint))
      return end(unseen(What::not_allowed, "it is no address of this machine"));
    if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&endpoint.address),
                endpoint.length) != 0 &&
        errno != EINPROGRESS)
      return end(no_connection(errno));
    timer_ = timers_.after(kLookPatience, [this] { give_up(); });
    watch_ = watches_.add(socket_.get(), POLLOUT, [this] { stir(); });
  }

 private:
  enum class Phase { connecting, handshake, leaving };

  static ipc::Shown no_connection(int error) {
    const bool forbidden = error == EACCES || error == EPERM;
    return unseen(forbidden ? What::not_allowed : What::no_answer, std::strerror(error));
  }

  void stir() {
    switch (phase_) {
      case Phase::connecting:
        return connected();
      case Phase::handshake:
        return go_on();
      case Phase::leaving:
        return drain();
    }
  }

  void connected() {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return end(no_connection(error));
    // What a new connection takes at once.
    if (listener_.proxy_protocol && send(socket_.get(), kProxyHeader.data(), kProxyHeader.size(),
                                         MSG_NOSIGNAL) != static_cast<ssize_t>(kProxyHeader.size()))
      return end(unseen(What::no_answer, std::strerror(errno)));
    auto tls = TlsLook::create(socket_.get(), look_.name, look_.family);
    if (!tls) return end(unseen(What::not_allowed, tls.error().message));
    tls_ = *std::move(tls);
    phase_ = Phase::handshake;
    go_on();
  }

  void go_on() {
    switch (tls_->step()) {
      case TlsLook::Step::wants_read:
        return watches_.change(watch_, POLLIN);
      case TlsLook::Step::wants_write:
        return watches_.change(watch_, POLLOUT);
      case TlsLook::Step::ended:
        break;
    }
    found_ =
        tls_->leaf().empty() ? unseen(What::no_handshake, tls_->why()) : describe(tls_->leaf());
    tls_->take_leave();
    leave();
  }

  // Unread bytes would make the system break the connection off, which servers take note of.
  void leave() {
    phase_ = Phase::leaving;
    shutdown(socket_.get(), SHUT_WR);
    timers_.cancel(timer_);
    timer_ = timers_.after(kLeavePatience, [this] { end(std::move(found_)); });
    watches_.change(watch_, POLLIN);
  }

  void drain() {
    std::array<char, 4096> unread;
    ssize_t size = 0;
    while ((size = recv(socket_.get(), unread.data(), unread.size(), 0)) > 0) {
    }
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    end(std::move(found_));
  }

  void give_up() {
    timer_ = 0;
    end(unseen(phase_ == Phase::connecting ? What::no_answer : What::no_handshake,
               "no answer within " + std::to_string(kLookPatience / 1000) + " s"));
  }

  // Nothing happens here after that; whoever is told destroys this later.
  void end(ipc::Shown shown) {
    timers_.cancel(std::exchange(timer_, 0));
    watches_.remove(std::exchange(watch_, 0));
    done_(std::move(shown));
  }

  Timers& timers_;
  Watches& watches_;
  const ipc::Look& look_;
  const Listener& listener_;
  std::function<void(ipc::Shown)> done_;
  UniqueFd socket_;
  std::unique_ptr<TlsLook> tls_;
  Phase phase_ = Phase::connecting;
  ipc::Shown found_;
  Timers::Id timer_ = 0;
  Watches::Id watch_ = 0;
};

Looker::Looker(Timers& timers, Watches& watches) : timers_(timers), watches_(watches) {}

Looker::~Looker() {
  for (const auto& [id, open] : open_) timers_.cancel(open.next);
}

void Looker::look(ipc::Look look, Done done) {
  const Id id = ++last_;
  Open& open = open_[id];
  open.found.number = look.number;
  open.look = std::move(look);
  open.done = std::move(done);
  open.next = timers_.after(0, [this, id] { go_on(id); });
}

void Looker::go_on(Id id) {
  Open& open = open_.at(id);
  open.next = 0;
  open.visit.reset();
  const std::size_t at = open.found.shown.size();
  if (at == open.look.listeners.size()) {
    const Open ended = std::move(open);
    open_.erase(id);
    return ended.done(ended.found);
  }
  open.visit =
      std::make_unique<Visit>(timers_, watches_, open.look, open.look.listeners[at],
                              [this, id](ipc::Shown shown) { take(id, std::move(shown)); });
  open.visit->begin();
}

// The visit that says so is still on the way out.
void Looker::take(Id id, ipc::Shown shown) {
  Open& open = open_.at(id);
  open.found.shown.push_back(std::move(shown));
  open.next = timers_.after(0, [this, id] { go_on(id); });
}

}  // namespace acme::agent
