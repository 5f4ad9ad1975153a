#include "agent/dns/resolver.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "base/ip_address.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::size_t kRounds = 2;       // through all servers
constexpr std::size_t kMostServers = 3;  // as resolv.conf(5) has it

// Of no use for this question: another server may know better.
bool worth_another(const Answer& answer) {
  return !answer.failure.empty() && answer.failure != "NXDOMAIN";
}

}  // namespace

std::vector<std::string> system_servers(const std::string& resolv_conf) {
  std::vector<std::string> out;
  std::ifstream file(resolv_conf);
  for (std::string line; out.size() < kMostServers && std::getline(file, line);) {
    std::istringstream words(line);
    std::string keyword, address;
    if (!(words >> keyword >> address) || keyword != "nameserver" || !is_ip(address)) continue;
    out.push_back(address.find(':') == std::string::npos ? address + ":53"
                                                         : "[" + address + "]:53");
  }
  if (out.empty()) out.emplace_back("127.0.0.1:53");
  return out;
}

struct Resolver::Run {
  std::vector<std::string> servers;
  std::string name;
  RecordType type;
  Done done;
  std::size_t tries = 0;
  std::optional<Answer> last_answer = {};
  std::string last_failure = "no name server is configured";
};

void Resolver::find(const std::string& name, RecordType type, Done done) const {
  next(std::make_shared<Run>(Run{servers_, name, type, std::move(done)}), client_);
}

void Resolver::next(std::shared_ptr<Run> run, Client& client) {
  const std::string& server = run->servers[run->tries++ % run->servers.size()];
  client.ask(server, run->name, run->type, true, [run, &client](Result<Answer> answer) {
    if (answer && !worth_another(*answer)) return run->done(std::move(answer));
    if (answer)
      run->last_answer = *std::move(answer);
    else
      run->last_failure = answer.error().message;
    if (run->tries < kRounds * run->servers.size()) return next(run, client);
    if (run->last_answer) return run->done(*std::move(run->last_answer));
    run->done(
        fail(Errc::not_found, printable(run->name) + " cannot be looked up: " + run->last_failure));
  });
}

}  // namespace acme::agent::dns
