// What the keeper makes of a certificate that was revoked, and of key authorizations whose
// account has another key.
#include "base/text.h"
#include "keeper/certificates.h"

namespace acme::keeper {

Result<bool> Certificates::note_revoked(Managed& managed, const std::string& version,
                                        const std::string& reason, bool order_anew) {
  ACME_TRY(Version current, store_.load_current(managed.lineage));
  if (current.name != version || !managed.stored) return false;
  ACME_CHECK(store_.note_revoked(managed.lineage, version, env_.now(), reason, order_anew));
  managed.stored->revoked = env_.now();
  managed.stored->revocation_reason = reason;
  managed.stored->to_be_replaced = order_anew;
  note(managed, "revoked", managed.stored->issuer, reason);
  if (on_revoked) on_revoked(managed);
  if (!order_anew) return true;
  // The back-off of a renewal that was not urgent holds this one back no more.
  managed.schedule.next_try = 0;
  managed.schedule.failures = 0;
  ACME_CHECK(request_renewal(managed));
  return true;
}

void Certificates::renew_key_authorizations(std::string_view issuer) {
  for (auto& [lineage, managed] : managed_) {
    if (!managed.presented || !managed.order || managed.order->issuer != issuer) continue;
    ipc::PresentChallenges again{lineage, std::string(issuer), {}};
    for (const KeyAuthorizationRecord& old : managed.order->key_authorizations)
      again.challenges.push_back({old.identifier, old.token, old.type});
    if (auto done = present(managed, again); done && !*done)
      log_.error(to_string(lineage) + ": " + done->error().message);
  }
}

}  // namespace acme::keeper
