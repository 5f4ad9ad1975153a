// The supervisor: keeps one keeper alive as long as the server's master lives.
//
// Descriptors that the module hands over, the same for supervisor and keeper:
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/log.h"

namespace acme::keeper {

enum Descriptor : int {
  kConfigFd = 3,      // sealed memfd
  kBoardFd = 4,       // memfd, read-write
  kDeathFd = 5,       // ends when the server's master is gone, or has a newer generation
  kReadyFd = 6,       // a byte goes here when the keeper answers challenges
  kSupervisorFd = 7,  // keeper only: ends when the supervisor is gone
};

// Returns when the server is gone.
int supervise(const Env& env, Log& log, bool after_reload);

// In the keeper, when its supervisor has died: becomes one itself, with the
// same descriptors. Returns only when exec fails.
void become_supervisor();

// Tells the server, who may be waiting, that challenges are answered. Once; later
// calls do nothing.
void tell_ready();

// Of a pipe: its other end is gone.
bool has_ended(int pipe);

// The path of the program that runs, also after a package replaced it.
std::string own_program();

// Names that a helper keeps of its environment.
std::vector<std::string> clean_environment();

}  // namespace acme::keeper
