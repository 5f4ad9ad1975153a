#include "keeper/agent_log.h"

#include <algorithm>

#include "base/text.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kLongestLine = 2048;

bool is_middle_of_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

// The escape without its cut at 512 bytes: a line holds a CA's words (which were
// cut there) and ours around them.
std::string one_line(std::string_view foreign) {
  constexpr std::size_t kPiece = 96;  // four bytes each when escaped
  std::string out;
  bool is_cut = foreign.size() > kLongestLine;
  if (is_cut) foreign = foreign.substr(0, kLongestLine);
  while (!foreign.empty()) {
    std::size_t n = std::min(foreign.size(), kPiece);
    for (int back = 0; back < 3 && is_middle_of_character(foreign, n); ++back) --n;
    out += printable(foreign.substr(0, n));
    foreign.remove_prefix(n);
  }
  return is_cut ? out + "..." : out;
}

}  // namespace

void AgentLog::write(Level level, std::string_view line) {
  Allowance& allowance = level <= Level::notice ? urgent_ : chatter_;
  // Asked before the line is escaped: a flood should cost the keeper little.
  if (!take(allowance, std::min(line.size(), kLongestLine))) {
    ++allowance.dropped;
    return;
  }
  if (allowance.dropped != 0)
    log_.warning("helper: the agent said too much: " + std::to_string(allowance.dropped) +
                 " of its lines are left out");
  allowance.dropped = 0;
  log_.write(level, one_line(line));
}

bool AgentLog::take(Allowance& from, std::size_t bytes) {
  Millis now = env_.boottime();
  std::int64_t seconds = (now - from.refilled) / 1000;
  if (seconds > 0) {
    std::int64_t missing = from.burst - from.left;
    from.left += seconds > missing / from.per_second ? missing : seconds * from.per_second;
    from.refilled = now;
  }
  auto cost = static_cast<std::int64_t>(bytes) + 100;  // what the server's format adds
  if (cost > from.left) return false;
  from.left -= cost;
  return true;
}

}  // namespace acme::keeper
