// Driver: a certificate that one issuer cannot give, or not in time, is asked of another.
#include <algorithm>
#include <utility>

#include "agent/driver.h"
#include "protocol/failover.h"

namespace acme::agent {

using protocol::Alternative;
using protocol::Failure;
using protocol::Waiting;

namespace {

Failure stuck(Waiting waiting, const std::string& outage, const std::string& stage,
              std::int64_t for_long) {
  Failure failure;
  failure.kind = waiting == Waiting::unreachable ? Failure::Kind::transport : Failure::Kind::busy;
  const std::string so_long = format_relative(for_long).substr(3);
  if (waiting == Waiting::unreachable)
    failure.words = "the CA cannot be reached: " + outage;
  else if (waiting == Waiting::rate_limited)
    failure.words = "its turn has not come for " + so_long;
  else
    failure.words = "it comes to no end (" + stage + "), after " + so_long;
  return failure;
}

}  // namespace

std::vector<Alternative> Driver::alternatives(const Entry& entry) const {
  std::vector<Alternative> out;
  for (const std::string& id : entry.config->issuers) {
    const Issuer& issuer = *issuers_.at(id);
    out.push_back({id, issuer.session.line().up(), issuer.session.not_before()});
  }
  return out;
}

// Who waits for a CA does not fail; it is left when another one would come too late otherwise.
void Driver::leave_what_is_stuck() {
  const WallTime now = services_.env.now();
  for (auto& [lineage, entry] : entries_) {
    const bool waits_for_turn = !entry.turn.limit.empty();
    if (entry.config->issuers.size() < 2 || (entry.phase == Phase::idle && !waits_for_turn))
      continue;
    Issuer& issuer = *issuer_of(entry);
    Waiting waiting = entry.run ? Waiting::unfinished : Waiting::rate_limited;
    if (!issuer.session.line().up()) waiting = Waiting::unreachable;
    const auto& schedule = entry.state.schedule;
    if (std::max(now, entry.turn.at) <
        patience_ends(schedule, waiting, validity_of(entry.state), entry.since))
      continue;
    auto to = choose_issuer(schedule, alternatives(entry), false, false, now);
    if (to) leave(entry, issuer, waiting, *to);
  }
}

void Driver::leave(Entry& entry, Issuer& issuer, Waiting waiting, const std::string& to) {
  Failure failure = stuck(waiting, issuer.session.line().outage_words(),
                          entry.run ? entry.run->stage() : "", services_.env.now() - entry.since);
  entry.leave_for = to;
  std::erase(issuer.queue, entry.state.lineage);
  if (entry.run) return entry.run->abandon(std::move(failure));
  OrderOutcome outcome;
  outcome.failure = std::move(failure);
  outcome.order_url = entry.state.order_url;
  on_done(entry.state.lineage, std::move(outcome));
}

// After a failure that the record has noted already.
std::optional<std::string> Driver::next_issuer(Entry& entry, const Failure& failure) const {
  std::string decided = std::exchange(entry.leave_for, {});
  if (!decided.empty()) return decided;
  if (failure.order_gone || failure.can_try_another_type()) return std::nullopt;
  const ScheduleRecord& schedule = entry.state.schedule;
  if (!is_time_to_turn(schedule, failure, validity_of(entry.state))) return std::nullopt;
  return choose_issuer(schedule, alternatives(entry), true, refuses_for_good(failure),
                       services_.env.now());
}

void Driver::turn(Entry& entry, const std::string& from, const std::string& to,
                  const Failure& failure) {
  if (!entry.state.order_url.empty())
    services_.keeper.ask(ipc::GiveUpOrder{entry.state.lineage}, [](const ipc::Reply&) {});
  entry.state.order_url.clear();
  entry.state.order_issuer.clear();
  const bool unreachable =
      failure.kind == Failure::Kind::transport && !issuers_.at(from)->session.line().up();
  protocol::turn_to(entry.state.schedule, from, to, refuses_for_good(failure), unreachable);
}

// "zerossl is asked instead, now: the certificate ends in 2 d"
std::string Driver::tell_turn(const Entry& entry) {
  const WallTime now = services_.env.now();
  const WallTime next = due(entry);
  const bool valid = entry.state.stored && entry.state.not_after > now;
  return protocol::current_issuer(entry.state.schedule, entry.config->issuers) +
         " is asked instead, " + (next == 0 ? "now" : format_relative(next - now)) + ": " +
         (valid ? "the certificate ends " + format_relative(entry.state.not_after - now)
                : "there is no valid certificate");
}

}  // namespace acme::agent
