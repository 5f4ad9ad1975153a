// Where a TXT record really has to stand: aliases followed (a name may be delegated by a
// CNAME), the zone found by its SOA, its authoritative servers by its NS records.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/dns/resolver.h"

namespace acme::agent::dns {

struct NameServer {
  std::string name;                    // "ns1.example.com"
  std::vector<std::string> endpoints;  // "192.0.2.1:53"; empty: it has no address
};

struct ZonePlace {
  std::string name;                  // after all aliases
  std::string zone;                  // that holds it
  std::vector<std::string> aliases;  // that were followed; the first is what was asked for
  std::vector<NameServer> servers;   // authoritative for the zone
};

inline constexpr std::uint16_t kDnsPort = 53;

// `name`: "_acme-challenge.example.com"; `port`: of authoritative servers. `done` is called
// later, once, unless the client is destroyed before. An error says in an operator's words
// what is missing.
using ZoneDone = std::function<void(Result<ZonePlace>)>;
void locate(const Resolver& resolver, const std::string& name, std::uint16_t port, ZoneDone done);

}  // namespace acme::agent::dns
