#include "agent/watches.h"

#include <utility>

namespace acme::agent {

Watches::Id Watches::add(int fd, short events, std::function<void()> ready) {
  watches_.emplace(++last_, Watch{fd, events, std::move(ready)});
  return last_;
}

void Watches::change(Id id, short events) {
  if (auto found = watches_.find(id); found != watches_.end()) found->second.events = events;
}

void Watches::remove(Id id) {
  watches_.erase(id);
}

std::vector<pollfd> Watches::wanted() const {
  std::vector<pollfd> out;
  for (const auto& [id, watch] : watches_) out.push_back({watch.fd, watch.events, 0});
  return out;
}

void Watches::run_ready(const std::vector<pollfd>& polled) {
  std::vector<Id> ready;
  for (const auto& [id, watch] : watches_)
    for (const pollfd& each : polled)
      if (each.fd == watch.fd && each.revents != 0) {
        ready.push_back(id);
        break;
      }
  // Each may take itself or another back, and add new ones that have a turn of their own.
  for (Id id : ready) {
    auto found = watches_.find(id);
    if (found == watches_.end()) continue;
    auto call = found->second.ready;
    call();
  }
}

}  // namespace acme::agent
