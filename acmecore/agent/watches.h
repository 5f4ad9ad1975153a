// Descriptors of the agent's own (DNS sockets, pipes of programs) that its event loop
// watches, beside libcurl's and the keeper's.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace acme::agent {

class Watches {
 public:
  using Id = std::uint64_t;  // never 0

  // `ready` is called whenever `fd` stirs as `events` (POLLIN, POLLOUT) says, or fails. The
  // descriptor stays the caller's, who takes the watch back before closing it.
  Id add(int fd, short events, std::function<void()> ready);
  void change(Id id, short events);
  void remove(Id id);  // of one that is gone: nothing happens

  // For the event loop: what to poll, and what came of it.
  std::vector<pollfd> wanted() const;
  void run_ready(const std::vector<pollfd>& polled);

 private:
  struct Watch {
    int fd;
    short events;
    std::function<void()> ready;
  };
  std::map<Id, Watch> watches_;
  Id last_ = 0;
};

}  // namespace acme::agent
