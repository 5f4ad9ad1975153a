// What a look at names works with.
#pragma once

#include <functional>
#include <string>

#include "agent/dns/client.h"
#include "agent/services.h"

namespace acme::agent {

struct View {
  // As dns::Resolver::find().
  using Find = std::function<void(const std::string& name, dns::RecordType, dns::Client::Done)>;

  Services services;
  Find find;
  std::function<bool(const std::string& name)> is_ours;  // some certificate here has it
};

}  // namespace acme::agent
