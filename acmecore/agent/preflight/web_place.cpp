#include "agent/preflight/web_place.h"

#include <charconv>

#include "base/ip_address.h"
#include "base/text.h"
#include "protocol/url.h"

namespace acme::agent {

std::optional<WebPlace> web_place(const std::string& url) {
  if (!protocol::is_web_url(url)) return std::nullopt;
  std::size_t colon = url.find("://");
  WebPlace place;
  if (equals_ignoring_case(url.substr(0, colon), "https")) place.port = 443;
  std::string authority = url.substr(colon + 3);
  authority = lower(authority.substr(0, authority.find_first_of("/?#")));
  if (authority.find('@') != std::string::npos) return std::nullopt;
  std::size_t end = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  place.host = authority.substr(0, end);
  if (auto address = canonical_ip(place.host)) place.host = *address;
  if (place.host.empty()) return std::nullopt;
  if (end == std::string::npos) return place;
  const char* last = authority.data() + authority.size();
  auto [stop, error] = std::from_chars(authority.data() + end + 1, last, place.port);
  if (error != std::errc() || stop != last) return std::nullopt;
  return place;
}

}  // namespace acme::agent
