// The old certificate serves what it covers: which stored certificate stands
// in for a configured one that has nothing stored under its own id.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/store.h"

namespace acme::serve {

class Fallbacks {
 public:
  // Reads every stored version once; only those in date count.
  Fallbacks(const Store& store, WallTime now);
  // The one that covers most of the names (then: that is valid longest); nullptr: none.
  const Lineage* best_for(const std::vector<std::string>& names) const;

 private:
  struct Candidate {
    Lineage lineage;
    std::vector<std::string> names;
    WallTime not_after = 0;
  };
  std::vector<Candidate> candidates_;
  std::multimap<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace acme::serve
