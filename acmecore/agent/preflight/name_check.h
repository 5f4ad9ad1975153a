// One name as a CA will see it: its addresses, each by itself, and CAA.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/preflight/caa.h"
#include "agent/preflight/view.h"
#include "ipc/check.h"

namespace acme::agent {

struct NameQuestion {
  std::string name;            // of a wildcard only CAA is looked at, of an address only the way
  bool needs_address = false;  // the CA will come there
  bool needs_port80 = false;   // and asks for http-01
  std::uint16_t port = 80;
  std::string answer;  // of workers to our token, "token.rest"; empty: see hindered
  std::string hindered;
  CaaExpectation caa;
};

// `done` is called later, once, unless the agent ends before.
void check_name(const View& view, NameQuestion question, std::function<void(ipc::NameReport)> done);

}  // namespace acme::agent
