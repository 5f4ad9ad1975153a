// An Http that finds the CA's host by the name servers of nginx's `resolver`, where there
// are some; without, or where the host is an address already, the system finds it; where a proxy
// does it, nobody here. The one place that all requests pass: each is told its way here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/dns/addresses.h"
#include "agent/http.h"
#include "agent/outbound.h"
#include "base/env.h"

namespace acme::agent {

class ResolvingHttp final : public Http {
 public:
  ResolvingHttp(const Env& env, Timers& timers, dns::Client& client, Http& http)
      : env_(env), timers_(timers), client_(client), http_(http) {}

  void use(std::vector<std::string> servers);
  void go_by(const Outbound& outbound) { outbound_ = &outbound; }  // outlives this
  void send(HttpRequest request, HttpCallback done) override;

 private:
  struct Host {
    std::vector<std::string> addresses;
    Millis until = 0;
    std::vector<std::pair<HttpRequest, HttpCallback>> waiting;
  };
  void send_to(const std::vector<std::string>& addresses, HttpRequest request, HttpCallback done);
  void found(const std::string& name, Result<dns::Addresses> result);

  const Env& env_;
  Timers& timers_;
  dns::Client& client_;
  Http& http_;
  std::optional<dns::Resolver> resolver_;
  const Outbound* outbound_ = nullptr;
  std::map<std::string, Host> hosts_;
};

}  // namespace acme::agent
