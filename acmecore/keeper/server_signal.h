// The server's master process: found by its pid file, believed only when it is
// the one that we belong to, asked to reload gracefully.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "config/config.h"

namespace acme::keeper {

// A pid file may be old, or another server's: what it names counts only if that
// process holds the writing end of our death pipe. Errc::busy while nginx changes
// its binary: the old master, which <pid file>.oldbin names then, would not read
// its configuration, but start more workers with each signal.
Result<pid_t> find_master(const std::string& pid_file, int death_pipe);

// nginx: SIGHUP, httpd: SIGUSR1.
Outcome reload_gracefully(ServerKind server, pid_t master);

}  // namespace acme::keeper
