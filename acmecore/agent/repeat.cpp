#include "agent/repeat.h"

#include "base/pattern.h"

namespace acme::agent {

std::optional<std::string> Repeat::tell(const std::string& subject, const std::string& words,
                                        WallTime now) {
  Told& told = told_[subject];
  std::string pattern = pattern_of(words);
  if (told.count == 0 || told.pattern != pattern) {
    told = Told{std::move(pattern), now, now, 1};
    return "";
  }
  ++told.count;
  if (now >= told.last && now - told.last < kDay) return std::nullopt;
  told.last = now;
  return " (" + std::to_string(told.count) + " times since " + format_rfc3339(told.first) + ")";
}

}  // namespace acme::agent
