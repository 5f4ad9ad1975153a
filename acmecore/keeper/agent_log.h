// What the agent may write into the server's log: one escaped line each, and no
// more in the long run than a disk bears.
#pragma once

#include "base/env.h"
#include "base/log.h"

namespace acme::keeper {

class AgentLog final : public Log {
 public:
  AgentLog(const Env& env, Log& log) : env_(env), log_(log) {}
  void write(Level level, std::string_view line) override;

 private:
  // Bytes that may be written: a burst, refilled slowly.
  struct Allowance {
    std::int64_t burst;
    std::int64_t per_second;
    std::int64_t left = burst;
    Millis refilled = 0;
    std::uint64_t dropped = 0;
  };
  bool take(Allowance& from, std::size_t bytes);

  const Env& env_;
  Log& log_;
  Allowance urgent_{1 << 20, 4 << 10};    // 350 MB a day at most
  Allowance chatter_{8 << 20, 64 << 10};  // info and debug: the operator asked for it
};

}  // namespace acme::keeper
