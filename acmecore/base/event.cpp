#include "base/event.h"

#include <iterator>

namespace acme {
namespace {

constexpr std::string_view kNames[] = {"issued",   "renewed", "failed",
                                       "expiring", "revoked", "action_required"};

}  // namespace

std::string_view event_name(Event event) {
  return event <= kLastEvent ? kNames[static_cast<std::size_t>(event)] : "unknown";
}

std::optional<Event> parse_event(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == name) return static_cast<Event>(i);
  return std::nullopt;
}

}  // namespace acme
