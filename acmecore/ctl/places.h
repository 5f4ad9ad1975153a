// Which server a command is for: --server, --state and --runtime.
#pragma once

#include <string>
#include <vector>

#include "ctl/keeper_client.h"

namespace acme::ctl {

class Places {
 public:
  // Takes the argument at `i`, and its value, where it is one of these.
  bool take(int argc, char** argv, int& i);
  // In the order in which they are tried: what was named, else those of nginx and of httpd.
  std::vector<Place> all() const;

 private:
  std::string server_;
  std::string state_;
  std::string runtime_;
};

}  // namespace acme::ctl
