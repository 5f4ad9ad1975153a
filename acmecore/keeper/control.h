// The control socket: acmectl's way in. Mode 0600, peers must be root or the
// keeper's own user, one request a connection, small frames, few clients.
#pragma once

#include <poll.h>
#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "ipc/channel.h"
#include "ipc/control.h"

namespace acme::keeper {

class Control {
 public:
  using Ticket = std::uint64_t;
  // Nothing: answer() is called with that ticket later, or the time is up.
  using Handler = std::function<std::optional<ipc::ControlAnswer>(
      ipc::ControlType, const ipc::ControlRequest&, Ticket)>;

  Control(const Env& env, Handler handler) : env_(env), handler_(std::move(handler)) {}

  // `runtime_dir`: bound relative to it, whatever its path's length.
  Outcome listen(int runtime_dir);
  void add_to(std::vector<pollfd>& fds) const;
  // When serve() has something to do without an event; `otherwise`: never.
  Millis next_deadline(Millis otherwise) const;
  // After a poll: accepts, answers, drops who is slow.
  void serve();
  // What was asked a while ago. Nobody may be there any more to hear it.
  void answer(Ticket ticket, const ipc::ControlAnswer& answer);

 private:
  struct Client {
    Channel channel;
    Millis since;
    Ticket ticket = 0;  // once it has asked
    std::uint32_t frame = 0;
    Millis deferred = 0;  // how long it waits for a CA
    bool answered = false;
  };
  bool send(Client& client, const ipc::ControlAnswer& answer);
  static Millis patience(const Client& client);
  void accept_clients();
  bool serve_client(Client& client);  // false: done with it

  const Env& env_;
  Handler handler_;
  UniqueFd listener_;
  Millis paused_until_ = 0;  // out of descriptors: the listener stays readable
  std::list<Client> clients_;
  Ticket last_ = 0;
};

}  // namespace acme::keeper
