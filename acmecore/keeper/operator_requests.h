// What the operator may ask of accounts and certificates at their CA, over the control socket
// (acmectl revoke, account), and of names (acmectl check). Here alone such wishes begin.
#pragma once

#include <optional>

#include "keeper/checks.h"
#include "keeper/control.h"
#include "keeper/errands.h"
#include "keeper/trials.h"

namespace acme::keeper {

class OperatorRequests {
 public:
  OperatorRequests(Accounts& accounts, Certificates& certificates, Errands& errands, Checks& checks,
                   Trials& trials, Control& control)
      : accounts_(accounts),
        certificates_(certificates),
        errands_(errands),
        checks_(checks),
        trials_(trials),
        control_(control) {}

  // As Control::Handler.
  std::optional<ipc::ControlAnswer> handle(ipc::ControlType type,
                                           const ipc::ControlRequest& request,
                                           Control::Ticket ticket);

 private:
  std::optional<ipc::ControlAnswer> revoke(const ipc::ControlRequest& request,
                                           Control::Ticket ticket);
  std::optional<ipc::ControlAnswer> check(const ipc::ControlRequest& request,
                                          Control::Ticket ticket);
  std::optional<ipc::ControlAnswer> dry_run(const ipc::ControlRequest& request,
                                            Control::Ticket ticket);
  std::shared_ptr<Wish> wish(Control::Ticket ticket);

  Accounts& accounts_;
  Certificates& certificates_;
  Errands& errands_;
  Checks& checks_;
  Trials& trials_;
  Control& control_;
};

}  // namespace acme::keeper
