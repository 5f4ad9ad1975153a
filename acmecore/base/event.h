// What happens to certificates that an operator may want to be told of.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace acme {

enum class Event : std::uint8_t { issued, renewed, failed, expiring, revoked, action_required };
inline constexpr Event kLastEvent = Event::action_required;

std::string_view event_name(Event event);  // "action_required"
std::optional<Event> parse_event(std::string_view name);

// A set of them, as bits.
using Events = std::uint32_t;
constexpr Events bit_of(Event event) {
  return Events{1} << static_cast<unsigned>(event);
}
inline constexpr Events kAllEvents = (Events{1} << (static_cast<unsigned>(kLastEvent) + 1)) - 1;

}  // namespace acme
