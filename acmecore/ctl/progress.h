// What is going on while a CA is waited for: one line that is written over, on a terminal only.
#pragma once

#include <string>

#include "base/time.h"

namespace acme::ctl {

class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool is_shown() const { return is_shown_; }
  // With how long it has taken by now.
  void show(const std::string& what);
  void clear();

 private:
  bool is_shown_;
  bool is_written_ = false;
  Millis began_;
};

}  // namespace acme::ctl
