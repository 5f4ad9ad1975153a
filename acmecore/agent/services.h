// What every part of the agent works with; made in main, and by each test.
#pragma once

#include "agent/http.h"
#include "agent/keeper_link.h"
#include "agent/timer.h"
#include "base/env.h"
#include "base/log.h"

namespace acme::agent {

class Dns01;

struct Services {
  const Env& env;
  Timers& timers;
  Http& http;
  KeeperLink& keeper;
  Log& log;
  Dns01* dns01 = nullptr;  // none in tests that have no DNS
};

}  // namespace acme::agent
