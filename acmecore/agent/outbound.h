// Which way a request goes: through which proxy, by which IP version. Where no directive names a
// proxy, the server's environment does, as curl's users know it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/http.h"
#include "config/config.h"

namespace acme::agent {

class Outbound {
 public:
  // Value of a variable; nothing: there is none.
  using Variables = std::function<const char*(const char* name)>;

  // What is wrong in the environment is logged, and which proxies are used.
  Outbound(const Config& config, const Variables& variables, Log& log);

  // Of a look at a server (HttpRequest::peek) nothing is changed: that is to go there itself.
  void direct(HttpRequest& request) const;

 private:
  struct Way {
    ProxyConfig::Mode mode = ProxyConfig::Mode::environment;
    std::shared_ptr<const Proxy> proxy;
    IpVersion ip_version = IpVersion::any;
  };
  Way way_of(const OutboundConfig& config) const;
  std::shared_ptr<const Proxy> of_environment(const std::string& url) const;

  std::string directive_;
  std::map<std::string, Way> issuers_;
  Way others_;
  std::shared_ptr<const Proxy> https_;
  std::shared_ptr<const Proxy> http_;
  std::string no_proxy_;
};

// Whether `no_proxy` (names, with all below them; addresses; *) spares this host.
bool is_spared(std::string_view no_proxy, std::string_view host);

}  // namespace acme::agent
