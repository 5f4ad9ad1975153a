// Looks at names before a CA does, or beside it: so many at a time, with a token of the keeper's
// own making on the board meanwhile. What was found is kept, for whoever has to explain a failure.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/issuer_session.h"
#include "agent/preflight/name_check.h"
#include "agent/preflight/view.h"
#include "config/config.h"
#include "ipc/check.h"

namespace acme::agent {

class Preflight {
 public:
  struct Wanted {
    std::string name;
    bool needs_address = false;
    bool needs_port80 = false;
  };
  using Done = std::function<void(std::vector<ipc::NameReport>)>;

  // The name servers that this issuer's names are to be looked up at.
  using NamesFor = std::function<View::Find(const IssuerConfig&)>;

  Preflight(Services services, NamesFor names_for, std::function<bool(const std::string&)> is_ours)
      : services_(services), names_for_(std::move(names_for)), is_ours_(std::move(is_ours)) {}
  Preflight(const Preflight&) = delete;
  Preflight& operator=(const Preflight&) = delete;

  // What was seen so long ago counts for another order of the same name.
  static constexpr Millis kLife = 30'000;

  // Beside an order, as soon as the CA's directory is there: those of the names that were not
  // looked at a moment ago. `done` is called later, with these alone; not at all for none.
  void look(IssuerSession& session, const IssuerConfig& issuer, const Lineage& lineage,
            std::vector<Wanted> names, Done done);
  // All of them, now; what is not known in time is told so.
  void look_now(IssuerSession& session, const IssuerConfig& issuer, const Lineage& lineage,
                std::vector<Wanted> names, Done done);

  // Whether it was looked at since then (boot time).
  bool knows(const std::string& issuer, const std::string& name, Millis since) const;
  // What was found then to be wrong with it; empty: nothing, or it was not looked at.
  std::string finding(const std::string& issuer, const std::string& name, Millis since) const;

 private:
  using Key = std::pair<std::string, std::string>;  // issuer, name
  struct Known {
    ipc::NameReport report;
    Millis at = 0;
  };
  // What was asked for together.
  struct Look {
    IssuerSession& session;
    const IssuerConfig& issuer;
    Lineage lineage;
    std::vector<Wanted> names;
    View view;
    Done done;
    std::vector<ipc::NameReport> reports = {};
    std::size_t open = 0;
    bool started = false;
    std::string answer = {};  // of the token
    std::string hindered = {};
  };
  using LookPtr = std::shared_ptr<Look>;

  LookPtr make(IssuerSession& session, const IssuerConfig& issuer, const Lineage& lineage,
               std::vector<Wanted> names, Done done) const;
  void start(const LookPtr& look);
  void begin_probe(const LookPtr& look);
  void queue(const LookPtr& look);
  void work();
  void check(const LookPtr& look, const Wanted& wanted);
  void checked(const LookPtr& look, ipc::NameReport report);
  void finish(const LookPtr& look);

  Services services_;
  NamesFor names_for_;
  std::function<bool(const std::string&)> is_ours_;
  std::map<Key, Known> known_;
  std::set<Key> looking_;
  std::deque<std::pair<LookPtr, Wanted>> queue_;
  std::size_t running_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

// What is wrong with a name, as one sentence; empty: nothing.
std::string words_of(const ipc::NameReport& report);

}  // namespace acme::agent
