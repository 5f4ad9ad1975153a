// Asks the name servers that the operator named (nginx's `resolver`) for a host's
// addresses: over UDP, A and AAAA at once, one server after the other.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "agent/dns/message.h"
#include "agent/timer.h"
#include "base/fd.h"
#include "base/result.h"

namespace acme::agent::dns {

class Lookups {
 public:
  // Addresses of both families; never an empty list.
  using Done = std::function<void(Result<Addresses>)>;

  // `servers`: "192.0.2.1:53", "[2001:db8::1]:53".
  Lookups(Timers& timers, std::vector<std::string> servers);
  ~Lookups();

  // `done` is called later, once, unless this is destroyed before.
  void find(const std::string& host, Done done);

  // For the event loop: what to watch for reading, and to be called when something stirs.
  void add_to(std::vector<int>& descriptors) const;
  void read();

 private:
  struct Run;
  bool ask(Run& run);
  void next(Run& run);
  bool take(Run& run);
  void finish(Run& run);

  Timers& timers_;
  std::vector<std::string> servers_;
  std::list<std::unique_ptr<Run>> runs_;
};

}  // namespace acme::agent::dns
