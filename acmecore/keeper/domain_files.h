// Watches the domain files, and says what the configuration comes to when one has
// changed: the whole of it is resolved anew, as the server's next reload would do it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "config/config.h"
#include "config/resolve.h"

namespace acme::keeper {

class DomainFiles {
 public:
  // `config` outlives this; of it only what was said is looked at.
  DomainFiles(const Env& env, Log& log, const Config& config)
      : env_(env), log_(log), config_(config), taken_(config.source.files) {}

  struct Reading {
    Resolution resolution;
    // Nothing is wrong with the files: what they do not say any more is not wanted any more.
    bool complete = true;
  };
  // Looks once a second. A change counts when it is a second old: a file that is being written
  // is left alone. What is wrong is logged; a file that cannot be read changes nothing.
  std::optional<Reading> look();
  Millis next_look(Millis until) const;

 private:
  using States = std::vector<DomainFileState>;
  std::optional<Reading> read(const States& now);
  bool note_emptied(const States& read);
  void say(Level level, const std::string& line);

  const Env& env_;
  Log& log_;
  const Config& config_;
  States taken_;  // as they were when they were read
  States seen_;   // a second ago
  Millis next_look_ = 0;
  Millis try_again_ = 0;          // 0: the last reading went well
  std::set<std::string> said_;    // about the last reading
  std::set<std::string> saying_;  // about this one
};

}  // namespace acme::keeper
