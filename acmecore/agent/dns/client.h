// Questions to one name server that the caller names: over UDP, over TCP where the answer
// does not fit, or from the start.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/dns/message.h"
#include "agent/timer.h"
#include "agent/watches.h"
#include "base/result.h"

namespace acme::agent::dns {

inline constexpr Millis kPatience = 3000;  // with one server, for one answer

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
};
// "192.0.2.1:53", "[2001:db8::1]:53"
std::optional<Endpoint> endpoint_of(std::string_view server);

class Client {
 public:
  using Done = std::function<void(Result<Answer>)>;           // an error: no answer, and why
  using WireDone = std::function<void(Result<std::string>)>;  // the answer's bytes

  enum class Over : std::uint8_t { udp, tcp };

  Client(Timers& timers, Watches& watches);
  ~Client();

  // `done` is called later, once, unless this is destroyed before.
  void ask(const std::string& server, const std::string& name, RecordType type, bool recursive,
           Done done);
  // A message as it is (an update); over TCP for what must arrive once.
  void exchange(const std::string& server, std::string message, Over over, WireDone done);

 private:
  struct Exchange;
  using Id = std::uint64_t;
  void start(Id id);
  void stir(Id id);
  void finish(Id id, Result<std::string> result);

  Timers& timers_;
  Watches& watches_;
  std::map<Id, std::unique_ptr<Exchange>> exchanges_;
  Id last_ = 0;
};

}  // namespace acme::agent::dns
