// Questions to the recursive name servers: those that the operator named (nginx's
// `resolver`), or the system's (resolv.conf). One server after the other, two rounds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/dns/client.h"

namespace acme::agent::dns {

// The nameserver lines of a resolv.conf, as "address:53"; 127.0.0.1 where there is none.
std::vector<std::string> system_servers(const std::string& resolv_conf = "/etc/resolv.conf");

class Resolver {
 public:
  // NXDOMAIN is an answer, with its `failure`; an error is that no server gave one.
  using Done = Client::Done;

  Resolver(Client& client, std::vector<std::string> servers)
      : client_(client), servers_(std::move(servers)) {}

  // `done` is called later, once, unless the client is destroyed before.
  void find(const std::string& name, RecordType type, Done done) const;
  const std::vector<std::string>& servers() const { return servers_; }

 private:
  struct Run;
  static void next(std::shared_ptr<Run> run, Client& client);

  Client& client_;
  std::vector<std::string> servers_;
};

}  // namespace acme::agent::dns
