// The same trouble is told once, then daily with a count.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"

namespace acme::agent {

class Repeat {
 public:
  // Whether trouble `words` of `subject` is to be logged now; then the value is
  // what to append to the line: nothing, or " (the 7th time since …)".
  // Numbers, times and random parts of the words do not make them different.
  std::optional<std::string> tell(const std::string& subject, const std::string& words,
                                  WallTime now);
  // The trouble is over: the next one is news.
  void forget(const std::string& subject) { told_.erase(subject); }

 private:
  struct Told {
    std::string pattern;
    WallTime first = 0;
    WallTime last = 0;
    std::uint64_t count = 0;
  };
  std::map<std::string, Told> told_;
};

}  // namespace acme::agent
