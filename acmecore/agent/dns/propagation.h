// Waits until every authoritative server of a zone shows the TXT records that were set:
// what a CA sees when it asks any of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/dns/zone.h"

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
  // Who does not show it, in an operator's words, one for each server and name:
  // "ns2.example.com (192.0.2.2:53) does not show _acme-challenge.example.com", "… does not answer".
  std::vector<std::string> missing = {};
};

// `done` is called later, once, with what is missing at the timeout, unless `client` and `timers`
// are destroyed before. A server that does not answer at all is waited for as long as any
// other lacks something and a minute beside; then its absence is told, and no hindrance:
// the CA asks the others.
// `told` is called when the wait has grown long, for the log and the status; at most every minute.
void await_propagation(Client& client, Timers& timers, const Env& env,
                       std::vector<AwaitedRecord> records, PropagationSettings settings,
                       std::function<void(const Propagation&)> told,
                       std::function<void(Propagation)> done);

}  // namespace acme::agent::dns
