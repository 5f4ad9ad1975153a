// How orders end that were asked for, seen from one status to the next.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace acme::ctl {

enum class End { under_way, obtained, failed };

struct Followed {
  End end = End::under_way;
  std::string line;  // for people: what is being done, or how it ended
};

// Of each of `before`, what `now` says of it: another serial, or another failure.
std::vector<Followed> follow(const std::vector<Json>& before, const Json& now);

}  // namespace acme::ctl
