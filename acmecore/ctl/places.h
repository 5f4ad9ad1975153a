// Which server a command is for: --server, --state and --runtime.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/keeper_client.h"

namespace acme::ctl {

class Places {
 public:
  // False: it is none of these options.
  bool take(std::string_view option, const std::string& value);
  // In the order in which they are tried: what was named, else those of nginx and of httpd.
  std::vector<Place> all() const;

 private:
  std::string server_;
  std::string state_;
  std::string runtime_;
};

}  // namespace acme::ctl
