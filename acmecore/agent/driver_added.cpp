// Certificates that have come since the agent was welcomed, by a domain file.
#include "agent/driver.h"

namespace acme::agent {

// What is known already stays as it is: an order of it may be under way.
void Driver::add(const Config& more, const ipc::Welcome& welcome) {
  for (const CertificateConfig& certificate : more.certificates) {
    const CertificateConfig* kept = nullptr;
    for (const ipc::LineageState& state : welcome.lineages) {
      if (state.lineage.certificate != certificate.id || entries_.contains(state.lineage)) continue;
      if (!kept) kept = &added_.emplace_back(certificate);
      add_lineage(state, *kept);
      Entry& entry = entries_.at(state.lineage);
      if (keep_order(entry) && due(entry) == 0) queue(entry, true);
    }
  }
  evaluate();
}

}  // namespace acme::agent
