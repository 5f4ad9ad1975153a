// Where a TXT record really has to stand: aliases (CNAME, RFC 8555 8.4 lets a name be
// delegated by one) followed, the zone found by its SOA, its authoritative servers by NS.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/dns/resolver.h"

namespace acme::agent::dns {

struct NameServer {
  std::string name;                    // "ns1.example.com"
  std::vector<std::string> endpoints;  // "192.0.2.1:53"; empty: it cannot be found
};

struct ZonePlace {
  std::string name;                     // after all aliases
  std::string zone;                     // that holds it
  std::vector<std::string> aliases;     // that were followed, the first is what was asked for
  std::vector<NameServer> servers;      // authoritative for the zone
};

// `name`: "_acme-challenge.example.com". `done` is called later, once, unless client and
// resolver are destroyed before. An error says in an operator's words what is missing:
// "example.com does not exist in DNS (NXDOMAIN at 192.0.2.1:53)", "aliases … in a circle".
using ZoneDone = std::function<void(Result<ZonePlace>)>;
void locate(Client& client, Resolver& resolver, const std::string& name, ZoneDone done);

}  // namespace acme::agent::dns
