#include "agent/dns/client.h"

#include <arpa/inet.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/fd.h"

namespace acme::agent::dns {
namespace {

constexpr std::size_t kLargestAnswer = 65535;
constexpr std::size_t kIdSize = 2;

bool again(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

std::optional<Endpoint> endpoint_of(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(text.substr(0, colon));
  std::uint16_t port = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  Endpoint out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.address);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.length = sizeof *v6;
  } else {
    return std::nullopt;
  }
  return out;
}

struct Client::Exchange {
  std::string server;
  std::string message;
  WireDone done;
  Over over = Over::udp;
  UniqueFd socket;
  Watches::Id watch = 0;
  Timers::Id timer = 0;
  std::string out;  // what TCP has yet to take
  std::string in;   // what has come by TCP

  // Nothing: there is more to come.
  std::optional<Result<std::string>> step();
  std::optional<Result<std::string>> step_udp();
  std::optional<Result<std::string>> step_tcp();
  Result<std::string> failed(const std::string& why) const {
    return fail(Errc::io, "the name server " + server + " " + why);
  }
  Outcome connect();
};

// Connected, UDP too: the system drops what comes from anybody else.
Outcome Client::Exchange::connect() {
  std::optional<Endpoint> endpoint = endpoint_of(server);
  if (!endpoint) return fail(Errc::protocol, "\"" + server + "\" is no address of a name server");
  const int type = over == Over::udp ? SOCK_DGRAM : SOCK_STREAM;
  socket.reset(::socket(endpoint->address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&endpoint->address),
                            endpoint->length) != 0 &&
                  errno != EINPROGRESS))
    return failed(std::string("cannot be reached: ") + std::strerror(errno)).error();
  if (over == Over::udp) {
    if (::send(socket.get(), message.data(), message.size(), 0) < 0)
      return failed(std::string("cannot be reached: ") + std::strerror(errno)).error();
    return {};
  }
  const std::size_t size = message.size();
  out = {static_cast<char>(size >> 8), static_cast<char>(size & 0xff)};
  out += message;
  return {};
}

std::optional<Result<std::string>> Client::Exchange::step() {
  return over == Over::udp ? step_udp() : step_tcp();
}

std::optional<Result<std::string>> Client::Exchange::step_udp() {
  std::array<char, kLargestAnswer> buffer;
  for (;;) {
    ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && again(errno)) return std::nullopt;
    if (size < 0) return failed(std::string("does not answer: ") + std::strerror(errno));
    // Late answers to earlier questions do not come here, but forged ones may.
    std::string_view got(buffer.data(), static_cast<std::size_t>(size));
    if (got.substr(0, kIdSize) == std::string_view(message).substr(0, kIdSize))
      return Result<std::string>(std::string(got));
  }
}

std::optional<Result<std::string>> Client::Exchange::step_tcp() {
  while (!out.empty()) {
    ssize_t size = ::send(socket.get(), out.data(), out.size(), MSG_NOSIGNAL);
    if (size < 0 && again(errno)) return std::nullopt;
    if (size < 0) return failed(std::string("cannot be reached: ") + std::strerror(errno));
    out.erase(0, static_cast<std::size_t>(size));
  }
  std::array<char, 4096> buffer;
  for (;;) {
    ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && again(errno)) return std::nullopt;
    if (size < 0) return failed(std::string("broke off: ") + std::strerror(errno));
    if (size == 0) return failed("closed the connection without an answer");
    in.append(buffer.data(), static_cast<std::size_t>(size));
    if (in.size() < 2) continue;
    const std::size_t wanted = static_cast<std::size_t>(static_cast<unsigned char>(in[0])) << 8 |
                               static_cast<unsigned char>(in[1]);
    if (in.size() >= wanted + 2) return Result<std::string>(in.substr(2, wanted));
  }
}

Client::Client(Timers& timers, Watches& watches) : timers_(timers), watches_(watches) {}

Client::~Client() {
  for (const auto& [id, exchange] : exchanges_) {
    timers_.cancel(exchange->timer);
    watches_.remove(exchange->watch);
  }
}

void Client::exchange(const std::string& server, std::string message, Over over, WireDone done) {
  const Id id = ++last_;
  Exchange& exchange = *exchanges_.emplace(id, std::make_unique<Exchange>()).first->second;
  exchange.server = server;
  exchange.message = std::move(message);
  exchange.over = over;
  exchange.done = std::move(done);
  exchange.timer = timers_.after(0, [this, id] { start(id); });
}

void Client::start(Id id) {
  Exchange& exchange = *exchanges_.at(id);
  exchange.timer = 0;
  if (Outcome connected = exchange.connect(); !connected)
    return finish(id, std::move(connected).error());
  exchange.timer = timers_.after(
      kPatience, [this, id] { finish(id, exchanges_.at(id)->failed("does not answer")); });
  exchange.watch =
      watches_.add(exchange.socket.get(), exchange.over == Over::udp ? POLLIN : POLLIN | POLLOUT,
                   [this, id] { stir(id); });
}

void Client::stir(Id id) {
  Exchange& exchange = *exchanges_.at(id);
  if (auto result = exchange.step()) return finish(id, *std::move(result));
  if (exchange.out.empty()) watches_.change(exchange.watch, POLLIN);
}

void Client::finish(Id id, Result<std::string> result) {
  std::unique_ptr<Exchange> ended = std::move(exchanges_.at(id));
  exchanges_.erase(id);
  timers_.cancel(ended->timer);
  watches_.remove(ended->watch);
  ended->done(std::move(result));
}

void Client::ask(const std::string& server, const std::string& name, RecordType type,
                 bool recursive, Done done) {
  auto query = make_query(name, type, recursive);
  if (!query) {
    timers_.after(0, [done = std::move(done), error = query.error()] { done(error); });
    return;
  }
  auto over_tcp = [server, query = *query, done](Result<std::string> wire) {
    if (!wire) return done(std::move(wire).error());
    auto answer = read_answer(*wire, query);
    if (!answer)
      return done(fail(Errc::protocol,
                       "the name server " + server + " sent no answer to what it was asked"));
    done(*std::move(answer));
  };
  exchange(server, *query, Over::udp,
           [this, server, query = *query, done, over_tcp](Result<std::string> wire) {
             if (!wire) return done(std::move(wire).error());
             auto answer = read_answer(*wire, query);
             if (answer && !answer->truncated) return done(*std::move(answer));
             exchange(server, query, Over::tcp, over_tcp);
           });
}

}  // namespace acme::agent::dns
