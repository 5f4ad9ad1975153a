// The names of a site, as the server was given them, that a certificate can carry.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace acme {

struct SiteNames {
  std::vector<std::string> hosts;
  std::vector<std::string> wildcards;
  // What no public CA puts into a certificate; an operator may, by hand, where
  // `name` is not empty (localhost).
  struct Unfit {
    std::string text;
    std::string name;
    std::string reason;
  };
  std::vector<Unfit> unfit;
  // Written with letters beyond ASCII, and not as clients ask for it besides.
  struct International {
    std::string text;
    std::string name;
  };
  std::vector<International> international;

  std::vector<std::string> all() const;  // hosts, wildcards
  // All that a certificate by hand may have.
  std::vector<std::string> by_hand() const;
};

// `.example.com` is the apex and `*.example.com`.
SiteNames site_names(const std::vector<std::string>& names);

}  // namespace acme
