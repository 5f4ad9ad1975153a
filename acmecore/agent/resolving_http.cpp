#include "agent/resolving_http.h"

#include <algorithm>

#include "base/ip_address.h"
#include "base/url.h"

namespace acme::agent {
namespace {

constexpr std::int64_t kShortestLife = kMinute;
constexpr std::int64_t kLongestLife = kHour;

// The host of an https URL that is to be found by its name; else nothing.
std::string host_to_find(const std::string& url) {
  constexpr std::size_t kScheme = sizeof("https://") - 1;
  const std::optional<std::string> origin = https_origin(url);
  if (!origin) return {};
  std::string authority = origin->substr(kScheme);
  if (authority.front() == '[') return {};
  std::string host = authority.substr(0, authority.find(':'));
  return is_ip(host) ? std::string() : host;
}

// With socks5:// the proxy wants an address.
bool proxy_resolves(const HttpRequest& request) {
  return request.proxy && !request.proxy->url.starts_with("socks5://");
}

bool is_of(const std::string& address, IpVersion version) {
  if (version == IpVersion::any) return true;
  return (address.find(':') != std::string::npos) == (version == IpVersion::ipv6);
}

}  // namespace

void ResolvingHttp::use(std::vector<std::string> servers) {
  if (!servers.empty()) resolver_.emplace(client_, std::move(servers));
}

void ResolvingHttp::send(HttpRequest request, HttpCallback done) {
  if (outbound_) outbound_->direct(request);
  const bool here = resolver_ && !request.peek && !proxy_resolves(request);
  const std::string name = here ? host_to_find(request.url) : std::string();
  if (name.empty()) return http_.send(std::move(request), std::move(done));
  Host& host = hosts_[name];
  if (!host.addresses.empty() && env_.boottime() < host.until) {
    return send_to(host.addresses, std::move(request), std::move(done));
  }
  host.waiting.emplace_back(std::move(request), std::move(done));
  if (host.waiting.size() == 1)
    dns::find_addresses(timers_, *resolver_, name, [this, name](Result<dns::Addresses> result) {
      found(name, std::move(result));
    });
}

// Where no address is of the version wanted, the system's resolver is asked, which says so.
void ResolvingHttp::send_to(const std::vector<std::string>& addresses, HttpRequest request,
                            HttpCallback done) {
  for (const std::string& address : addresses)
    if (is_of(address, request.ip_version)) request.addresses.push_back(address);
  http_.send(std::move(request), std::move(done));
}

void ResolvingHttp::found(const std::string& name, Result<dns::Addresses> result) {
  Host& host = hosts_[name];
  auto waiting = std::exchange(host.waiting, {});
  if (result) {
    host.addresses = result->list;
    host.until = env_.boottime() + std::clamp(result->ttl, kShortestLife, kLongestLife) * 1000;
  }
  for (auto& [request, done] : waiting) {
    if (!result) {
      done(HttpError{result.error().message, false, true});
      continue;
    }
    send_to(result->list, std::move(request), std::move(done));
  }
}

}  // namespace acme::agent
