// An Http that finds the CA's host by the name servers of nginx's `resolver`, where there
// are some; without, or where the host is an address already, the system finds it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/dns/addresses.h"
#include "agent/http.h"
#include "base/env.h"

namespace acme::agent {

class ResolvingHttp final : public Http {
 public:
  ResolvingHttp(const Env& env, Timers& timers, dns::Client& client, Http& http)
      : env_(env), timers_(timers), client_(client), http_(http) {}

  void use(std::vector<std::string> servers);
  void send(HttpRequest request, HttpCallback done) override;

 private:
  struct Host {
    std::vector<std::string> addresses;
    Millis until = 0;
    std::vector<std::pair<HttpRequest, HttpCallback>> waiting;
  };
  void found(const std::string& name, Result<dns::Addresses> result);

  const Env& env_;
  Timers& timers_;
  dns::Client& client_;
  Http& http_;
  std::optional<dns::Resolver> resolver_;
  std::map<std::string, Host> hosts_;
};

}  // namespace acme::agent
