// The real DNS that Dns01 works with: name servers, zones, providers.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/dns/client.h"
#include "agent/dns/resolver.h"
#include "agent/dns_records.h"
#include "agent/watches.h"

namespace acme::agent {

class DnsToolbox {
 public:
  DnsToolbox(const Services& services, Watches& watches, dns::Client& client, const Config& config)
      : services_(services), watches_(watches), client_(client), config_(config) {}

  // What they refer to is this.
  DnsTools tools();

 private:
  dns::Resolver& resolver_for(const IssuerConfig& issuer);

  const Services& services_;
  Watches& watches_;
  dns::Client& client_;
  const Config& config_;
  std::map<std::string, std::unique_ptr<dns::Resolver>> resolvers_;  // by the issuer's id
};

}  // namespace acme::agent
