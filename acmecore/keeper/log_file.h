// The server's error log, written by the helper in the server's own format.
// After a rotation the file is opened again by its path.
#pragma once

#include <sys/types.h>

#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "config/config.h"

namespace acme::keeper {

class LogFile final : public Log {
 public:
  LogFile(const Env& env, ServerKind server, LogConfig config);
  void write(Level level, std::string_view line) override;

 private:
  int descriptor();
  std::string format(Level level, std::string_view line) const;

  const Env& env_;
  ServerKind server_;
  LogConfig config_;
  UniqueFd file_;  // open only after a rotation; before, descriptor 2 is the log
};

}  // namespace acme::keeper
