// A server's life on a simulated clock: the agent as it is, a model of the keeper that keeps over
// restarts what the store keeps, and models of CAs. Stricter than world.h, and for many names.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "unit/agent/simulated_ca.h"
#include "unit/agent/simulated_keeper.h"

namespace acme::test {

// One life. Configure (add_ca, add), start(), then run_for().
class Simulation {
 public:
  FakeEnv env;
  Config config;
  std::vector<std::unique_ptr<SimulatedCa>> cas;
  SimulatedKeeper keeper{env, config};
  std::size_t restarts = 0;

  SimulatedCa& add_ca(const std::string& id, RateLimits limits = {}) {
    IssuerConfig issuer;
    issuer.id = id;
    issuer.directory_url = "https://" + id + ".test/directory";
    issuer.challenges = {ChallengeType::http01};
    issuer.limits = limits;
    config.issuers.push_back(issuer);
    cas.push_back(std::make_unique<SimulatedCa>(env, "https://" + id + ".test"));
    cas.back()->limits = limits;
    return *cas.back();
  }
  CertificateConfig& add(const std::string& id, Names names, Names issuers,
                         std::int64_t lifetime = 90 * kDay) {
    CertificateConfig certificate;
    certificate.id = id;
    std::sort(names.begin(), names.end());
    certificate.names = std::move(names);
    certificate.issuers = std::move(issuers);
    certificate.keys = {KeyType::ecdsa256};
    keeper.lifetimes[id] = lifetime;
    return config.certificates.emplace_back(std::move(certificate));
  }

  void start() {
    agent_ = std::make_unique<Agent>(*this, socket_pair());
    agent_->driver = std::make_unique<agent::Driver>(agent_->services, config, keeper.welcome());
    agent_->link.on_renew = [this](const ipc::RenewNow& renew) {
      agent_->driver->renew(renew.lineage, renew.revoked);
    };
    agent_->driver->start();
  }
  // Killed at any point; answers on their way are lost.
  void restart() {
    ++restarts;
    agent_.reset();
    for (auto& ca : cas) ca->pending.clear();
    start();
  }

  void run_for(Millis duration) { run_to(env.boot + duration); }
  bool run_until(const std::function<bool()>& done, Millis longest) {
    const Millis end = env.boot + longest;
    while (!done()) {
      if (env.boot >= end) return false;
      run_to(std::min(end, next_event(end)));
    }
    return true;
  }
  void run_to(Millis end) {
    for (;;) {
      while (step()) {
      }
      const Millis next = next_event(end);
      if (next >= end && env.boot >= end) return;
      env.boot = std::max(env.boot, std::min(next, end));
    }
  }

 private:
  struct Net final : agent::Http {
    explicit Net(Simulation& world) : world(world) {}
    void send(HttpRequest request, HttpCallback done) override {
      for (auto& ca : world.cas)
        if (request.url.starts_with(ca->base + "/"))
          return ca->pending.push_back({world.env.boot + 20, std::move(request), std::move(done)});
      throw Failure("a request to nobody: " + request.url);
    }
    Simulation& world;
  };
  struct Agent {
    Agent(Simulation& world, Ends ends)
        : channel(std::move(ends.keeper)),
          net(world),
          link(std::move(ends.agent)),
          log(link),
          timers(world.env),
          services{world.env, timers, net, link, log} {}
    Channel channel;  // the keeper's end
    Net net;
    agent::KeeperLink link;
    agent::KeeperLog log;
    agent::Timers timers;
    agent::Services services;
    std::unique_ptr<agent::Driver> driver;
  };

  Millis next_event(Millis end) const {
    Millis next = end;
    if (auto timer = agent_->timers.next_in()) next = std::min(next, env.boot + *timer);
    for (const auto& ca : cas)
      for (const auto& item : ca->pending) next = std::min(next, item.at);
    return std::max(next, env.boot);
  }
  bool step() {
    bool something = false;
    if (auto due = agent_->timers.next_in(); due && *due <= 0) {
      agent_->timers.run_due();
      something = true;
    }
    for (auto& ca : cas) something |= deliver(*ca);
    REQUIRE_OK(agent_->link.pump());
    REQUIRE_OK(agent_->channel.flush());
    for (const Frame& frame : REQUIRE_OK(agent_->channel.receive())) {
      something = true;
      auto type = static_cast<ipc::Type>(frame.type);
      ipc::Reply reply = keeper.handle(type, frame.payload.view());
      if (frame.id != 0)
        REQUIRE_OK(agent_->channel.send(static_cast<std::uint16_t>(ipc::Type::reply), frame.id,
                                        encode(reply)));
    }
    return something;
  }
  bool deliver(SimulatedCa& ca) {
    std::vector<SimulatedCa::Pending> due;
    std::erase_if(ca.pending, [&](SimulatedCa::Pending& item) {
      if (item.at > env.boot) return false;
      due.push_back(std::move(item));
      return true;
    });
    for (SimulatedCa::Pending& item : due) item.done(ca.answer(item.request));
    return !due.empty();
  }

  std::unique_ptr<Agent> agent_;
};

}  // namespace acme::test
