// A CA's answer as text, so that seeds can be read and written by people:
//
//   200 https://ca.example/order/1
//   Retry-After: 3
//
//   {"status": "processing", …}
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "protocol/message.h"

namespace acme::fuzz {

inline std::string_view take_until(std::string_view& text, char end) {
  std::size_t at = text.find(end);
  std::string_view out = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return out;
}

inline protocol::Answer answer_from(std::string_view text) {
  protocol::Answer answer;
  std::string first(take_until(text, '\n'));
  answer.status = static_cast<int>(std::strtol(first.c_str(), nullptr, 10) % 1000);
  std::size_t blank = first.find(' ');
  if (blank != std::string::npos) answer.url = first.substr(blank + 1);
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.empty()) break;
    std::string_view name = take_until(line, ':');
    answer.headers.push_back({std::string(trim(name)), std::string(trim(line))});
  }
  answer.body = text;
  return answer;
}

}  // namespace acme::fuzz
