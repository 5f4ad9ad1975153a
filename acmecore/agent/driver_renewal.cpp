// The driver's part in what CAs suggest (RFC 9773) and in clocks that disagree: when an order that
// is due by our own arithmetic is begun all the same, earlier or later.
#include <algorithm>

#include "agent/driver.h"
#include "protocol/ari.h"
#include "protocol/clock.h"

namespace acme::agent {

// ---- suggestions

ipc::LineageState* Driver::idle_state(const Lineage& lineage) {
  auto found = entries_.find(lineage);
  return found != entries_.end() && found->second.phase == Phase::idle ? &found->second.state
                                                                       : nullptr;
}

// The CA that issued it is asked, be it another one than would be asked for the next.
WallTime Driver::watch(const Entry& entry) {
  if (entry.state.ari_id.empty()) return 0;
  auto issuer = issuers_.find(entry.state.ari_issuer);
  return issuer == issuers_.end() ? 0 : renewals_.look(entry.state, issuer->second->session);
}

void Driver::on_suggestion(const Lineage& lineage) {
  Entry& entry = entries_.at(lineage);
  AriRecord& ari = entry.state.schedule.ari;
  const WallTime now = services_.env.now();
  const bool pressed = ari.renew_at != 0 && ari.renew_at <= now;
  protocol::weigh_suggestion(entry.state.schedule, entry.config->renew, validity_of(entry.state));
  if (!pressed && ari.renew_at != 0 && ari.renew_at <= now) spread_out(entry);
  save(entry);
  arm(now + kMinute);  // the CA may want to be asked again as soon as then
  WallTime when = due(entry);
  tell_waiting(entry, waits_now(entry));
  if (when != 0) return arm(when);
  queue(entry, false);
  for (auto& [id, issuer] : issuers_) begin_queued(*issuer);
}

// The CA wants it renewed now: after those of its certificates for which it said so before and
// that end no later. Who is alone does not wait.
void Driver::spread_out(Entry& entry) {
  AriRecord& ari = entry.state.schedule.ari;
  const WallTime now = services_.env.now();
  std::size_t ahead = 0;
  std::size_t all = 0;
  for (const auto& [lineage, other] : entries_) {
    if (other.state.ari_issuer != entry.state.ari_issuer) continue;
    ++all;
    const AriRecord& its = other.state.schedule.ari;
    bool pressed = its.renew_at != 0 && its.pick <= now;
    if (&other != &entry && pressed && other.state.not_after <= entry.state.not_after) ++ahead;
  }
  protocol::spread_out(ari, ahead, all, now);
  protocol::weigh_suggestion(entry.state.schedule, entry.config->renew, validity_of(entry.state));
  services_.log.notice(display_name(*entry.config, entry.state.lineage) + ": " +
                       entry.state.ari_issuer + " wants it renewed now; begins " +
                       format_relative(std::max(ari.renew_at, now) - now));
}

// ---- clocks

// A run that is told what time it is at the CA has set last_try already.
bool Driver::waits_for_clock(const Lineage& lineage) {
  const Entry& entry = entries_.at(lineage);
  return entry.state.stored && waits_for_clock(entry, entry.tried_before);
}

bool Driver::waits_for_clock(const Entry& entry, WallTime last_try) {
  if (!entry.state.stored || !entry.state.order_url.empty()) return false;
  Issuer* issuer = issuer_of(entry);
  if (!issuer || issuer->session.clock().agrees()) return false;
  ScheduleRecord schedule;
  schedule.last_try = last_try;
  schedule.renewal_requested = entry.state.schedule.renewal_requested;
  return protocol::waits_for_clock(schedule, validity_of(entry.state), services_.env.now(),
                                   issuer->session.clock().there());
}

void Driver::put_off(Entry& entry) {
  entry.state.schedule.last_try = entry.tried_before;
  save(entry);
  tell_waiting(entry, true);
}

// For the status.
void Driver::tell_waiting(Entry& entry, bool waits) {
  if (entry.told_to_wait == waits) return;
  entry.told_to_wait = waits;
  const char* stage = waits ? "renewal waits until this machine's clock is set" : "";
  services_.keeper.tell(ipc::Progress{entry.state.lineage, stage});
}

void Driver::review_clocks() {
  bool apart = false;
  for (auto& [id, issuer] : issuers_) {
    if (issuer->session.clock().review()) issuer->session.ask_time();
    apart = apart || !issuer->session.clock().agrees();
  }
  for (auto& [lineage, entry] : entries_) {
    if (entry.phase != Phase::idle || (!apart && !entry.told_to_wait)) continue;
    tell_waiting(entry, waits_now(entry));
  }
}

// It is due but for the clocks.
bool Driver::waits_now(const Entry& entry) {
  const WallTime now = services_.env.now();
  return protocol::due_at(entry.state.schedule, validity_of(entry.state), now) == 0 &&
         due(entry) != 0;
}

}  // namespace acme::agent
