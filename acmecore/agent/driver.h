// Decides which certificate is ordered when, and runs the orders: many at a
// time, at most so many at one CA, none because another has trouble.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/errands.h"
#include "agent/issuer_session.h"
#include "agent/order_run.h"
#include "agent/pacer.h"
#include "agent/preflight/preflight.h"
#include "agent/renewal_watch.h"
#include "agent/repeat.h"
#include "agent/services.h"
#include "agent/trial.h"
#include "config/config.h"
#include "ipc/messages.h"
#include "protocol/failover.h"

namespace acme::agent {

class Driver final : public OrderRun::Owner {
 public:
  Driver(Services services, const Config& config, const ipc::Welcome& welcome);
  ~Driver() override;

  // Before start(): names are looked at beside their first order, and for acmectl check.
  void enable_preflight(Preflight::NamesFor names_for);
  // Looks what is due and begins it; called by itself from then on.
  void start();
  // acmectl renew; `revoked`: what is stored is of no use any more.
  void renew(const Lineage& lineage, bool revoked = false);
  // Certificates that were not there before: all others go on undisturbed.
  void add(const Config& more, const ipc::Welcome& welcome);
  // Something else to be done at a CA.
  void errand(ipc::Errand errand);
  // acmectl check.
  void check(const ipc::Check& check);
  // acmectl renew --dry-run: driver_trial.cpp.
  void trial(const ipc::Trial& trial);

  void on_told_to_wait(const Lineage& lineage, std::int64_t seconds) override;
  void on_new_order(const Lineage& lineage) override;
  void on_parked(const Lineage& lineage, Millis duration) override;
  void on_done(const Lineage& lineage, OrderOutcome outcome) override;
  bool waits_for_clock(const Lineage& lineage) override;

 private:
  enum class Phase { idle, queued, running, parked };
  struct Entry {
    ipc::LineageState state;
    const CertificateConfig* config = nullptr;
    Phase phase = Phase::idle;
    WallTime tried_before = 0;             // last_try before the run
    bool told_to_wait = false;             // for the clocks to agree
    std::shared_ptr<OrderRun> run;         // running or parked, or queued after it was parked
    WallTime since = 0;                    // it is queued, or under way; 0: it is idle
    std::vector<std::string> names;        // of the order under way
    protocol::Turn turn;                   // in the CA's rate limits, where it waits for one
    Millis turn_at = 0;                    // the same by the clock that nobody sets
    std::string leave_for;                 // the issuer that is asked when this run has ended
    std::vector<std::string> unexplained;  // names that failed and are being looked at
    Millis seen_since = 0;  // what was seen of its names before says nothing of this run
  };
  struct Issuer {
    Issuer(Services services, const IssuerConfig& config, const ipc::IssuerState& state,
           std::function<void(Issuer&)> errand_ended)
        : config(config),
          session(services, config, state),
          errands(services, session, [this, errand_ended] { errand_ended(*this); }),
          pacer(services, config, state.spent) {}
    const IssuerConfig& config;
    IssuerSession session;
    Errands errands;
    Pacer pacer;
    std::string stage;  // what is told of those that wait for their turn
    std::deque<Lineage> queue;
    std::size_t running = 0;
    std::set<std::string> names;  // of the orders under way, parked ones included
  };

  void add_issuers(const ipc::Welcome& welcome);
  void add_lineage(const ipc::LineageState& state, const CertificateConfig& config);
  bool keep_order(Entry& entry);

  // scheduling
  void look();
  void evaluate();
  bool is_quiet() const;
  std::int64_t clock_offset() const;
  void arm(WallTime due);
  WallTime due(const Entry& entry);
  bool keeps_to_plan(const Entry& entry);
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
  void lose_trials(const Issuer& issuer);

  // rate limits: driver_pace.cpp
  bool is_renewal(const Entry& entry, const Issuer& issuer) const;
  protocol::Cost cost_of(const Entry& entry, const Issuer& issuer) const;
  void sort_by_urgency(std::vector<Entry*>& entries);
  bool has_turn(Entry& entry, Issuer& issuer);
  void tell_turns(Issuer& issuer);

  // names that are left out: driver_partial.cpp
  std::vector<std::string> names_for(const Entry& entry) const;
  bool leave_out(Entry& entry, const protocol::Failure& failure, const ScheduleRecord& before);

  // names as the CA sees them: driver_preflight.cpp
  Preflight::Wanted wanted(const Entry& entry, const Issuer& issuer, const std::string& name) const;
  void look_before(Entry& entry, Issuer& issuer);
  void look_at(const Entry& entry, Issuer& issuer, const std::vector<std::string>& names);
  void on_looked(const Lineage& lineage, const std::string& issuer,
                 const std::vector<ipc::NameReport>& reports);
  void explain(Entry& entry, const std::string& issuer, protocol::Failure& failure);
  void explain_later(Entry& entry, const std::string& issuer);

  // another issuer: driver_failover.cpp
  std::vector<protocol::Alternative> alternatives(const Entry& entry) const;
  void leave_what_is_stuck();
  void leave(Entry& entry, Issuer& issuer, protocol::Waiting waiting, const std::string& to);
  std::optional<std::string> next_issuer(Entry& entry, const protocol::Failure& failure) const;
  void turn(Entry& entry, const std::string& from, const std::string& to,
            const protocol::Failure& failure);
  std::string tell_turn(const Entry& entry);

  // ends
  void succeeded(Entry& entry, const std::string& issuer, const OrderOutcome& outcome);
  void failed(Entry& entry, const std::string& issuer, OrderOutcome outcome);
  void share(const Entry& entry, const protocol::Failure& failure);
  void tell_other_type(const Entry& entry, const protocol::Failure& failure);
  void tell_failure(const Entry& entry, const std::string& issuer, const protocol::Failure& failure,
                    bool issuers_trouble, bool turned);
  // To be told to who wants to know.
  void notify(const Entry& entry, const std::string& issuer, const protocol::Failure& failure,
              bool of_issuer);
  void save(const Entry& entry);

  Services services_;
  const Config& config_;
  std::map<std::string, std::unique_ptr<Issuer>> issuers_;
  std::deque<CertificateConfig> added_;  // since the configuration
  std::map<Lineage, Entry> entries_;
  std::map<std::uint32_t, std::unique_ptr<TrialRun>> trials_;
  RenewalWatch renewals_;
  Repeat failures_;
  std::unique_ptr<Preflight> preflight_;  // null: not enabled
  Timers::Id timer_ = 0;
  Millis timer_at_ = 0;
  WallTime look_at_ = 0;  // the first of all that are due
  std::int64_t clock_offset_ = 0;
};

protocol::Validity validity_of(const ipc::LineageState& state);

// "example.com", or "example.com (rsa:2048)" where it is not the only key.
std::string display_name(const CertificateConfig& config, const Lineage& lineage);

}  // namespace acme::agent
