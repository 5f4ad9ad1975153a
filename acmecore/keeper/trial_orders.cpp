// What becomes of an order's records: in the store, so that the next keeper goes on with it; of a
// dry run nowhere but here.
#include <utility>

#include "keeper/certificates.h"

namespace acme::keeper {

Managed* Certificates::find_ordered(const Lineage& lineage) {
  if (Managed* found = find(lineage)) return found;
  auto it = trials_.find(lineage);
  return it == trials_.end() ? nullptr : &it->second;
}

Managed& Certificates::begin_trial(const Lineage& lineage, CertificateConfig config) {
  Managed& managed = trials_[lineage];
  managed.lineage = lineage;
  managed.trial = std::make_shared<const CertificateConfig>(std::move(config));
  managed.config = managed.trial.get();
  return managed;
}

void Certificates::end_trial(const Lineage& lineage) {
  auto it = trials_.find(lineage);
  if (it == trials_.end()) return;
  give_up(it->second);
  trials_.erase(it);
}

Outcome Certificates::keep_order(const Managed& managed, const OrderRecord& order) {
  return managed.trial ? Outcome() : store_.save_order(order);
}

Outcome Certificates::keep_key(Managed& managed, const Secret& pem) {
  if (!managed.trial) return store_.save_order_key(managed.lineage, pem);
  managed.trial_key = pem.clone();
  return {};
}

Result<Secret> Certificates::kept_key(const Managed& managed) const {
  if (!managed.trial) return store_.load_order_key(managed.lineage);
  return managed.trial_key.clone();
}

}  // namespace acme::keeper
