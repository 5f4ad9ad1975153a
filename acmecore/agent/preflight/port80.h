// Whether http-01 reaches this server: a token of our own is asked for at one address of a name,
// as a CA asks for its own. What a stranger answers is compared and never told.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/preflight/view.h"
#include "ipc/check.h"

namespace acme::agent {

struct Port80Probe {
  std::string name;
  std::string address;
  std::uint16_t port = 80;
  std::string answer;  // "token.rest": what workers answer
};

// Redirects are followed as CAs do it (RFC 8555 8.3; http and https, ten at most), but only to
// names that some certificate here has: a stranger does not send us about. `done` is called
// later, once, unless the agent ends before.
void probe_port80(const View& view, Port80Probe probe, std::function<void(ipc::Sight)> done);

}  // namespace acme::agent
