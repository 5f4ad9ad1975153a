#include "config/dns_directives.h"

#include <algorithm>
#include <charconv>

#include "base/ip_address.h"
#include "base/text.h"
#include "config/directives.h"
#include "config/names.h"
#include "config/values.h"

namespace acme {
namespace {

constexpr std::int64_t kLongestWait = kDay;

Error wrong(std::string message) {
  return fail(Errc::invalid_config, std::move(message));
}

bool parse_number(std::string_view text, std::int64_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

// "10m", "2s"; "0" needs no unit.
Result<std::int64_t> parse_wait(std::string_view key, std::string_view text) {
  if (text == "0") return std::int64_t{0};
  std::int64_t unit = text.empty() ? 0 : seconds_in(text.back());
  std::int64_t count = 0;
  if (unit == 0 || !parse_number(text.substr(0, text.size() - 1), count))
    return wrong("\"" + printable(text) + "\" is no time for " + std::string(key) +
                 "=: write a number with its unit, such as 30s or 10m");
  if (count > kLongestWait / unit)
    return wrong(std::string(key) + "=" + printable(text) + " is longer than a day");
  return count * unit;
}

Result<DnsPropagation> parse_propagation(const Values& words) {
  DnsPropagation propagation;
  std::vector<std::string> given;
  for (const std::string& word : words) {
    std::size_t equals = std::min(word.find('='), word.size());
    const std::string key = word.substr(0, equals);
    if (equals == word.size() || (key != "timeout" && key != "interval" && key != "delay"))
      return wrong("\"" + printable(word) +
                   "\" is not known here: write timeout=, interval= or delay=");
    if (std::find(given.begin(), given.end(), key) != given.end())
      return wrong(key + "= is given twice");
    given.push_back(key);
    ACME_TRY(const std::int64_t seconds,
             parse_wait(key, std::string_view(word).substr(equals + 1)));
    if (seconds == 0 && key != "delay") return wrong(key + "= must be a second at least");
    if (key == "timeout") propagation.timeout = seconds;
    if (key == "interval") propagation.interval = seconds;
    if (key == "delay") propagation.delay = seconds;
  }
  if (propagation.delay && given.size() > 1)
    return wrong("delay= stands alone: with a fixed wait no name server is asked");
  return propagation;
}

// "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:53"
Result<std::string> parse_name_server(const std::string& text) {
  std::string host = text;
  std::int64_t port = 53;
  std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with("[");
  const bool has_port = colon != std::string::npos &&
                        (bracketed ? text.find(']') + 1 == colon : text.find(':') == colon);
  bool good = true;
  if (has_port) {
    good = parse_number(std::string_view(text).substr(colon + 1), port) && port > 0 && port < 65536;
    host = text.substr(0, colon);
  }
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  std::optional<std::string> address = canonical_ip(host);
  if (!good || !address)
    return wrong("\"" + printable(text) +
                 "\" is not the address of a name server: write 192.0.2.1, 192.0.2.1:53 or "
                 "[2001:db8::1]:53");
  const bool v6 = address->find(':') != std::string::npos;
  return (v6 ? "[" + *address + "]" : *address) + ":" + std::to_string(port);
}

Outcome assign_resolvers(IssuerSettings& issuer, const Values& values) {
  issuer.dns_resolvers.clear();
  for (const std::string& text : values) {
    ACME_TRY(std::string server, parse_name_server(text));
    issuer.dns_resolvers.push_back(std::move(server));
  }
  return {};
}

Outcome assign_alias(IssuerSettings& issuer, const std::string& text) {
  CheckedName checked = check_name(text);
  if (checked.kind != NameKind::host)
    return wrong("\"" + printable(text) + "\" is no zone" +
                 (checked.reason.empty() ? "" : ": " + checked.reason) +
                 "; write the one that the _acme-challenge names are aliases into, such as "
                 "acme.example.net");
  issuer.dns_alias = std::move(checked.name);
  return {};
}

}  // namespace

Outcome assign_dns(IssuerSettings& issuer, std::string_view key, const Values& values,
                   std::string_view root) {
  if (key == "dns_alias") return assign_alias(issuer, values.front());
  if (key == "dns_resolver") return assign_resolvers(issuer, values);
  if (key == "dns_propagation") {
    ACME_TRY(issuer.dns_propagation, parse_propagation(values));
    return {};
  }
  ACME_TRY(DnsProviderConfig provider,
           parse_dns_provider(values, std::string(root), issuer.warnings));
  for (const DnsProviderConfig& other : issuer.dns)
    if (other.zone == provider.zone)
      return wrong(provider.zone.empty()
                       ? "two DNS providers without zone=: say which zone each one is for"
                       : "two DNS providers for the zone " + provider.zone + ": keep one");
  issuer.dns.push_back(std::move(provider));
  return {};
}

std::string fault_for_wildcards(const IssuerConfig& issuer, ServerKind server) {
  const auto& types = issuer.challenges;
  const bool persist =
      std::find(types.begin(), types.end(), ChallengeType::dnspersist01) != types.end();
  const bool sets = std::any_of(types.begin(), types.end(), sets_dns_record);
  if (persist || (sets && !issuer.dns.empty())) return {};
  const std::string block = issuer_block(server, issuer.id);
  if (issuer.dns.empty())
    return "needs dns-01, which needs a DNS provider: write \"" + directive_name(server, "dns") +
           " PROVIDER ...\" into " + block + ", or write the names out";
  return "needs dns-01, which \"" + directive_name(server, "challenge") + "\" of " + block +
         " leaves out: add it there";
}

}  // namespace acme
