#include "agent/timer.h"

#include <algorithm>

namespace acme::agent {

Timers::Id Timers::after(Millis delay, std::function<void()> action) {
  Millis when = env_.boottime() + std::max<Millis>(delay, 0);
  Id id = ++last_;
  by_time_.emplace(Key{when, id}, std::move(action));
  when_.emplace(id, when);
  return id;
}

void Timers::cancel(Id id) {
  auto found = when_.find(id);
  if (found == when_.end()) return;
  by_time_.erase(Key{found->second, id});
  when_.erase(found);
}

std::optional<Millis> Timers::next_in() const {
  if (by_time_.empty()) return std::nullopt;
  return std::max<Millis>(by_time_.begin()->first.first - env_.boottime(), 0);
}

void Timers::run_due() {
  const Millis now = env_.boottime();
  const Id newest = last_;
  auto at = by_time_.begin();
  while (at != by_time_.end() && at->first.first <= now) {
    if (at->first.second > newest) {
      ++at;
      continue;
    }
    std::function<void()> action = std::move(at->second);
    when_.erase(at->first.second);
    by_time_.erase(at);
    action();
    at = by_time_.begin();  // the action may have added and cancelled
  }
}

}  // namespace acme::agent
