// The rate limits of one CA account: who may order when, and who has to wait for what. What is
// spent is told to the keeper before the request leaves.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/services.h"
#include "base/lineage.h"
#include "config/config.h"
#include "protocol/rate_limit.h"

namespace acme::agent {

class Pacer {
 public:
  Pacer(Services services, const IssuerConfig& config, SpentLimits spent);

  // What an order of these names costs. `renewal`: of a certificate that this CA issued for
  // exactly these names, which CAs do not count by domain.
  protocol::Cost cost_of(const std::vector<std::string>& names, bool renewal) const;

  // When such an order may begin.
  protocol::Turn next_turn(const protocol::Cost& cost) const;
  // Fewer orders than so many could begin now.
  bool is_short_for(std::size_t orders) const;

  // An order's life: it begins, each newOrder is sent (a lost answer may have cost one), it ends.
  void begin(const Lineage& lineage, protocol::Cost cost, bool resumed);
  void sending(const Lineage& lineage);
  void end(const Lineage& lineage, bool issued);

 private:
  struct UnderWay {
    protocol::Cost cost;
    bool sent = false;
  };
  std::size_t unsent() const;
  void save();

  Services services_;
  const IssuerConfig& config_;
  SpentLimits spent_;
  std::map<Lineage, UnderWay> under_way_;
};

}  // namespace acme::agent
