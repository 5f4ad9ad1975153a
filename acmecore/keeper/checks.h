// Names looked at as a CA will see them: tokens that workers answer for the agent's probes, and
// what the operator wants to know (acmectl check).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/env.h"
#include "board/board.h"
#include "ipc/check.h"
#include "ipc/control.h"
#include "keeper/certificates.h"

namespace acme::keeper {

class Checks {
 public:
  using Answer = std::function<void(const ipc::ControlAnswer&)>;

  Checks(const Env& env, Certificates& certificates, BoardWriter* board)
      : env_(env), certificates_(certificates), board_(board) {}

  // To be told to the agent; false: there is none.
  std::function<bool(const ipc::Check&)> on_new;

  // Of a certificate all names, or the one name that it carries. An answer at once is a refusal.
  std::optional<ipc::ControlAnswer> ask(const std::string& name, Answer answer);

  // ---- the agent's requests
  // Token and rest are random: what is answered so is of no use to anybody, a CA least of all.
  Result<std::string> begin_probe();
  Outcome end_probe(const std::string& token);
  Outcome done(const ipc::CheckDone& report);

  // The agent that asked is gone.
  void forget_agent();

 private:
  struct Open {
    ipc::Check check;
    Answer answer;
  };

  const Env& env_;
  Certificates& certificates_;
  BoardWriter* board_;  // null: there was no memory for one
  std::set<std::string> tokens_;
  std::map<std::uint32_t, Open> open_;
  std::uint32_t last_ = 0;
};

}  // namespace acme::keeper
