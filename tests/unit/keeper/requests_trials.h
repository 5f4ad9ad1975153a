// The requests that have to do with dry runs.
#pragma once

#include "unit/keeper/requests.h"

namespace acme::test {

// acmectl renew --dry-run site, with "second" as the staging CA of "ca".
inline ipc::Trial begin_trial(
    Bench& bench, keeper::Trials::Answer answer = [](const auto&) {}) {
  bench.config.issuers[0].staging = "second";
  ipc::Trial told;
  bench.trials().on_new = [&](const ipc::Trial& trial) {
    told = trial;
    return true;
  };
  CHECK(!bench.trials().ask("site", std::move(answer)));
  return told;
}

inline Row trial_done() {
  Row row;
  row.refusals.push_back(
      {"nobody has asked", "nobody has asked", at_once(ipc::TrialDone{1, "no"})});
  row.refusals.push_back({"as good what is not", "no certificate was issued", [](Bench& bench) {
                            return Bench::frame(ipc::TrialDone{begin_trial(bench).number, ""});
                          }});
  row.granted = [](Bench& bench) {
    return Bench::frame(ipc::TrialDone{begin_trial(bench).number, "the CA said no"});
  };
  return row;
}

}  // namespace acme::test
