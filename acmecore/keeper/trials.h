// Dry runs (acmectl renew --dry-run): each is an order at an issuer's staging CA, for the names
// and the kind of key of a certificate that is configured, whose challenges workers answer and of
// which nothing is kept. It has a lineage of its own, in memory only, so that the certificate's
// order, schedule and history are none of its affair.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/log.h"
#include "config/config.h"
#include "ipc/control.h"
#include "ipc/trial.h"
#include "keeper/certificates.h"

namespace acme::keeper {

class Trials {
 public:
  using Answer = std::function<void(const ipc::ControlAnswer&)>;

  Trials(Log& log, const Config& config, Certificates& certificates);

  // To be told to the agent; false: there is none.
  std::function<bool(const ipc::Trial&)> on_new;

  // Of one certificate, each kind of key after the other. An answer at once is a refusal.
  std::optional<ipc::ControlAnswer> ask(const std::string& name, Answer answer);

  // The agent that ran them is gone, and with it what it knew.
  void forget_agent();

 private:
  struct Open {
    Lineage lineage;  // the certificate's
    Lineage trial;
    std::string issuer;
    std::deque<Lineage> next;
    std::string text;  // of those that are over
    bool ok = true;
    Answer answer;
  };

  Result<const IssuerConfig*> staging_for(const Managed& managed) const;
  Outcome begin(Open open);
  Outcome done(const ipc::TrialDone& report);
  void end(std::map<std::uint32_t, Open>::iterator it, const std::string& words, bool goes_on);
  void make_way(const Managed& managed);

  Log& log_;
  const Config& config_;
  Certificates& certificates_;
  std::map<std::uint32_t, Open> open_;
  std::uint32_t last_ = 0;
};

}  // namespace acme::keeper
