#include "config/looks.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/ip_address.h"
#include "config/names.h"
#include "config/site_names.h"

namespace acme {
namespace {

constexpr std::size_t kMostLooks = 4;  // of one certificate, and listeners of each
// A label that no site has of its own, for what only a wildcard answers.
constexpr std::string_view kUnusedLabel = "acme-self-check";

constexpr std::array<std::string_view, 4> kLoopback4 = {"127.0.0.1", "127.0.0.2", "127.0.0.3",
                                                        "127.0.0.4"};
constexpr std::array<std::string_view, 1> kLoopback6 = {"::1"};

bool is_unix(std::string_view address) {
  return address.starts_with("unix:/");
}

bool is_v6(std::string_view ip) {
  return ip.find(':') != std::string_view::npos;
}

std::string joined(std::string_view ip, std::string_view port) {
  std::string text(ip);
  return (is_v6(ip) ? "[" + text + "]" : text) + std::string(port);
}

class Planner {
 public:
  Planner(const Settings& settings, Resolution& resolution)
      : settings_(settings), resolution_(resolution) {
    for (const Listener& listener : settings.listeners) addresses_.insert(listener.address);
  }

  void run() {
    for (std::uint32_t site = 0; site < resolution_.sites.size(); ++site)
      if (resolution_.sites[site].kind != SitePlan::Kind::off) plan(site);
  }

 private:
  using Indexes = std::vector<std::uint32_t>;
  // By name the first of the site's certificates that has it.
  using ByName = std::unordered_map<std::string_view, std::uint32_t>;

  CertificateConfig& certificate(std::uint32_t index) {
    return resolution_.config.certificates[index];
  }

  void plan(std::uint32_t site) {
    const SiteDescription& description = settings_.sites[site];
    if (std::none_of(description.listeners.begin(), description.listeners.end(),
                     [](const SiteListener& listener) { return listener.tls; }))
      return;
    ByName by_name;
    for (std::uint32_t index : resolution_.sites[site].certificates)
      for (const std::string& name : certificate(index).names) by_name.emplace(name, index);
    const SiteNames names = site_names(description.names);
    std::unordered_set<std::uint32_t> planned;
    const auto add = [&](const ByName::const_iterator& found, const std::string& asked) {
      if (found == by_name.end() || !planned.insert(found->second).second) return;
      if (!add_look(certificate(found->second), site, asked)) planned.erase(found->second);
    };
    for (const std::string& name : names.by_hand()) {
      if (name.starts_with("*.")) continue;
      auto found = by_name.find(name);
      add(found != by_name.end() ? found : by_name.find(wildcard_for(name)), name);
    }
    for (const std::string& name : names.wildcards)
      add(by_name.find(name), std::string(kUnusedLabel) + name.substr(1));
    plan_nameless(site, planned);
  }

  // What stands by hand in a default server: names that no site has come to it.
  void plan_nameless(std::uint32_t site, const std::unordered_set<std::uint32_t>& planned) {
    const auto& listeners = settings_.sites[site].listeners;
    if (std::none_of(listeners.begin(), listeners.end(), [](const SiteListener& listener) {
          return listener.tls && listener.default_server;
        }))
      return;
    for (std::uint32_t index : resolution_.sites[site].certificates) {
      if (planned.contains(index)) continue;
      for (const std::string& name : certificate(index).names) {
        if (is_ip(name) || name.starts_with("*.") || may_be_anothers(site, name)) continue;
        add_look(certificate(index), site, name, true);
        break;
      }
    }
  }

  bool may_be_anothers(std::uint32_t site, const std::string& name) {
    if (!carried_) {
      carried_.emplace();
      for (std::uint32_t i = 0; i < settings_.sites.size(); ++i)
        for (const std::string& text : settings_.sites[i].names) {
          if (text.starts_with('~')) pattern_sites_.push_back(i);
          const SiteNames names = site_names({text});
          for (const std::string& each : names.by_hand()) carried_->insert(each);
        }
    }
    return carried_->contains(name) || carried_->contains(wildcard_for(name)) ||
           std::any_of(pattern_sites_.begin(), pattern_sites_.end(),
                       [site](std::uint32_t other) { return other != site; });
  }

  // False: it cannot be asked anywhere by this name.
  bool add_look(CertificateConfig& certificate, std::uint32_t site, const std::string& name,
                bool default_only = false) {
    const bool by_address = is_ip(name);
    LookConfig look{site, by_address ? std::string() : name, {}};
    for (const SiteListener& each : settings_.sites[site].listeners) {
      if (!each.tls || (default_only && !each.default_server)) continue;
      if (look.listeners.size() == kMostLooks) break;
      const Listener& listener = settings_.listeners[each.listener];
      std::optional<std::string> asked =
          by_address ? asked_by_address(listener, name) : asked_at(listener.address);
      if (!asked) continue;
      Listener here{*std::move(asked), listener.proxy_protocol};
      if (std::find(look.listeners.begin(), look.listeners.end(), here) == look.listeners.end())
        look.listeners.push_back(std::move(here));
    }
    if (look.listeners.empty()) return false;
    auto& looks = certificate.looks;
    const bool known = std::any_of(looks.begin(), looks.end(), [&](const LookConfig& other) {
      return other.listeners == look.listeners;
    });
    if (!known && looks.size() < kMostLooks) looks.push_back(std::move(look));
    return true;
  }

  // Who listens everywhere is asked at a loopback address, unless others listen there.
  std::optional<std::string> asked_at(const std::string& address) const {
    if (is_unix(address)) return address;
    const std::optional<AddressAndPort> parts = split_address(address);
    if (!parts) return std::nullopt;
    if (parts->ip == "0.0.0.0") return unused(kLoopback4, parts->port);
    if (parts->ip == "::") return unused(kLoopback6, parts->port);
    return joined(parts->ip, parts->port);
  }

  template <class Candidates>
  std::optional<std::string> unused(const Candidates& candidates, const std::string& port) const {
    for (std::string_view ip : candidates)
      if (std::string text = joined(ip, port); !addresses_.contains(text)) return text;
    return std::nullopt;
  }

  // A client that names no server is known by the address that it came to.
  std::optional<std::string> asked_by_address(const Listener& listener,
                                              const std::string& ip) const {
    const std::optional<AddressAndPort> parts = split_address(listener.address);
    if (!parts || is_v6(parts->ip) != is_v6(ip)) return std::nullopt;
    const bool everywhere = parts->ip == "0.0.0.0" || parts->ip == "::";
    std::string text = joined(ip, parts->port);
    if (parts->ip != ip && (!everywhere || addresses_.contains(text))) return std::nullopt;
    return text;
  }

  const Settings& settings_;
  Resolution& resolution_;
  std::unordered_set<std::string> addresses_;               // of all listeners, with or without TLS
  std::optional<std::unordered_set<std::string>> carried_;  // by any site
  Indexes pattern_sites_;
};

}  // namespace

std::optional<AddressAndPort> split_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  std::optional<std::string> ip = canonical_ip(host);
  if (!ip) return std::nullopt;
  return AddressAndPort{*std::move(ip), std::string(text.substr(colon))};
}

void plan_looks(const Settings& settings, Resolution& resolution) {
  if (settings.global.self_check) Planner(settings, resolution).run();
}

}  // namespace acme
