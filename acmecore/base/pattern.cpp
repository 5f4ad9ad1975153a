#include "base/pattern.h"

#include <cctype>

namespace acme {
namespace {

bool of_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

}  // namespace

std::string pattern_of(std::string_view words) {
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
    out += digit ? std::string_view("#") : words.substr(at, end - at);
    at = end;
  }
  return out;
}

}  // namespace acme
