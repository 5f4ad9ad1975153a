#include "config/rate_limits.h"

#include <charconv>

#include "base/text.h"
#include "base/url.h"
#include "config/values.h"

namespace acme {
namespace {

constexpr std::int64_t kMostCount = 1'000'000;
constexpr std::int64_t kLongestPeriod = 366 * kDay;

Error wrong(std::string message) {
  return fail(Errc::invalid_config, std::move(message));
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

// "300/3h"
Result<RateLimit> parse_limit(std::string_view text) {
  std::size_t slash = text.find('/');
  std::int64_t count = slash == std::string_view::npos ? 0 : number_in(text.substr(0, slash));
  std::int64_t period = 0;
  if (slash != std::string_view::npos && slash + 2 < text.size()) {
    std::int64_t number = number_in(text.substr(slash + 1, text.size() - slash - 2));
    std::int64_t unit = seconds_in(text.back());
    if (unit != 0 && number > 0 && number <= kLongestPeriod / unit) period = number * unit;
  }
  if (count <= 0 || count > kMostCount || period <= 0)
    return wrong("\"" + printable(text) +
                 "\" is no rate limit: write how many in which time, such as 300/3h or 50/7d");
  if (count > period)
    return wrong("\"" + printable(text) + "\" is more than one a second: leave that limit out");
  return RateLimit{static_cast<std::uint32_t>(count), period};
}

}  // namespace

Result<RateLimits> parse_rate_limits(const Values& words) {
  RateLimits limits;
  if (words.size() == 1 && equals_ignoring_case(words[0], "off")) return limits;
  for (const std::string& word : words) {
    std::size_t equals = word.find('=');
    std::string_view key = std::string_view(word).substr(0, equals);
    RateLimit* limit = nullptr;
    if (key == "orders") limit = &limits.orders;
    if (key == "certificates") limit = &limits.certificates;
    if (key == "duplicates") limit = &limits.duplicates;
    if (!limit || equals == std::string::npos)
      return wrong("\"" + printable(word) +
                   "\" is no rate limit: write off, or some of orders=300/3h certificates=50/7d "
                   "duplicates=5/7d");
    if (limit->limits()) return wrong(std::string(key) + "= is given twice");
    ACME_TRY(*limit, parse_limit(std::string_view(word).substr(equals + 1)));
  }
  return limits;
}

// letsencrypt.org/docs/rate-limits: buckets that fill again evenly.
RateLimits known_rate_limits(std::string_view directory_url) {
  auto origin = https_origin(std::string(directory_url));
  if (!origin) return {};
  if (*origin == "https://acme-v02.api.letsencrypt.org")
    return {{300, 3 * kHour}, {50, 7 * kDay}, {5, 7 * kDay}};
  if (*origin == "https://acme-staging-v02.api.letsencrypt.org") return {{1500, 3 * kHour}, {}, {}};
  return {};
}

}  // namespace acme
