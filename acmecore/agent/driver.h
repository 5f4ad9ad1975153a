// Decides which certificate is ordered when, and runs the orders: many at a
// time, at most so many at one CA, none because another has trouble.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/issuer_session.h"
#include "agent/order_run.h"
#include "agent/renewal_watch.h"
#include "agent/repeat.h"
#include "agent/services.h"
#include "config/config.h"
#include "ipc/messages.h"

namespace acme::agent {

class Driver final : public OrderRun::Owner {
 public:
  static constexpr std::size_t kOrdersPerIssuer = 16;

  Driver(Services services, const Config& config, const ipc::Welcome& welcome);
  ~Driver() override;

  // Looks what is due and begins it; called by itself from then on.
  void start();
  // acmectl renew.
  void renew(const Lineage& lineage);

  void on_parked(const Lineage& lineage, Millis duration) override;
  void on_done(const Lineage& lineage, OrderOutcome outcome) override;
  bool waits_for_clock(const Lineage& lineage) override;

 private:
  enum class Phase { idle, queued, running, parked };
  struct Entry {
    ipc::LineageState state;
    const CertificateConfig* config = nullptr;
    Phase phase = Phase::idle;
    WallTime tried_before = 0;      // last_try before the run
    bool told_to_wait = false;      // for the clocks to agree
    std::shared_ptr<OrderRun> run;  // running or parked, or queued after it was parked
  };
  struct Issuer {
    explicit Issuer(Services services, const IssuerConfig& config, const ipc::IssuerState& state)
        : config(config), session(services, config, state) {}
    const IssuerConfig& config;
    IssuerSession session;
    std::deque<Lineage> queue;
    std::size_t running = 0;
    std::set<std::string> names;  // of the orders under way, parked ones included
  };

  void add_issuers(const ipc::Welcome& welcome);
  void add_lineage(const ipc::LineageState& state, const CertificateConfig& config);
  bool keep_order(Entry& entry);

  // scheduling
  void evaluate();
  void arm(WallTime due);
  WallTime due(const Entry& entry);
  // driver_renewal.cpp: what the CAs suggest, and their clocks
  ipc::LineageState* idle_state(const Lineage& lineage);
  WallTime watch(const Entry& entry);
  void on_suggestion(const Lineage& lineage);
  void spread_out(Entry& entry);
  bool waits_for_clock(const Entry& entry, WallTime last_try);
  bool waits_now(const Entry& entry);
  void tell_waiting(Entry& entry, bool waits);
  void review_clocks();
  void put_off(Entry& entry);
  void queue(Entry& entry, bool first);
  void begin_queued(Issuer& issuer);
  bool may_begin(const Entry& entry, const Issuer& issuer) const;
  void begin(Entry& entry, Issuer& issuer);
  Issuer* issuer_of(const Entry& entry);
  protocol::OrderSettings settings_for(const Entry& entry, const Issuer& issuer) const;
  void tell_outage(const std::string& issuer);

  // ends
  void succeeded(Entry& entry, const std::string& issuer, const OrderOutcome& outcome);
  void failed(Entry& entry, const std::string& issuer, OrderOutcome outcome);
  void share(const Entry& entry, const protocol::Failure& failure);
  void tell_other_type(const Entry& entry, const protocol::Failure& failure);
  void tell_failure(const Entry& entry, const std::string& issuer, const protocol::Failure& failure,
                    bool issuers_trouble);
  void save(const Entry& entry);

  Services services_;
  const Config& config_;
  std::map<std::string, std::unique_ptr<Issuer>> issuers_;
  std::map<Lineage, Entry> entries_;
  RenewalWatch renewals_;
  Repeat failures_;
  Timers::Id timer_ = 0;
  Millis timer_at_ = 0;
};

protocol::Validity validity_of(const ipc::LineageState& state);

// "example.com", or "example.com (rsa:2048)" where it is not the only key.
std::string display_name(const CertificateConfig& config, const Lineage& lineage);

}  // namespace acme::agent
