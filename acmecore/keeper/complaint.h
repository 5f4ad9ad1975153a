// A fault that lasts: said once, then daily with a count (DESIGN.md, "Failing softly").
#pragma once

#include <string>

#include "base/env.h"
#include "base/log.h"

namespace acme::keeper {

class Complaint {
 public:
  Complaint(const Env& env, Log& log) : env_(env), log_(log) {}

  // The same `fault` again is the same trouble, whatever `details` say.
  void say(const std::string& fault, const std::string& details = {}) {
    WallTime now = env_.now();
    if (fault == fault_ && now < said_ + kDay) {
      ++again_;
      return;
    }
    std::string count;
    if (fault == fault_ && again_ > 0) count = " (" + std::to_string(again_) + " times more since)";
    fault_ = fault;
    said_ = now;
    again_ = 0;
    log_.error("helper: " + fault + details + count);
  }
  // What comes next is a new trouble.
  void over() { fault_.clear(); }

 private:
  const Env& env_;
  Log& log_;
  std::string fault_;
  WallTime said_ = 0;
  unsigned again_ = 0;
};

}  // namespace acme::keeper
