// Where operators read what happened: one line per event.
#pragma once

#include <string>
#include <string_view>

namespace acme {

// syslog's numbers; nginx and httpd use the same order.
enum class Level : int { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Level level, std::string_view line) = 0;

  void error(std::string_view line) { write(Level::error, line); }
  void warning(std::string_view line) { write(Level::warning, line); }
  void notice(std::string_view line) { write(Level::notice, line); }
  void info(std::string_view line) { write(Level::info, line); }
  void debug(std::string_view line) { write(Level::debug, line); }
};

}  // namespace acme
