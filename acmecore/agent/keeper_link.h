// The agent's end of the socket to the keeper: intents go out with a number,
// replies come back to who asked.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "base/archive.h"
#include "base/log.h"
#include "base/result.h"
#include "ipc/channel.h"
#include "ipc/check.h"
#include "ipc/messages.h"
#include "ipc/notice.h"
#include "ipc/shown.h"
#include "ipc/trial.h"

namespace acme::agent {

// Why the keeper did not do it: by a fault of the environment, which passes?
inline bool passes(const ipc::Reply& reply) {
  auto code = static_cast<Errc>(reply.code);
  return code == Errc::io || code == Errc::no_memory;
}

class KeeperLink {
 public:
  using Callback = std::function<void(const ipc::Reply&)>;

  explicit KeeperLink(UniqueFd socket) : channel_(std::move(socket)) {}

  // `done` is called with the keeper's reply, from pump(); not at all when the
  // keeper goes away before, which ends the agent anyway.
  template <class Message>
  void ask(const Message& message, Callback done) {
    std::uint32_t id = ++last_id_ == 0 ? ++last_id_ : last_id_;  // 0 is nobody's
    waiting_.emplace(id, std::move(done));
    send(Message::kType, id, encode(message));
  }
  // For what is not answered.
  template <class Message>
  void tell(const Message& message) {
    send(Message::kType, 0, encode(message));
  }

  std::function<void(ipc::Welcome)> on_welcome;
  std::function<void(const ipc::RenewNow&)> on_renew;
  std::function<void(ipc::Errand)> on_errand;
  std::function<void(const ipc::Check&)> on_check;
  std::function<void(const ipc::Trial&)> on_trial;
  std::function<void(ipc::Notice)> on_notice;
  std::function<void(ipc::Look)> on_look;

  int fd() const { return channel_.fd(); }
  bool wants_write() const { return channel_.wants_write(); }
  // Writes and reads what the socket allows now and calls those whom it
  // concerns. Errc::not_found: the keeper is gone.
  Outcome pump();

 private:
  void send(ipc::Type type, std::uint32_t id, const Secret& payload);
  Outcome dispatch(const Frame& frame);

  Channel channel_;
  std::uint32_t last_id_ = 0;
  std::unordered_map<std::uint32_t, Callback> waiting_;
  Outcome broken_;  // what a send met; pump() tells it
};

// The agent has no log of its own: its lines go through the keeper.
class KeeperLog final : public Log {
 public:
  explicit KeeperLog(KeeperLink& keeper) : keeper_(keeper) {}
  void write(Level level, std::string_view line) override {
    keeper_.tell(ipc::LogLine{static_cast<std::int32_t>(level), std::string(line)});
  }

 private:
  KeeperLink& keeper_;
};

}  // namespace acme::agent
