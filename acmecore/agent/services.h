// What every part of the agent works with; made in main, and by each test.
#pragma once

#include "agent/http.h"
#include "agent/keeper_link.h"
#include "agent/timer.h"
#include "base/env.h"
#include "base/log.h"

namespace acme::agent {

struct Services {
  const Env& env;
  Timers& timers;
  Http& http;
  KeeperLink& keeper;
  Log& log;
};

}  // namespace acme::agent
