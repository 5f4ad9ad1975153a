#include "config/resolvers.h"

#include <charconv>
#include <optional>

#include "base/ip_address.h"
#include "base/text.h"

namespace acme {
namespace {

constexpr std::string_view kPort = "53";

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

// An address alone, or with a port behind it; an IPv6 address with a port stands in brackets.
std::optional<std::string> resolver(std::string_view text) {
  std::string_view host = text;
  std::string_view port = kPort;
  if (!is_ip(text)) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (host.find(':') != std::string_view::npos && !bracketed) return std::nullopt;
    if (bracketed) host = host.substr(1, host.size() - 2);
  }
  std::optional<std::string> address = canonical_ip(host);
  if (!address || !is_port(port)) return std::nullopt;
  const bool v6 = address->find(':') != std::string::npos;
  return (v6 ? "[" + *address + "]:" : *address + ":") + std::string(port);
}

}  // namespace

Result<std::vector<std::string>> parse_resolvers(const Values& words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    std::optional<std::string> one = resolver(word);
    if (!one)
      return fail(Errc::invalid_config,
                  "\"" + printable(word) +
                      "\" is no name server's address: write 192.0.2.1, 192.0.2.1:53 or "
                      "[2001:db8::1]:53");
    out.push_back(*std::move(one));
  }
  return out;
}

}  // namespace acme
