// A dry run: one order at a staging CA, one try, and its end told to the keeper. It has neither
// schedule nor back-off, and no place in a queue.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/order_run.h"
#include "ipc/trial.h"

namespace acme::agent {

class TrialRun final : public OrderRun::Owner {
 public:
  // `ended` is called once, later than start() returns; this object may end there.
  TrialRun(Services services, IssuerSession& session, ipc::Trial trial,
           protocol::OrderSettings settings, std::function<void()> ended);
  ~TrialRun() override;

  void start();
  const IssuerSession& session() const { return session_; }
  // The CA cannot be reached: nobody waits for it to come back.
  void lose(const std::string& words);

  void on_told_to_wait(const Lineage&, std::int64_t) override {}
  void on_new_order(const Lineage&) override {}
  void on_parked(const Lineage& lineage, Millis duration) override;
  void on_done(const Lineage& lineage, OrderOutcome outcome) override;
  bool waits_for_clock(const Lineage&) override { return false; }

 private:
  void give_up(protocol::Failure::Kind kind, const std::string& words);
  void tell(const std::string& words);

  Services services_;
  IssuerSession& session_;
  ipc::Trial trial_;
  std::shared_ptr<OrderRun> run_;
  std::function<void()> ended_;
  Timers::Id limit_ = 0;
  Timers::Id line_ = 0;
  bool told_ = false;
};

}  // namespace acme::agent
