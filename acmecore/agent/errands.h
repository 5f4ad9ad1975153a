// The errands at one CA, one at a time. What changes the account itself waits until no order is
// under way there, and holds up those that would begin: an order's challenges hang on the
// account's key.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "agent/errand_run.h"

namespace acme::agent {

class Errands {
 public:
  // `ended`: orders may begin again.
  Errands(Services services, IssuerSession& session, std::function<void()> ended)
      : services_(services), session_(session), ended_(std::move(ended)) {}

  void add(ipc::Errand errand) { waiting_.push_back(std::move(errand)); }
  // Begins the next one that may. `quiet`: no order is under way.
  void begin(bool quiet);
  // Whether orders have to wait.
  bool hold_orders() const;

 private:
  void end(ErrandKind kind, bool done);

  Services services_;
  IssuerSession& session_;
  std::function<void()> ended_;
  std::deque<ipc::Errand> waiting_;
  std::shared_ptr<ErrandRun> run_;
};

}  // namespace acme::agent
