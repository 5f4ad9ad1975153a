// Starting the helper: acme-keeper, as supervisor of itself. It belongs to the
// server's master, which reaps it (nginx and httpd reap any child); it lives
// as long as the write end of its death pipe is open anywhere.
#pragma once

#include <memory>

#include "serve/serving.h"

namespace acme::serve {

struct Helper {
  pid_t pid = -1;
  UniqueFd death;  // write end: the helper ends when it is closed
  UniqueFd ready;  // read end: a byte comes when the keeper answers challenges
};

// Its programs are there and can be executed.
Outcome check_helper_program(const Config& config);

// `after_reload`: workers of the generation before still accept connections for
// a moment, and know no challenge that is presented from now on.
Result<std::unique_ptr<Helper>> start_helper(const Serving& serving, bool after_reload);

// At most `patience` milliseconds. Nobody waits for it afterwards.
void wait_until_ready(const Env& env, Helper& helper, unsigned patience);

// Some process of the helper is there.
bool is_alive(const Helper& helper);

}  // namespace acme::serve
