#include "agent/repeat.h"

#include <cctype>

namespace acme::agent {
namespace {

bool of_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

// Every word with a digit in it becomes '#'.
std::string pattern_of(const std::string& words) {
  std::string out;
  for (std::size_t at = 0; at < words.size();) {
    std::size_t end = at;
    bool digit = false;
    for (; end < words.size() && of_word(words[end]); ++end)
      digit = digit || std::isdigit(static_cast<unsigned char>(words[end])) != 0;
    if (end == at) {
      out += words[at++];
      continue;
    }
    out += digit ? "#" : words.substr(at, end - at);
    at = end;
  }
  return out;
}

}  // namespace

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
