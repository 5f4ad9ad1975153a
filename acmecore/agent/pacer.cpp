#include "agent/pacer.h"

#include <algorithm>
#include <utility>

#include "agent/registered_domain.h"

namespace acme::agent {

using protocol::Cost;
using protocol::Turn;

Pacer::Pacer(Services services, const IssuerConfig& config, SpentLimits spent)
    : services_(services), config_(config), spent_(std::move(spent)) {
  protocol::settle(spent_, config_.limits, services_.env.now());
}

Cost Pacer::cost_of(const std::vector<std::string>& names, bool renewal) const {
  Cost cost;
  if (!config_.limits.any()) return cost;
  cost.set = protocol::digest_of_names(names);
  if (renewal || !config_.limits.certificates.limits()) return cost;
  for (const std::string& name : names) cost.domains.push_back(registered_domain(name));
  std::sort(cost.domains.begin(), cost.domains.end());
  cost.domains.erase(std::unique(cost.domains.begin(), cost.domains.end()), cost.domains.end());
  return cost;
}

std::size_t Pacer::unsent() const {
  return static_cast<std::size_t>(
      std::count_if(under_way_.begin(), under_way_.end(),
                    [](auto& each) { return !each.second.sent && !each.second.cost.exempt; }));
}

Turn Pacer::next_turn(const Cost& cost) const {
  if (!config_.limits.any()) return {};
  std::vector<const Cost*> others;
  for (const auto& [lineage, each] : under_way_)
    if (!each.cost.exempt) others.push_back(&each.cost);
  return protocol::next_turn(config_.limits, spent_, cost, others, unsent(), services_.env.now());
}

bool Pacer::is_short_for(std::size_t orders) const {
  return protocol::orders_left(config_.limits, spent_, unsent(), services_.env.now()) < orders;
}

void Pacer::begin(const Lineage& lineage, Cost cost, bool resumed) {
  if (config_.limits.any()) under_way_[lineage] = {std::move(cost), resumed};
}

void Pacer::sending(const Lineage& lineage) {
  auto found = under_way_.find(lineage);
  if (found == under_way_.end() || found->second.cost.exempt) return;
  found->second.sent = true;
  protocol::spend_order(spent_, config_.limits, services_.env.now());
  save();
}

void Pacer::end(const Lineage& lineage, bool issued) {
  auto found = under_way_.find(lineage);
  if (found == under_way_.end()) return;
  const Cost cost = std::move(found->second.cost);
  under_way_.erase(found);
  if (!issued || cost.exempt) return;
  protocol::spend_certificate(spent_, config_.limits, cost, services_.env.now());
  save();
}

void Pacer::save() {
  protocol::settle(spent_, config_.limits, services_.env.now());
  services_.keeper.ask(ipc::SaveLimits{config_.id, spent_}, [this](const ipc::Reply& reply) {
    if (!reply.ok)
      services_.log.error(config_.id + ": what is spent of its rate limits " +
                          "cannot be saved: " + reply.text);
  });
}

}  // namespace acme::agent
