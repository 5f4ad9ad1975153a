// Things to do later, by CLOCK_BOOTTIME: intervals that survive a suspended
// machine and do not care when somebody sets the clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/env.h"

namespace acme::agent {

class Timers {
 public:
  using Id = std::uint64_t;  // never 0

  explicit Timers(const Env& env) : env_(env) {}

  Id after(Millis delay, std::function<void()> action);
  void cancel(Id id);  // of one that is gone: nothing happens

  // Until the first is due: 0 when it is, nothing when there is none.
  std::optional<Millis> next_in() const;
  // Runs those that are due now. What they add waits for the next call, so
  // that a timer of 0 ms cannot keep the loop from its sockets.
  void run_due();

 private:
  using Key = std::pair<Millis, Id>;

  const Env& env_;
  std::map<Key, std::function<void()>> by_time_;
  std::unordered_map<Id, Millis> when_;
  Id last_ = 0;
};

}  // namespace acme::agent
