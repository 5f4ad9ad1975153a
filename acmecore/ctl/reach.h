// Commands find their keeper: the server's that runs, else one that is started on its store.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "ctl/commands.h"
#include "ctl/keeper_client.h"
#include "ipc/control.h"

namespace acme::ctl {

struct Question {
  ipc::ControlType type;
  ipc::ControlRequest request{};
  std::string offline{};  // the command of acme-keeper --once; empty: needs a running server
};

// The first place where a server answers; else the first whose store is there. A server that was
// started a moment ago holds its store before it answers: that is waited for.
Result<ipc::ControlAnswer> reach(const std::vector<Place>& places, const Question& question);
// From the store of the first place that has one, whether a server runs or not.
Result<ipc::ControlAnswer> read_store(const std::vector<Place>& places, const std::string& command,
                                      const std::vector<std::string>& names);

// On standard error; 1.
int complain(const std::string& what);
// The same, and what else may be the matter.
int complain_of_reach(const Error& error);
// The helper's own words, which may hold somebody else's.
void print_lines(std::string_view text);
// What was asked for, or its refusal.
int print_answer(const Result<ipc::ControlAnswer>& answer);

}  // namespace acme::ctl
