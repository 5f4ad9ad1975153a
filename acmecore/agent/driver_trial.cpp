// Dry runs: beside all orders, at CAs of their own.
#include <algorithm>
#include <utility>

#include "agent/driver.h"
#include "config/profile.h"

namespace acme::agent {

void Driver::trial(const ipc::Trial& trial) {
  auto found = issuers_.find(trial.issuer);
  const char* refusal = nullptr;
  if (found == issuers_.end())
    refusal = "the issuer is not known";
  else if (found->second->errands.begin(found->second->running == 0);
           found->second->errands.hold_orders())
    refusal = "the account there is being changed: try again";
  if (refusal) {
    services_.keeper.ask(ipc::TrialDone{trial.number, refusal}, [](const ipc::Reply&) {});
    return;
  }
  Issuer& issuer = *found->second;
  protocol::OrderSettings settings;
  settings.names = trial.names;
  settings.challenges = issuer.config.challenges;
  settings.fetch_alternates = !issuer.config.preferred_chain.empty();
  settings.profile = wanted_profile(issuer.config, trial.names);
  ++issuer.running;  // what changes the account waits
  auto run = std::make_unique<TrialRun>(services_, issuer.session, trial, std::move(settings),
                                        [this, number = trial.number, &issuer] {
                                          trials_.erase(number);
                                          --issuer.running;
                                          begin_queued(issuer);
                                        });
  TrialRun& begun = *run;
  trials_.insert_or_assign(trial.number, std::move(run));
  begun.start();
}

// Whoever waits for an answer is not to wait for the CA to come back.
void Driver::lose_trials(const Issuer& issuer) {
  std::vector<TrialRun*> lost;
  for (auto& [number, run] : trials_)
    if (&run->session() == &issuer.session) lost.push_back(run.get());
  for (TrialRun* run : lost) run->lose(issuer.session.line().outage_words());
}

}  // namespace acme::agent
