// Asks the CAs that issued the certificates when they want them renewed (RFC 9773): without an
// account, one question after the other, about each certificate when it is its time. What becomes
// of a question is nobody else's trouble.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/issuer_session.h"
#include "agent/repeat.h"
#include "agent/services.h"
#include "ipc/messages.h"
#include "protocol/ari.h"

namespace acme::agent {

class RenewalWatch {
 public:
  // What is known of a lineage, where nothing is under way for it; else null.
  using Find = std::function<ipc::LineageState*(const Lineage&)>;
  // Something new is known: to be weighed and saved.
  using Changed = std::function<void(const Lineage&)>;

  RenewalWatch(Services services, Find find, Changed changed);
  RenewalWatch(const RenewalWatch&) = delete;
  RenewalWatch& operator=(const RenewalWatch&) = delete;

  // Asks the CA about this certificate if it is time; else says when it will be (0: that will be
  // known later).
  WallTime look(const ipc::LineageState& state, IssuerSession& session);

 private:
  struct Question {
    Lineage lineage;
    std::string ari_id;
  };
  // One CA's: a single question at a time.
  struct Desk {
    explicit Desk(IssuerSession& session) : session(session) {}
    IssuerSession& session;
    std::deque<Question> queue;
    bool busy = false;
    Millis paused_until = 0;
  };

  ipc::LineageState* state_of(const Question& question);
  void work(Desk& desk);
  void ask_next(Desk& desk);
  void ask(Desk& desk, const Question& question);
  void answered(Desk& desk, const Question& question, const HttpResult& result);
  void read(Desk& desk, ipc::LineageState& state, const protocol::Answer& answer);
  void explain(const ipc::LineageState& state);
  void refused(Desk& desk, ipc::LineageState& state, const protocol::Answer& answer);
  void no_suggestion(Desk& desk, ipc::LineageState& state, const std::string& why,
                     std::optional<std::int64_t> retry_after, bool lasting);
  void pause(Desk& desk, Millis duration);
  void put_off(Desk& desk, std::int64_t seconds);

  Services services_;
  Find find_;
  Changed changed_;
  std::map<std::string, Desk> desks_;  // by issuer
  std::set<std::string> asking_;       // certIDs, queued or under way
  Repeat trouble_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace acme::agent
