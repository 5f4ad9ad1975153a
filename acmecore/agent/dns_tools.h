// The real DNS that Dns01 works with: name servers, zones, providers.
#pragma once

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
  // Of the issuer's name servers, else those of the server, else the system's as they are now.
  dns::Resolver resolver_for(const IssuerConfig& issuer) const;

 private:
  const Services& services_;
  Watches& watches_;
  dns::Client& client_;
  const Config& config_;
};

}  // namespace acme::agent
