// Waits until every authoritative server of a zone shows the TXT records that were set:
// what a CA sees, whichever of them it asks.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/dns/zone.h"
#include "base/env.h"

namespace acme::agent::dns {

struct AwaitedRecord {
  ZonePlace place;
  std::string value;
};

struct PropagationSettings {
  Millis timeout = 10 * 60 * 1000;
  Millis interval = 2000;
  std::optional<Millis> delay = {};  // a fixed wait instead of asking
};

struct Propagation {
  bool complete = false;
  // Who does not show it, in an operator's words: "ns2.example.com (192.0.2.2:53) does not show
  // _acme-challenge.example.com yet". When complete: servers that do not answer at all.
  std::vector<std::string> missing = {};
};

// `done` is called later, once, unless client or timers are destroyed before. A server that
// does not answer is waited for as long as any other lacks something, and for a minute at
// least; then it is told of and no hindrance: the CA asks the others. Where none answers,
// that ends with the timeout. `told` is called when the wait grows long, now and then.
void await_propagation(const Env& env, Timers& timers, Client& client,
                       std::vector<AwaitedRecord> records, PropagationSettings settings,
                       std::function<void(const Propagation&)> told,
                       std::function<void(Propagation)> done);

}  // namespace acme::agent::dns
