// Connects to the server's own listeners, on this machine alone, and says what they show. A
// listener that hangs costs its time; how many are looked at at a time is the keeper's affair.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "agent/timer.h"
#include "agent/watches.h"
#include "ipc/shown.h"

namespace acme::agent {

inline constexpr Millis kLookPatience = 5'000;  // with one listener

class Looker {
 public:
  using Done = std::function<void(const ipc::LookDone&)>;

  Looker(Timers& timers, Watches& watches);
  ~Looker();

  // `done` is called later, once, unless this is destroyed before.
  void look(ipc::Look look, Done done);

 private:
  class Visit;
  struct Open {
    ipc::Look look;
    Done done;
    ipc::LookDone found;
    std::unique_ptr<Visit> visit;  // of the listener that comes next in `found`
    Timers::Id next = 0;
  };
  using Id = std::uint64_t;

  void go_on(Id id);
  void take(Id id, ipc::Shown shown);

  Timers& timers_;
  Watches& watches_;
  std::map<Id, Open> open_;
  Id last_ = 0;
};

}  // namespace acme::agent
