// Tells operators what has happened: runs their program, or asks their URL, one notice after the
// other for each of them, again and again with pauses until it is told or a day has gone.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "agent/program_run.h"
#include "agent/repeat.h"
#include "agent/services.h"
#include "agent/watches.h"
#include "config/hooks.h"
#include "ipc/notice.h"

namespace acme::agent {

class Notifier {
 public:
  Notifier(Services services, Watches& watches, const std::vector<NotifyConfig>& targets);
  ~Notifier();

  void tell(ipc::Notice notice);

 private:
  struct Target;

  void make_room(Target& target);
  void next(Target& target);
  void run_program(Target& target);
  void ask_url(Target& target);
  void ended(Target& target, const Outcome& outcome);
  void finish(const ipc::Notice& notice);

  Services services_;
  std::vector<std::unique_ptr<Target>> targets_;
  Repeat failures_;
  std::shared_ptr<int> lifetime_ = std::make_shared<int>(0);  // of answers that come late
};

}  // namespace acme::agent
