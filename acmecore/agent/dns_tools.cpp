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

namespace {

// One name server after the other, until one answers.
struct Reading {
  dns::Client& client;
  dns::ZonePlace place;
  DnsTools::Texts done;
  std::vector<std::string> endpoints = {};
  std::size_t next = 0;
};

void read_texts(const std::shared_ptr<Reading>& reading) {
  if (reading->next == reading->endpoints.size())
    return reading->done(fail(Errc::io, "no name server of " + reading->place.zone + " answers"));
  const std::string& endpoint = reading->endpoints[reading->next++];
  reading->client.ask(
      endpoint, reading->place.name, dns::RecordType::txt, false,
      [reading](Result<dns::Answer> answer) {
        if (!answer) return read_texts(reading);
        std::vector<std::string> texts;
        for (const dns::Record& record : answer->answers)
          if (record.type == dns::RecordType::txt && record.owner == reading->place.name)
            texts.push_back(record.value);
        reading->done(std::move(texts));
      });
}

}  // namespace

DnsTools DnsToolbox::tools() {
  DnsTools tools;
  tools.locate = [this](const IssuerConfig& issuer, const std::string& name, dns::ZoneDone done) {
    dns::locate(resolver_for(issuer), name, dns::kDnsPort, std::move(done));
  };
  tools.texts = [this](const IssuerConfig& issuer, const std::string& name, DnsTools::Texts done) {
    dns::locate(resolver_for(issuer), name, dns::kDnsPort,
                [this, done](Result<dns::ZonePlace> place) {
                  if (!place) return done(place.error());
                  auto reading = std::make_shared<Reading>(Reading{client_, *place, done});
                  for (const dns::NameServer& server : place->servers)
                    reading->endpoints.insert(reading->endpoints.end(), server.endpoints.begin(),
                                              server.endpoints.end());
                  read_texts(reading);
                });
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
