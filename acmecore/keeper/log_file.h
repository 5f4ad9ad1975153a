// The server's error log, written by the helper in the server's own format.
// After a rotation the file is opened again by its path. Where the log is the systemd journal each
// line is an entry with fields of its own (docs/NOTIFICATIONS.md).
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>

#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "config/config.h"
#include "keeper/journal.h"

namespace acme::keeper {

class LogFile final : public Log {
 public:
  LogFile(const Env& env, ServerKind server, LogConfig config);
  void write(Level level, std::string_view line) override;
  // Only where descriptor 2 is the log and leads to the journal. A line that begins with the name
  // of one of the configuration's certificates or issuers has it in a field.
  void use_journal(Journal journal, const Config& config);

 private:
  bool write_to_journal(Level level, std::string_view line);
  int descriptor();
  std::string format(Level level, std::string_view line) const;

  const Env& env_;
  ServerKind server_;
  LogConfig config_;
  std::optional<Journal> journal_;
  std::set<std::string, std::less<>> certificates_;
  std::set<std::string, std::less<>> issuers_;
  UniqueFd file_;  // open only after a rotation; before, descriptor 2 is the log
};

}  // namespace acme::keeper
