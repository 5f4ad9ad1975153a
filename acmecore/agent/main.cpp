// acme-agent: all that touches the network, without privilege and without a
// private key. Started by acme-keeper with a socket to it as descriptor 3.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "agent/dns/resolver.h"
#include "agent/dns01.h"
#include "agent/dns_tools.h"
#include "agent/driver.h"
#include "agent/http_curl.h"
#include "agent/notifier.h"
#include "agent/outbound.h"
#include "agent/resolving_http.h"
#include "agent/sandbox.h"
#include "agent/shown.h"
#include "crypto/wiping_free.h"  // once in the program: freed memory is wiped

#ifndef ACME_VERSION
#define ACME_VERSION "0"
#endif

namespace acme::agent {
namespace {

constexpr int kKeeperFd = 3;
constexpr Millis kLongestSleep = 60 * 1000;
constexpr short kRead = POLLIN;
constexpr short kReadWrite = POLLIN | POLLOUT;

class Agent {
 public:
  explicit Agent(std::unique_ptr<CurlHttp> http)
      : keeper_(UniqueFd(kKeeperFd)),
        log_(keeper_),
        timers_(system_env()),
        http_(std::move(http)),
        dns_(timers_, watches_),
        resolving_(system_env(), timers_, dns_, *http_),
        services_{system_env(), timers_, resolving_, keeper_, log_} {
    keeper_.on_welcome = [this](const ipc::Welcome& welcome) { on_welcome(welcome); };
    keeper_.on_renew = [this](const ipc::RenewNow& renew) {
      if (driver_) driver_->renew(renew.lineage, renew.revoked);
    };
    keeper_.on_errand = [this](ipc::Errand errand) {
      if (driver_) driver_->errand(std::move(errand));
    };
    keeper_.on_check = [this](const ipc::Check& check) {
      if (driver_) driver_->check(check);
    };
    keeper_.on_trial = [this](const ipc::Trial& trial) {
      if (driver_) driver_->trial(trial);
    };
    keeper_.on_notice = [this](ipc::Notice notice) {
      if (notifier_) notifier_->tell(std::move(notice));
    };
    keeper_.on_look = [this](ipc::Look look) {
      looker_.look(std::move(look), [this](const ipc::LookDone& found) {
        keeper_.ask(found, [](const ipc::Reply&) {});
      });
    };
  }

  // Until the keeper goes away.
  Outcome run() {
    for (;;) {
      Outcome pumped = keeper_.pump();
      if (!pumped) return pumped.error().code == Errc::not_found ? Outcome() : pumped;
      if (!refused_) return refused_;
      timers_.run_due();
      Millis sleep = std::min(timers_.next_in().value_or(kLongestSleep), kLongestSleep);
      std::vector<pollfd> polled = watches_.wanted();
      polled.push_back({keeper_.fd(), keeper_.wants_write() ? kReadWrite : kRead, 0});
      ACME_CHECK(http_->turn(polled, sleep));
      watches_.run_ready(polled);
    }
  }

 private:
  void on_welcome(const ipc::Welcome& welcome) {
    refused_ = driver_ ? add(welcome) : begin(welcome);
  }

  Outcome add(const ipc::Welcome& welcome) {
    ACME_TRY(const Config more, decode_config(welcome.config));
    driver_->add(more, welcome);
    return {};
  }

  Outcome begin(const ipc::Welcome& welcome) {
    ACME_TRY(config_, decode_config(welcome.config));
    if (config_.drop_privileges) ACME_CHECK(check_not_root());
    http_->set_user_agent("acmecore/" ACME_VERSION " (" + config_.server_version + ")");
    resolving_.use(config_.resolvers);
    outbound_.emplace(
        config_, [](const char* name) { return std::getenv(name); }, log_);
    resolving_.go_by(*outbound_);
    notifier_.emplace(services_, watches_, config_.hooks.notify);
    dns01_.emplace(services_, dns_tools_.tools(), config_);
    services_.dns01 = &*dns01_;
    dns01_->take_over(welcome.dns_records);
    driver_ = std::make_unique<Driver>(services_, config_, welcome);
    driver_->enable_preflight([this](const IssuerConfig& issuer) { return find_for(issuer); });
    driver_->start();
    return {};
  }

  View::Find find_for(const IssuerConfig& issuer) {
    return [resolver = dns_tools_.resolver_for(issuer)](
               const std::string& name, dns::RecordType type, dns::Client::Done done) {
      resolver.find(name, type, std::move(done));
    };
  }

  KeeperLink keeper_;
  KeeperLog log_;
  Timers timers_;
  Watches watches_;
  std::unique_ptr<CurlHttp> http_;
  dns::Client dns_;
  Looker looker_{timers_, watches_};
  std::optional<Outbound> outbound_;
  ResolvingHttp resolving_;
  Services services_;
  Config config_;
  DnsToolbox dns_tools_{services_, watches_, dns_, config_};
  std::optional<Dns01> dns01_;
  std::optional<Notifier> notifier_;
  std::unique_ptr<Driver> driver_;
  Outcome refused_;
};

int run(int argc, char** argv) {
  if (argc != 2 || std::strcmp(argv[1], "--agent") != 0) {
    std::fputs("acme-agent is started by acme-keeper\n", stderr);
    return 2;
  }
  Outcome done = harden_process(kKeeperFd);
  if (done) {
    auto http = CurlHttp::create();
    done = http ? Agent(*std::move(http)).run() : std::move(http).error();
  }
  if (done) return 0;
  std::fprintf(stderr, "acme-agent: %s\n", done.error().message.c_str());
  return 1;
}

}  // namespace
}  // namespace acme::agent

int main(int argc, char** argv) {
  return acme::agent::run(argc, argv);
}
