// Points in time and the text forms that CAs use for them.
//
// Wall-clock times (what is on disk, in certificates, in logs) are whole
// seconds since 1970, UTC. Intervals inside one process are measured on
// CLOCK_BOOTTIME in milliseconds and are never stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace acme {

using WallTime = std::int64_t;  // seconds since 1970-01-01T00:00:00Z; 0 is "never"/"unknown"
using Millis = std::int64_t;    // milliseconds, of CLOCK_BOOTTIME where it is a point

inline constexpr std::int64_t kMinute = 60;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

// RFC 3339: "2026-11-23T07:00:00Z", fractions and offsets accepted.
std::optional<WallTime> parse_rfc3339(std::string_view text);
std::string format_rfc3339(WallTime time);

// HTTP-date (RFC 9110, IMF-fixdate).
std::optional<WallTime> parse_http_date(std::string_view text);

// "in 59 d", "in 3 h 20 min", "in 45 s", "2 h ago": for log lines and tables.
std::string format_relative(std::int64_t seconds);

// "3 h ahead of", "2 d behind": how one clock is to another one.
std::string clock_difference(std::int64_t ahead);

}  // namespace acme
