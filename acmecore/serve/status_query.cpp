#include "serve/status_query.h"

#include <charconv>
#include <cstdint>

#include "base/text.h"

namespace acme::serve {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
               hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<std::uint8_t>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_')
      out += c;
    else
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

Outcome take(StatusQuery& out, std::string_view key, const std::string& value) {
  if (key == "format") {
    if (value == "json") {
      out.format = StatusQuery::Format::json;
    } else if (value == "prometheus") {
      out.format = StatusQuery::Format::prometheus;
    } else if (value != "html") {
      return fail(Errc::unsupported,
                  "the status has no such format: known are html, json and prometheus");
    }
  } else if (key == "q") {
    out.shown = printable(trim(value));
    out.words = lower(out.shown);
  } else if (key == "group" && (value == "attention" || value == "under-way" || value == "fine")) {
    out.group = value;
  } else if (key == "page") {
    out.all = value == "all";
    std::size_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    if (number != 0) out.page = number;
  }
  return {};
}

}  // namespace

Result<StatusQuery> parse_status_query(std::string_view query) {
  StatusQuery out;
  for (const std::string& part : split(query, '&')) {
    std::size_t equals = part.find('=');
    if (equals == std::string::npos) continue;
    ACME_CHECK(take(out, std::string_view(part).substr(0, equals),
                    decoded(std::string_view(part).substr(equals + 1))));
  }
  return out;
}

std::string to_string(const StatusQuery& query) {
  std::string out;
  auto add = [&out](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    out += (out.empty() ? "" : "&") + std::string(key) + "=" + encoded(value);
  };
  add("q", query.shown);
  add("group", query.group);
  if (query.all)
    add("page", "all");
  else if (query.page > 1)
    add("page", std::to_string(query.page));
  return out;
}

}  // namespace acme::serve
