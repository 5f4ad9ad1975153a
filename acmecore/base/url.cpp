#include "base/url.h"

#include <algorithm>

#include "base/text.h"

namespace acme {
namespace {

bool is_plain(char c) {
  constexpr std::string_view kInNoUrl = "\"<>\\^`{|}";  // RFC 3986, appendix A
  return c > 0x20 && c < 0x7F && kInNoUrl.find(c) == std::string_view::npos;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::string> https_origin(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (url.size() > kMaxUrl || !std::all_of(url.begin(), url.end(), is_plain)) return std::nullopt;
  if (!equals_ignoring_case(url.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  std::string_view authority = url.substr(kScheme.size());
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.empty() || authority.find('@') != std::string_view::npos) return std::nullopt;

  std::size_t host_end = authority.front() == '[' ? authority.find(']') : authority.find(':');
  if (authority.front() == '[') {
    if (host_end == std::string_view::npos) return std::nullopt;
    ++host_end;
  }
  std::string_view host = authority.substr(0, host_end);
  std::string_view rest = authority.substr(host.size());
  if (host.empty() || (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1)))))
    return std::nullopt;
  if (rest == ":443") rest = {};
  return std::string(kScheme) + lower(host) + std::string(rest);
}

}  // namespace acme
