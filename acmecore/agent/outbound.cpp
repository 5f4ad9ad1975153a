#include "agent/outbound.h"

#include <utility>

#include "base/ip_address.h"
#include "base/text.h"
#include "config/directives.h"

namespace acme::agent {
namespace {

// "ca.example" of "https://ca.example:14000/dir"; an IPv6 address without its brackets.
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.starts_with('[')) return lower(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
         (is_ip(std::string(host)) && host.starts_with("127."));
}

std::shared_ptr<const Proxy> proxy_of(const ProxyConfig& config, std::string where) {
  auto proxy = std::make_shared<Proxy>();
  proxy->url = config.url;
  proxy->user = config.user;
  proxy->password = config.password.clone();
  proxy->where = std::move(where);
  return proxy;
}

std::shared_ptr<const Proxy> first_of(const Outbound::Variables& variables,
                                      std::initializer_list<const char*> names, Log& log) {
  for (const char* name : names) {
    const char* value = variables(name);
    if (!value || !*value) continue;
    auto parsed = parse_proxy_variable(value);
    if (parsed) return proxy_of(*parsed, std::string(name) + " in the server's environment");
    log.warning(std::string(name) +
                " of the server's environment is not used: " + parsed.error().message);
  }
  return nullptr;
}

}  // namespace

Outbound::Outbound(const Config& config, const Variables& variables, Log& log)
    : directive_(directive_name(config.server, "proxy")),
      https_(first_of(variables, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}, log)),
      http_(first_of(variables, {"http_proxy", "all_proxy", "ALL_PROXY"}, log)) {
  for (const char* name : {"no_proxy", "NO_PROXY"})
    if (const char* value = variables(name); value && no_proxy_.empty()) no_proxy_ = value;
  others_ = way_of(config.outbound);
  for (const IssuerConfig& issuer : config.issuers) {
    Way way = way_of(issuer.outbound);
    HttpRequest request;
    request.issuer = issuer.id;
    request.url = issuer.directory_url;
    issuers_[issuer.id] = std::move(way);
    direct(request);
    if (request.proxy)
      log.info(issuer.id + ": the CA is reached through the proxy " + request.proxy->url + ", by " +
               request.proxy->where);
  }
}

Outbound::Way Outbound::way_of(const OutboundConfig& config) const {
  Way way{config.proxy.mode, nullptr, config.ip_version};
  if (way.mode == ProxyConfig::Mode::given) way.proxy = proxy_of(config.proxy, directive_);
  return way;
}

std::shared_ptr<const Proxy> Outbound::of_environment(const std::string& url) const {
  const std::string host = host_of(url);
  if (is_loopback(host) || is_spared(no_proxy_, host)) return nullptr;
  return url.starts_with("http://") ? http_ : https_;
}

void Outbound::direct(HttpRequest& request) const {
  if (request.peek) return;
  const auto found = issuers_.find(request.issuer);
  const Way& way = found == issuers_.end() ? others_ : found->second;
  request.ip_version = way.ip_version;
  request.proxy =
      way.mode == ProxyConfig::Mode::environment ? of_environment(request.url) : way.proxy;
}

bool is_spared(std::string_view no_proxy, std::string_view host) {
  std::string list(no_proxy);
  for (char& c : list)
    if (c == ' ' || c == '\t') c = ',';
  for (const std::string& entry : split(list, ',')) {
    std::string name = lower(entry);
    if (name == "*") return true;
    while (name.starts_with('.')) name.erase(0, 1);
    if (name.size() > 2 && name.front() == '[' && name.back() == ']')
      name = name.substr(1, name.size() - 2);
    if (name.empty()) continue;
    if (host == name || (!is_ip(name) && host.ends_with("." + name))) return true;
  }
  return false;
}

}  // namespace acme::agent
