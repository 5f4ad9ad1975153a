#include "base/time.h"

#include <cstdio>
#include <ctime>

namespace acme {
namespace {

std::optional<WallTime> to_wall(std::tm& tm) {
  time_t t = timegm(&tm);
  return t < 0 ? std::nullopt : std::optional<WallTime>(t);
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  std::string copy(text);
  std::tm tm{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (!rest) return std::nullopt;
  if (*rest == '.') {
    ++rest;
    while (*rest >= '0' && *rest <= '9') ++rest;
  }
  auto time = to_wall(tm);
  if (!time) return std::nullopt;
  if ((*rest == 'Z' || *rest == 'z') && rest[1] == '\0') return time;
  int hours = 0;
  int minutes = 0;
  int used = 0;
  char sign = *rest;
  if (sign != '+' && sign != '-') return std::nullopt;
  if (std::sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || rest[1 + used] != '\0')
    return std::nullopt;
  std::int64_t offset = hours * kHour + minutes * kMinute;
  return sign == '+' ? *time - offset : *time + offset;
}

std::string format_rfc3339(WallTime time) {
  time_t t = static_cast<time_t>(time);
  std::tm tm{};
  gmtime_r(&t, &tm);
  char buffer[32];
  std::size_t n = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &tm);
  return std::string(buffer, n);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  std::string copy(text);
  std::tm tm{};
  const char* rest = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (!rest || *rest != '\0') return std::nullopt;
  return to_wall(tm);
}

std::string format_relative(std::int64_t seconds) {
  if (seconds == 0) return "now";
  std::int64_t s = seconds < 0 ? -seconds : seconds;
  std::string amount;
  if (s < 2 * kMinute) {
    amount = std::to_string(s) + " s";
  } else if (s < 2 * kHour) {
    amount = std::to_string(s / kMinute) + " min";
  } else if (s < 2 * kDay) {
    amount = std::to_string(s / kHour) + " h";
    if (std::int64_t m = s % kHour / kMinute; m != 0) amount += " " + std::to_string(m) + " min";
  } else {
    amount = std::to_string(s / kDay) + " d";
  }
  return seconds < 0 ? amount + " ago" : "in " + amount;
}

std::string clock_difference(std::int64_t ahead) {
  const std::string amount = format_relative(ahead < 0 ? -ahead : ahead).substr(3);
  return amount + (ahead < 0 ? " behind" : " ahead of");
}

}  // namespace acme
