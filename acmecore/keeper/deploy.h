// Deploy programs (the directive deploy): run when a certificate is active, so that Postfix or
// Dovecot read it. Each program one at a time, once for all certificates that came together.
//
// Which program is still to be run for which certificate is not kept as a list but derived: it is
// to be run for what is active and is another certificate than when it last ended well
// (deployed.json). So a crash between the two is made up for, and a program that is new is run for
// what there is.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "config/config.h"
#include "keeper/certificates.h"
#include "keeper/complaint.h"
#include "keeper/exports.h"
#include "keeper/hook_run.h"
#include "store/store.h"

namespace acme::keeper {

class Deploy {
 public:
  Deploy(const Env& env, Log& log, const Config& config, Store& store,
         const Certificates& certificates);

  // A program has failed.
  std::function<void(const std::string& program, const std::vector<Lineage>&,
                     const std::string& words)>
      on_failure;

  // After the store's certificates are known.
  void restore();
  // A certificate was installed.
  void installed();
  // Something may have changed.
  void look_soon() { stale_ = true; }
  // In each turn of the loop.
  void turn();
  void add_to(std::vector<pollfd>& fds) const;
  Millis next_deadline(Millis otherwise) const;
  // waitpid told of this pid.
  void ended(pid_t pid, int status);
  // The keeper ends: what is about to end well is waited for, so long at most. (A program that
  // reloads this server would otherwise be run by each new keeper again.)
  void await(Millis longest);
  // Nothing of ours goes on when the keeper does not: the next one runs it again, after a pause.
  void stop();

 private:
  using Versions = std::map<Lineage, std::string>;
  struct Hook {
    Hook(const Env& env, Log& log, const DeployConfig& deploy)
        : config(deploy), run(env, log), complaint(env, log) {}
    const DeployConfig& config;
    HookRun run;
    Complaint complaint;
    Versions done;
    Versions running;
    std::uint32_t tries = 0;  // in a row that have not ended well
    WallTime last_try = 0;
    Millis not_before = 0;  // after a failure
    bool waits = false;     // there is something to run it for
  };

  bool is_quiet() const;
  Versions wanted(const Hook& hook) const;
  void look(Hook& hook);
  Outcome begin(Hook& hook, const Versions& wanted);
  void end(Hook& hook, const Outcome& outcome);
  void save();
  Json certificate_json(const Managed& managed) const;

  const Env& env_;
  Log& log_;
  const Config& config_;
  Store& store_;
  const Certificates& certificates_;
  Exports exports_;
  std::vector<std::unique_ptr<Hook>> hooks_;
  bool stale_ = true;         // the hooks are to be looked at
  Millis first_install_ = 0;  // of those that were not looked at; 0: none
  Millis quiet_at_ = 0;
  Complaint store_complaint_;
};

}  // namespace acme::keeper
