// Driver: who goes first where a CA's rate limits do not let all begin, and what is said of the
// others.
#include <algorithm>
#include <limits>
#include <utility>

#include "agent/driver.h"
#include "protocol/partial.h"

namespace acme::agent {

// Of exactly the names that this CA has certified already.
bool Driver::is_renewal(const Entry& entry, const Issuer& issuer) const {
  if (!entry.state.stored || !entry.state.current || entry.state.issuer != issuer.config.id)
    return false;
  return protocol::left_out_names(entry.state.schedule).empty() ||
         names_for(entry).size() < entry.config->names.size();
}

// An order that replaces what this CA issued, in the time that it suggested itself (RFC 9773), is
// not counted.
protocol::Cost Driver::cost_of(const Entry& entry, const Issuer& issuer) const {
  protocol::Cost cost = issuer.pacer.cost_of(names_for(entry), is_renewal(entry, issuer));
  const AriRecord& ari = entry.state.schedule.ari;
  const WallTime now = services_.env.now();
  cost.exempt = !entry.state.ari_id.empty() && entry.state.ari_id == ari.id &&
                entry.state.ari_issuer == issuer.config.id && ari.window_start <= now &&
                now < ari.window_end;
  return cost;
}

// Who has nothing comes first, then who has least time left; but where not all may order,
// renewals go before new names.
void Driver::sort_by_urgency(std::vector<Entry*>& entries) {
  std::map<const Issuer*, std::size_t> wanted;
  for (Entry* entry : entries) ++wanted[issuer_of(*entry)];
  std::map<const Issuer*, bool> is_short;
  for (const auto& [issuer, count] : wanted)
    is_short[issuer] = issuer && issuer->pacer.is_short_for(count);
  std::vector<std::pair<WallTime, Entry*>> order;
  order.reserve(entries.size());
  for (Entry* entry : entries) {
    WallTime nothing = is_short[issuer_of(*entry)] ? std::numeric_limits<WallTime>::max() : 0;
    order.emplace_back(entry->state.stored ? entry->state.not_after : nothing, entry);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(order.begin(), order.end(), entries.begin(),
                 [](const auto& each) { return each.second; });
}

// False: it waits, and is looked at again when there is room for one more.
bool Driver::has_turn(Entry& entry, Issuer& issuer) {
  const std::string before = std::exchange(entry.turn, {}).limit;
  entry.turn_at = 0;
  // An order that stands already is paid for.
  if (!issuer.config.limits.any() || !entry.state.order_url.empty()) return true;
  entry.turn = issuer.pacer.next_turn(cost_of(entry, issuer));
  if (entry.turn.at == 0) return true;
  const std::int64_t wait = std::max<std::int64_t>(entry.turn.at - services_.env.now(), 1);
  entry.turn_at = services_.env.boottime() + wait * 1000;
  arm(entry.turn.at);
  if (entry.turn.limit != before)
    services_.keeper.tell(
        ipc::Progress{entry.state.lineage,
                      "waiting for its turn: " + issuer.config.id + " allows " + entry.turn.limit});
  return false;
}

// "letsencrypt allows 300 orders in 3 h: 700 wait for their turn, the last for about 7 h"
void Driver::tell_turns(Issuer& issuer) {
  struct Line {
    std::int64_t count = 0;
    std::int64_t interval = 0;
  };
  std::map<std::string, Line> lines;
  for (const auto& [lineage, entry] : entries_) {
    if (entry.turn.limit.empty() || issuer_of(entry) != &issuer) continue;
    Line& line = lines[entry.turn.limit];
    ++line.count;
    line.interval = entry.turn.interval;
  }
  auto longest = std::max_element(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
    return a.second.count * a.second.interval < b.second.count * b.second.interval;
  });
  std::string words;
  if (longest != lines.end()) {
    const Line& line = longest->second;
    words = issuer.config.id + " allows " + longest->first + ": " + std::to_string(line.count) +
            (line.count == 1 ? " order waits for its turn, for about "
                             : " orders wait for their turn, the last for about ") +
            format_relative(line.count * line.interval).substr(3);
    if (auto repeated =
            failures_.tell(issuer.config.id + " limits", longest->first, services_.env.now()))
      services_.log.notice(words + *repeated);
  }
  if (words == issuer.stage) return;
  issuer.stage = words;
  services_.keeper.tell(ipc::IssuerProgress{issuer.config.id, words});
}

}  // namespace acme::agent
