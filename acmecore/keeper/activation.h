// `activation reload`: when the server is asked to reload for new certificates.
// Several at once, not often, and only a server that would come up again.
//
// Which certificates wait is what store and board say (Certificates); all that is
// kept, in the store, is when a reload was last asked for. So a helper that is
// started by the reload itself, or after a kill, asks for no second one.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "config/config.h"
#include "keeper/certificates.h"
#include "keeper/complaint.h"
#include "keeper/config_test.h"
#include "keeper/supervisor.h"
#include "store/store.h"

namespace acme::keeper {

class Activation {
 public:
  // `death_pipe`: whose other end the server's master holds.
  Activation(const Env& env, Log& log, const Config& config, Store& store,
             const Certificates& certificates, int death_pipe = kDeathFd);

  // After the store's certificates are known.
  void restore();
  // In each turn of the loop.
  void turn();
  void add_to(std::vector<pollfd>& fds) const;
  // When turn() has something to do without an event; `otherwise`: never.
  Millis next_deadline(Millis otherwise) const;
  // waitpid told of this pid.
  void ended(pid_t pid, int status) { test_.ended(pid, status); }
  // Nothing of ours goes on when the keeper does not.
  void stop() { test_.stop(); }

 private:
  void notice_installs();
  void look();
  bool others_may_come() const;
  WallTime pause_left();
  bool was_in_vain() const;
  void begin();
  void end_test();
  void reload(pid_t master);
  void put_off(const std::string& why);
  std::string waiting_ids() const;

  const Env& env_;
  Log& log_;
  const Config& config_;
  Store& store_;
  const Certificates& certificates_;
  const int death_pipe_;
  ConfigTest test_;
  pid_t tested_ = 0;  // the master whose configuration is being tested
  ReloadRecord last_reload_;
  std::uint64_t seen_ = 0;    // of the certificates that were left to a reload
  Millis first_install_ = 0;  // of those that no reload was asked for; 0: none
  Millis look_at_ = 0;
  Millis not_before_ = 0;  // after a refusal
  Millis backoff_ = 0;
  Millis asked_at_ = 0;  // 0: nothing is expected
  bool pause_said_ = false;
  Complaint refusal_;
  Complaint no_reload_;
};

}  // namespace acme::keeper
