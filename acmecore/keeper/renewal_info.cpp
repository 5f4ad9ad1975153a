// The keeper's part in ARI (RFC 9773) and in the check of the clock: what the agent says about
// both stays within bounds, and which certificate is replaced the keeper knows by itself.
#include <algorithm>

#include "base/text.h"
#include "keeper/certificates.h"

namespace acme::keeper {
namespace {

constexpr std::int64_t kMostAhead = 100 * 366 * kDay;
constexpr std::uint32_t kMostCounted = 1000;

}  // namespace

// The CA that issued it, under whatever name it is configured; its own of old first.
std::string Certificates::issuing_ca(const VersionMeta& stored) const {
  const IssuerConfig* same = config_.issuer(stored.issuer);
  const bool fits = same && !same->for_dry_runs;
  if (fits && same->directory_url == stored.directory_url) return same->id;
  // None that is for dry runs: nothing speaks to it before one.
  for (const IssuerConfig& issuer : config_.issuers)
    if (!issuer.for_dry_runs && issuer.directory_url == stored.directory_url) return issuer.id;
  return {};
}

// `replaces` of an order: only the CA and the account that issued the certificate know it, and
// the two must have a name in common. Empty: it is not said.
std::string Certificates::replaced_by(const Managed& managed, const IssuerConfig& issuer) {
  if (!managed.stored || managed.stored->directory_url != issuer.directory_url) return {};
  const VersionMeta& stored = *managed.stored;
  const bool same_account = stored.account_url.empty()
                                ? stored.issuer == issuer.id
                                : stored.account_url == accounts_.account_url(issuer.id);
  const auto& names = managed.config->names;
  const bool common = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(stored.names.begin(), stored.names.end(), name) != stored.names.end();
  });
  return same_account && common ? stored.ari_id : std::string();
}

void Certificates::bound_suggestion(AriRecord& ari, const Managed& managed, WallTime now) const {
  // What is said of another certificate than the one that is stored is no use to anybody.
  if (!managed.stored || ari.id != managed.stored->ari_id) {
    ari = {};
    return;
  }
  ari.obtained = std::clamp<WallTime>(ari.obtained, 0, now);
  ari.asked_at = std::clamp<WallTime>(ari.asked_at, 0, now);
  ari.ask_again = std::clamp<WallTime>(ari.ask_again, 0, now + kDay);
  ari.not_before = std::clamp<WallTime>(ari.not_before, 0, now + kDay);
  ari.renew_at = std::clamp<WallTime>(ari.renew_at, 0, managed.stored->not_after);
  ari.failures = std::min(ari.failures, kMostCounted);
  ari.early = std::min(ari.early, kMostCounted);
  ari.explanation_url = printable(ari.explanation_url);
}

void Certificates::note_clock(const ipc::ClockState& state) {
  if (!config_.issuer(state.issuer)) return;
  if (state.ahead == 0)
    clocks_ahead_.erase(state.issuer);
  else
    clocks_ahead_[state.issuer] = std::clamp(state.ahead, -kMostAhead, kMostAhead);
}

// What the CA's own clock says: a certificate that it issues now is in date by that one.
WallTime Certificates::now_at(const std::string& issuer) const {
  auto found = clocks_ahead_.find(issuer);
  return env_.now() - (found == clocks_ahead_.end() ? 0 : found->second);
}

}  // namespace acme::keeper
