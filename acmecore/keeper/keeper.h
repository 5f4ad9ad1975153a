// The keeper: the one process that sees private keys. Root, no network; one
// thread, one poll loop.
#pragma once

#include <poll.h>
#include <deque>
#include <optional>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "board/board.h"
#include "config/config.h"
#include "keeper/accounts.h"
#include "keeper/activation.h"
#include "keeper/additions.h"
#include "keeper/agent_log.h"
#include "keeper/agent_process.h"
#include "keeper/certificates.h"
#include "keeper/checks.h"
#include "keeper/control.h"
#include "keeper/deploy.h"
#include "keeper/dispatch.h"
#include "keeper/domain_files.h"
#include "keeper/errands.h"
#include "keeper/notices.h"
#include "keeper/operator_requests.h"
#include "keeper/shown.h"
#include "keeper/trials.h"
#include "store/store.h"

namespace acme::keeper {

// Waits for the lock, then runs until the server is gone. The exit status.
// `after_reload`: older workers still accept connections for a moment.
int keep(const Env& env, Log& log, Config config, bool after_reload);

class Keeper {
 public:
  // `config`: domain files may add to it. `board`: null where there was no memory for one.
  Keeper(const Env& env, Log& log, Config& config, Store& store, BoardWriter* board);

  void restore();
  // Lets older workers go before the agent presents challenges they do not know.
  void wait_for_older_workers();
  int run();

 private:
  struct News {
    DomainFiles::Reading reading;
    Change change;
    Millis since;
  };

  void wire();
  void open_runtime();
  bool turn(int signals);  // of the loop; false: the end
  std::vector<pollfd> watched(int signals) const;
  bool take_signals(int signals);  // false: we are asked to go
  void take_over();
  void start_agent();
  Config config_for_agent();
  void welcome();
  void resume_additions();
  void take_domain_files();
  void take(News news);
  void welcome_added(const std::vector<std::string>& ids);
  void save_config();
  void read_agent();
  bool is_waiting_for_agent() const;
  void hear(const Frame& frame);
  void await_new_orders(Millis deadline);
  void hear_last(Millis deadline);
  void reap();
  bool board_is_back();
  void settle_store();
  void look_after();
  void write_status();
  std::optional<ipc::ControlAnswer> control(ipc::ControlType type,
                                            const ipc::ControlRequest& request,
                                            Control::Ticket ticket);
  ipc::ControlAnswer renew(const ipc::ControlRequest& request);
  ipc::ControlAnswer dns_persist(const ipc::ControlRequest& request);
  ipc::ControlAnswer take_over(const ipc::ControlRequest& request);
  void send(ipc::Type type, std::uint32_t id, const Secret& payload);
  int timeout() const;

  const Env& env_;
  Log& log_;
  const Config& config_;
  Store& store_;
  BoardWriter* board_;
  DomainFiles domain_files_;
  Additions additions_;
  std::optional<News> news_;  // of the domain files, not taken yet
  AgentLog agent_log_;
  Accounts accounts_;
  Certificates certificates_;
  Errands errands_;
  Checks checks_;
  Trials trials_;
  Notices notices_;
  Looks looks_;
  Deploy deploy_;
  Dispatch dispatch_;
  Activation activation_;
  AgentProcess agent_;
  Control control_;
  OperatorRequests operator_requests_;
  UniqueFd runtime_;
  std::deque<Frame> unheard_;  // what the agent said, not handled yet
  bool orphaned_ = false;      // the supervisor is gone and we could not become one
  bool status_stale_ = true;
  Millis status_written_ = 0;
  Millis status_interval_ = 0;
  Millis looked_after_ = 0;
  Millis neglect_checked_ = 0;
  Millis board_tried_ = 0;
  Complaint store_complaint_;
  Complaint board_complaint_;
  Complaint file_complaint_;
};

}  // namespace acme::keeper
