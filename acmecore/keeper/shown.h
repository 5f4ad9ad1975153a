// What is served is what was issued: a moment after a certificate was activated, and after each
// start, the agent asks this server's own listeners which one they show. Few at a time, none in a
// hurry; what differs is looked at again before anything is said of it, and then said once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "config/config.h"
#include "ipc/shown.h"
#include "keeper/certificates.h"

namespace acme::keeper {

class Looks {
 public:
  Looks(const Env& env, Log& log, const Config& config, Certificates& certificates)
      : env_(env), log_(log), config_(config), certificates_(certificates) {}

  // To be told to the agent; false: there is none.
  std::function<bool(const ipc::Look&)> on_new;

  // Workers have it: what is told of in detail is what is new.
  void served(const Managed& managed);
  // In each turn of the loop.
  void turn();
  Millis next_deadline(Millis otherwise) const;

  // ---- the agent's request
  Outcome done(const ipc::LookDone& found);

  // The agent that looks is gone.
  void forget_agent();

 private:
  // Of one lineage.
  struct Watch {
    Millis next = 0;                     // 0: it is not in the queue
    unsigned tries = 0;                  // that have come to nothing
    bool is_new = false;                 // an operator waits for it
    bool told = false;                   // of a difference, since the last activation
    bool differed = false;               // and it was told some time
    std::size_t look = 0;                // of the certificate's, that comes next
    std::vector<std::string> addresses;  // of what was seen in this round
    std::vector<ipc::Shown> shown;
  };
  using Place = std::pair<Millis, Lineage>;
  struct Open {
    Lineage lineage;
    std::vector<std::string> addresses;
  };

  void put(const Lineage& lineage, Watch& watch, Millis at);
  bool begin(const Lineage& lineage, Watch& watch);
  std::optional<ipc::Look> next_look(const Managed& managed, Watch& watch) const;
  ipc::KeyFamily family_of(const Managed& managed) const;
  bool is_served(const Managed& managed, const std::string& digest) const;
  void decide(const Lineage& lineage, Watch& watch);
  void agree(Managed& managed, Watch& watch);
  void differ(Managed& managed, Watch& watch, std::size_t worst);
  void tell(const Managed& managed, const Watch& watch, std::size_t worst);
  std::string whose(const Managed& managed, const ipc::Shown& shown) const;

  const Env& env_;
  Log& log_;
  const Config& config_;
  Certificates& certificates_;
  std::map<Lineage, Watch> watches_;
  std::set<Place> queue_;
  std::map<std::uint32_t, Open> open_;
  std::uint32_t last_ = 0;
  Millis not_before_ = 0;  // for those that nobody waits for
  Millis spread_to_ = 0;   // the last of them that was put into the queue
};

}  // namespace acme::keeper
