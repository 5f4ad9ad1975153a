#include "agent/dns_tools.h"

#include <utility>

#include "agent/dns/providers.h"

namespace acme::agent {

// The issuer's own, else those of the server, else the system's as they are now.
dns::Resolver& DnsToolbox::resolver_for(const IssuerConfig& issuer) {
  std::unique_ptr<dns::Resolver>& resolver = resolvers_[issuer.id];
  if (!resolver) {
    std::vector<std::string> servers = issuer.dns_resolvers;
    if (servers.empty()) servers = config_.resolvers;
    if (servers.empty()) servers = dns::system_servers();
    resolver = std::make_unique<dns::Resolver>(client_, std::move(servers));
  }
  return *resolver;
}

DnsTools DnsToolbox::tools() {
  DnsTools tools;
  tools.locate = [this](const IssuerConfig& issuer, const std::string& name, dns::ZoneDone done) {
    dns::locate(resolver_for(issuer), name, dns::kDnsPort, std::move(done));
  };
  tools.await = [this](std::vector<dns::AwaitedRecord> records, dns::PropagationSettings settings,
                       DnsTools::Told told, DnsTools::Seen seen) {
    dns::await_propagation(services_.env, services_.timers, client_, std::move(records), settings,
                           std::move(told), std::move(seen));
  };
  tools.make_provider = [this](const IssuerConfig& issuer, const std::string& name,
                               DnsTools::Settings settings) {
    const dns::ProviderServices services{services_.env,  services_.timers, watches_,
                                         services_.http, client_,          resolver_for(issuer),
                                         services_.log};
    return dns::make_provider(services, name, std::move(settings));
  };
  return tools;
}

}  // namespace acme::agent
