#include "config/values.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/time.h"

namespace acme {
namespace {

constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxId = 128;
constexpr std::int64_t kLongestRenew = 3650 * kDay;

Error wrong(std::string message) {
  return fail(Errc::invalid_config, std::move(message));
}
std::string quoted(std::string_view text) {
  return "\"" + printable(text) + "\"";
}

bool has_space_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F;
  });
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= 65535;
}

// host[:port] or [ipv6][:port]
bool is_authority(std::string_view text) {
  std::size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    host_end = text.find(']');
    if (host_end == std::string_view::npos || host_end < 2) return false;
    ++host_end;
  }
  std::string_view host = text.substr(0, host_end);
  if (host.empty() || host.find('@') != std::string_view::npos) return false;
  if (host_end >= text.size()) return true;
  return text[host_end] == ':' && is_port(text.substr(host_end + 1));
}

// The number before the unit; tenths for percentages.
bool parse_count(std::string_view text, std::int64_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0;
}

bool parse_per_mille(std::string_view text, std::uint32_t& per_mille) {
  std::size_t dot = text.find('.');
  std::int64_t whole = 0;
  std::int64_t tenths = 0;
  auto digits = text.substr(0, dot);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  if (dot != std::string_view::npos) {
    std::string_view rest = text.substr(dot + 1);
    if (rest.size() != 1 || rest[0] < '0' || rest[0] > '9') return false;
    tenths = rest[0] - '0';
  }
  if (whole < 0 || whole > 99 || whole * 10 + tenths == 0) return false;
  per_mille = static_cast<std::uint32_t>(whole * 10 + tenths);
  return true;
}

}  // namespace

std::int64_t seconds_in(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return kMinute;
    case 'h':
      return kHour;
    case 'd':
      return kDay;
    case 'w':
      return 7 * kDay;
    default:
      return 0;
  }
}

Result<bool> parse_switch(std::string_view text) {
  if (equals_ignoring_case(text, "on")) return true;
  if (equals_ignoring_case(text, "off")) return false;
  return wrong(quoted(text) + " is neither on nor off");
}

Result<std::string> parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (!equals_ignoring_case(text.substr(0, kScheme.size()), kScheme))
    return wrong(quoted(text) + " is not an https URL: write https://host/path");
  if (text.size() > kMaxUrl) return wrong("the URL is longer than 2048 characters");
  if (has_space_or_control(text)) return wrong(quoted(text) + " has a space or control character");
  std::string_view rest = text.substr(kScheme.size());
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (!is_authority(authority))
    return wrong(quoted(text) + " has no valid host: write https://host[:port]/path");
  if (text.find('#') != std::string_view::npos)
    return wrong(quoted(text) + " has a fragment (#...): leave it out");
  return std::string(kScheme) + std::string(rest);
}

Result<std::string> parse_contact(std::string_view text) {
  constexpr std::string_view kScheme = "mailto:";
  std::string_view address = text;
  if (equals_ignoring_case(address.substr(0, kScheme.size()), kScheme))
    address.remove_prefix(kScheme.size());
  std::size_t at = address.find('@');
  bool good = at != std::string_view::npos && at > 0 && at + 1 < address.size() &&
              address.find_first_of("@:,?&", at + 1) == std::string_view::npos &&
              !has_space_or_control(address) &&
              address.find_first_of(":,?&") == std::string_view::npos;
  if (!good) return wrong(quoted(text) + " is not a mail address: write name@example.com");
  return std::string(kScheme) + std::string(address);
}

Result<KeyType> parse_key(std::string_view text) {
  if (auto type = parse_key_type(text)) return *type;
  return wrong("unknown kind of key " + quoted(text) +
               ": write ecdsa:256, ecdsa:384, ecdsa:521, rsa:2048, rsa:3072 or rsa:4096");
}

Result<std::vector<KeyType>> parse_keys(const Values& list) {
  std::vector<KeyType> keys;
  for (const std::string& text : list) {
    ACME_TRY(KeyType key, parse_key(text));
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      return wrong("the kind of key " + quoted(text) + " is given twice");
    keys.push_back(key);
  }
  return keys;
}

Result<std::vector<ChallengeType>> parse_challenges(const Values& list) {
  std::vector<ChallengeType> types;
  for (const std::string& text : list) {
    auto type = parse_challenge_type(
        text == "http" || text == "tls-alpn" || text == "dns" ? text + "-01" : text);
    if (!type)
      return wrong("unknown challenge type " + quoted(text) +
                   ": write http-01, tls-alpn-01, dns-01, dns-account-01 or dns-persist-01");
    if (std::find(types.begin(), types.end(), *type) != types.end())
      return wrong("the challenge type " + text + " is given twice");
    types.push_back(*type);
  }
  return types;
}

Result<std::uint32_t> parse_certificates(std::string_view text, std::uint32_t most) {
  std::int64_t number = 0;
  if (!parse_count(text, number) || number > most)
    return wrong(quoted(text) + " is not a number of certificates: write one from 1 to " +
                 std::to_string(most));
  return static_cast<std::uint32_t>(number);
}

Result<RenewPolicy> parse_renew(std::string_view text) {
  RenewPolicy policy;
  if (equals_ignoring_case(text, "auto")) return policy;
  auto bad = [&] {
    return wrong(quoted(text) +
                 " is not a time to renew: write auto, a share of the lifetime such as 33%, or a "
                 "time before the end with its unit such as 30d or 12h");
  };
  if (text.empty()) return bad();
  std::string_view number = text.substr(0, text.size() - 1);
  if (text.back() == '%') {
    policy.kind = RenewPolicy::Kind::share_left;
    if (!parse_per_mille(number, policy.per_mille)) return bad();
    return policy;
  }
  std::int64_t unit = seconds_in(text.back());
  std::int64_t count = 0;
  if (unit == 0 || !parse_count(number, count)) return bad();
  if (count > kLongestRenew / unit) return wrong(quoted(text) + " is longer than ten years");
  policy.kind = RenewPolicy::Kind::time_left;
  policy.seconds = count * unit;
  return policy;
}

Result<ActivationMode> parse_activation(std::string_view text) {
  for (ActivationMode mode : {ActivationMode::live, ActivationMode::reload})
    if (equals_ignoring_case(text, activation_name(mode))) return mode;
  return wrong(quoted(text) + " is no way to activate a certificate: write live or reload");
}

Result<std::string> parse_profile(std::string_view text) {
  if (text.empty() || text.size() > kMaxId || has_space_or_control(text) || text != printable(text))
    return wrong(quoted(text) +
                 " is not a profile's name: write one that the CA lists, such as tlsserver");
  return std::string(text);
}

Result<std::string> parse_common_name(std::string_view text) {
  if (trim(text).empty() || text.size() > kMaxId || text != printable(text))
    return wrong(quoted(text) +
                 " is not a CA's common name: write the one that its root certificate has, such as "
                 "\"ISRG Root X1\"");
  return std::string(text);
}

Outcome check_shared_zone(std::string_view text) {
  constexpr std::string_view kZone = "zone=";
  std::string_view rest = text.starts_with(kZone) ? text.substr(kZone.size()) : "";
  std::string_view size = rest.substr(std::min(rest.find(':'), rest.size()));
  if (size.size() < 2 || size.size() == rest.size() || size[1] < '0' || size[1] > '9')
    return wrong(quoted(text) + " is no shared zone: write zone=name:size, or leave it out");
  return {};
}

Result<std::string> parse_id(std::string_view what, std::string_view text) {
  bool good = !text.empty() && text.size() <= kMaxId && text.front() != '.' && text.front() != '-';
  for (char c : text)
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-');
  if (!good)
    return wrong(quoted(text) + " cannot be the name of " + std::string(what) +
                 ": use letters, digits, '.', '_' and '-', beginning with a letter or digit");
  return std::string(text);
}

Result<std::string> parse_path(std::string_view root, std::string_view text) {
  if (text.empty()) return wrong("the path is empty");
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return wrong(quoted(text) + " is not a path: it has a control character");
  std::string path(text);
  if (path.front() != '/') {
    std::string base(root);
    while (base.size() > 1 && base.back() == '/') base.pop_back();
    path = base + (base == "/" ? "" : "/") + path;
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace acme
