#include "config/outbound.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/text.h"
#include "config/values.h"

namespace acme {
namespace {

constexpr std::string_view kSchemes[] = {"http", "https", "socks5", "socks5h"};
constexpr std::string_view kPasswordFile = "password=file:";

Error wrong(const std::string& message) {
  return fail(Errc::invalid_config, message);
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "%40" is '@', as in any URL.
std::optional<Secret> decoded(std::string_view text) {
  Secret out(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    out.data()[size++] = static_cast<std::uint8_t>(c);
  }
  return Secret(out.view().substr(0, size));
}

bool is_host(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

bool is_ipv6_host(std::string_view text) {
  return text.size() > 3 && text.front() == '[' && text.back() == ']' &&
         std::all_of(text.begin() + 1, text.end() - 1,
                     [](char c) { return digit(c) >= 0 || c == ':' || c == '.'; });
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

Outcome take_user(ProxyConfig& proxy, std::string_view info) {
  const std::size_t colon = info.find(':');
  auto user = decoded(info.substr(0, colon));
  auto password =
      decoded(colon == std::string_view::npos ? std::string_view() : info.substr(colon + 1));
  if (!user || user->empty() || !password)
    return wrong(
        "the user and password before the '@' of the proxy's URL cannot be read: write "
        "user:password@, with %25 for '%', %40 for '@', %3A for ':' in them");
  proxy.user = user->view();
  proxy.password = *std::move(password);
  return {};
}

Result<ProxyConfig> parse_proxy_url(std::string_view text, bool port_needed) {
  constexpr const char* kWrite =
      "write http://HOST:PORT (or https://, socks5://, socks5h://), or off";
  ProxyConfig proxy;
  proxy.mode = ProxyConfig::Mode::given;
  const std::size_t scheme_end = text.find("://");
  const std::string scheme =
      scheme_end == std::string_view::npos ? std::string() : lower(text.substr(0, scheme_end));
  if (std::find(std::begin(kSchemes), std::end(kSchemes), scheme) == std::end(kSchemes))
    return wrong(std::string("the proxy is no URL of a kind that is known: ") + kWrite);
  std::string_view rest = text.substr(scheme_end + 3);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    ACME_CHECK(take_user(proxy, rest.substr(0, at)));
    rest.remove_prefix(at + 1);
  }
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = rest.substr(0, colon);
  if (!is_host(host) && !is_ipv6_host(host))
    return wrong(std::string("the proxy's URL has no host that can be one: ") + kWrite);
  if (colon == std::string_view::npos ? port_needed : !is_port(rest.substr(colon + 1)))
    return wrong("the URL of the proxy " + std::string(host) + " has no port: " + kWrite);
  proxy.url = scheme + "://" + lower(rest);
  return proxy;
}

Result<IpVersion> parse_ip_version(std::string_view text) {
  if (text == "any") return IpVersion::any;
  if (text == "ipv4") return IpVersion::ipv4;
  if (text == "ipv6") return IpVersion::ipv6;
  return wrong("\"" + printable(text) + "\" is no IP version: write any, ipv4 or ipv6");
}

}  // namespace

OutboundConfig outbound_config(const OutboundSettings& issuer, const OutboundSettings& all) {
  OutboundConfig out;
  if (issuer.proxy || all.proxy) out.proxy = issuer.proxy ? *issuer.proxy : *all.proxy;
  out.ip_version = issuer.ip_version.value_or(all.ip_version.value_or(IpVersion::any));
  return out;
}

bool is_outbound(std::string_view key) {
  return key == "proxy" || key == "ip_version";
}

Outcome assign_outbound(OutboundSettings& settings, std::string_view key, const Values& values,
                        std::string_view root) {
  if (key == "ip_version") {
    ACME_TRY(settings.ip_version, parse_ip_version(values.front()));
  } else {
    ACME_TRY(settings.proxy, parse_proxy(values, root));
  }
  return {};
}

Result<ProxyConfig> parse_proxy(const Values& values, std::string_view root) {
  const std::string& first = values.front();
  ProxyConfig proxy;
  if (first == "off" || first == "none") {
    proxy.mode = ProxyConfig::Mode::direct;
    if (values.size() > 1) return wrong("behind " + first + " nothing can stand");
    return proxy;
  }
  ACME_TRY(proxy, parse_proxy_url(first, true));
  if (values.size() == 1) return proxy;
  const std::string_view second = values[1];
  if (!second.starts_with(kPasswordFile))
    return wrong("behind the proxy's URL only password=file:PATH can stand");
  if (proxy.user.empty() || !proxy.password.empty())
    return wrong(
        "password=file:PATH needs a user in the proxy's URL, without a password: write "
        "http://USER@HOST:PORT");
  ACME_TRY(proxy.password_file, parse_path(root, second.substr(kPasswordFile.size())));
  return proxy;
}

Result<ProxyConfig> parse_proxy_variable(std::string_view text) {
  std::string url(trim(text));
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  return parse_proxy_url(url, false);
}

}  // namespace acme
