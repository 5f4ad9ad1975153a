// All providers that there are, by the names that the configuration knows them by
// (config/dns_provider_rules.cpp). Each one is a file of agent/dns/providers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/dns/client.h"
#include "agent/dns/provider.h"
#include "agent/dns/resolver.h"
#include "agent/http.h"
#include "agent/timer.h"
#include "agent/watches.h"
#include "base/env.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"

namespace acme::agent::dns {

struct ProviderServices {
  const Env& env;
  Timers& timers;
  Watches& watches;
  Http& http;
  Client& client;
  Resolver resolver;
  Log& log;
};

// key=value, as the keeper has read them.
using ProviderSettings = std::vector<std::pair<std::string, Secret>>;

// What `services` refers to outlives the provider.
Result<std::unique_ptr<Provider>> make_provider(const ProviderServices& services,
                                                const std::string& provider,
                                                ProviderSettings settings);

}  // namespace acme::agent::dns
