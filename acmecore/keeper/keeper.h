// The keeper: the one process that sees private keys. Root, no network; one
// thread, one poll loop.
#pragma once

#include <poll.h>
#include <optional>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "board/board.h"
#include "config/config.h"
#include "keeper/accounts.h"
#include "keeper/agent_process.h"
#include "keeper/certificates.h"
#include "keeper/control.h"
#include "keeper/dispatch.h"
#include "store/store.h"

namespace acme::keeper {

// Waits for the lock, then runs until the server is gone. The exit status.
int keep(const Env& env, Log& log, const Config& config);

class Keeper {
 public:
  Keeper(const Env& env, Log& log, const Config& config, Store& store, BoardWriter& board);

  void restore();
  int run();

 private:
  void open_runtime();
  void welcome();
  void read_agent();
  void reap();
  void write_status();
  ipc::ControlAnswer control(ipc::ControlType type, const ipc::ControlRequest& request);
  ipc::ControlAnswer renew(const ipc::ControlRequest& request);
  void send(ipc::Type type, std::uint32_t id, const Secret& payload);
  int timeout() const;

  const Env& env_;
  Log& log_;
  const Config& config_;
  BoardWriter& board_;
  Accounts accounts_;
  Certificates certificates_;
  Dispatch dispatch_;
  AgentProcess agent_;
  Control control_;
  UniqueFd runtime_;
  bool status_stale_ = true;
  Millis status_written_ = 0;
  Millis neglect_checked_ = 0;
  std::string last_status_error_;
};

}  // namespace acme::keeper
