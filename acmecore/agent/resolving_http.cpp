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

}  // namespace

void ResolvingHttp::use(std::vector<std::string> servers) {
  if (!servers.empty()) resolver_.emplace(client_, std::move(servers));
}

void ResolvingHttp::send(HttpRequest request, HttpCallback done) {
  const std::string name = resolver_ ? host_to_find(request.url) : std::string();
  if (name.empty()) return http_.send(std::move(request), std::move(done));
  Host& host = hosts_[name];
  if (!host.addresses.empty() && env_.boottime() < host.until) {
    request.addresses = host.addresses;
    return http_.send(std::move(request), std::move(done));
  }
  host.waiting.emplace_back(std::move(request), std::move(done));
  if (host.waiting.size() == 1)
    dns::find_addresses(timers_, *resolver_, name, [this, name](Result<dns::Addresses> result) {
      found(name, std::move(result));
    });
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
    request.addresses = result->list;
    http_.send(std::move(request), std::move(done));
  }
}

}  // namespace acme::agent
