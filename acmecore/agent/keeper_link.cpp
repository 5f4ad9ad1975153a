#include "agent/keeper_link.h"

#include <utility>

namespace acme::agent {

void KeeperLink::send(ipc::Type type, std::uint32_t id, const Secret& payload) {
  if (!broken_) return;
  broken_ = channel_.send(static_cast<std::uint16_t>(type), id, payload);
}

Outcome KeeperLink::pump() {
  if (!broken_) return broken_;
  ACME_CHECK(channel_.flush());
  ACME_TRY(std::vector<Frame> frames, channel_.receive());
  for (const Frame& frame : frames) ACME_CHECK(dispatch(frame));
  return broken_;
}

Outcome KeeperLink::dispatch(const Frame& frame) {
  switch (static_cast<ipc::Type>(frame.type)) {
    case ipc::Type::reply: {
      ACME_TRY(ipc::Reply reply, decode<ipc::Reply>(frame.payload.view()));
      auto found = waiting_.find(frame.id);
      if (found == waiting_.end()) return {};
      Callback done = std::move(found->second);
      waiting_.erase(found);
      done(reply);
      return {};
    }
    case ipc::Type::welcome: {
      ACME_TRY(ipc::Welcome welcome, decode<ipc::Welcome>(frame.payload.view()));
      if (on_welcome) on_welcome(std::move(welcome));
      return {};
    }
    case ipc::Type::renew_now: {
      ACME_TRY(ipc::RenewNow renew, decode<ipc::RenewNow>(frame.payload.view()));
      if (on_renew) on_renew(renew);
      return {};
    }
    case ipc::Type::errand: {
      ACME_TRY(ipc::Errand errand, decode<ipc::Errand>(frame.payload.view()));
      if (on_errand) on_errand(std::move(errand));
      return {};
    }
    case ipc::Type::check: {
      ACME_TRY(ipc::Check check, decode<ipc::Check>(frame.payload.view()));
      if (on_check) on_check(check);
      return {};
    }
    case ipc::Type::trial: {
      ACME_TRY(ipc::Trial trial, decode<ipc::Trial>(frame.payload.view()));
      if (on_trial) on_trial(trial);
      return {};
    }
    case ipc::Type::notice: {
      ACME_TRY(ipc::Notice notice, decode<ipc::Notice>(frame.payload.view()));
      if (on_notice) on_notice(std::move(notice));
      return {};
    }
    case ipc::Type::look: {
      ACME_TRY(ipc::Look look, decode<ipc::Look>(frame.payload.view()));
      if (on_look) on_look(std::move(look));
      return {};
    }
    default:
      return fail(Errc::protocol, "the keeper sent a message of an unknown type");
  }
}

}  // namespace acme::agent
