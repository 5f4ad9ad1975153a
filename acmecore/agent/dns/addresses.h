// A host's addresses, of both families at once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/dns/resolver.h"

namespace acme::agent::dns {

struct Addresses {
  std::vector<std::string> list;
  std::int64_t ttl = 0;  // seconds; of the shortest lived
};

// `done` is called later, once, never with an empty list, unless resolver or timers are
// destroyed before. One family is enough where nothing comes of the other.
void find_addresses(Timers& timers, Resolver& resolver, const std::string& host,
                    std::function<void(Result<Addresses>)> done);

}  // namespace acme::agent::dns
