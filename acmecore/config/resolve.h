// From what the directives said to the certificates that there are, and which
// of them each site uses. No side effects but warnings; users are looked up.
//
//   1. Certificates by hand (acme_certificate, ACMEDomain, domain files) of the
//      outermost scope and of each site with a TLS listener.
//   2. For each such site under `acme`: the certificate by hand that covers its
//      names, else one of its own. Equal ones are one.
//   3. Ids and board slots.
//
// Where httpd's habits are others than nginx's:
//   - Certificates by hand have no name in common.
//   - One of the outermost scope is for each virtual host that carries one of
//     its names, as if it stood there; `acme off` in the host is the last word.
//   - A host may carry names of many of them. Under `acme` only the names that
//     are left get a certificate of the host's own.
#pragma once

#include <cstdint>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "config/settings.h"

namespace acme {

struct SitePlan {
  enum class Kind : std::uint8_t {
    off,      // not ours
    managed,  // ours; the server gave no certificate of its own
    bridge    // ours; the operator's file answers until the first certificate is there
  } kind = Kind::off;
  std::vector<std::uint32_t>
      certificates;  // indexes into Config::certificates; the first is the site's own; none where
                     // a domain file of the site's has no line yet
};

struct Resolution {
  Config config;
  std::vector<SitePlan> sites;
};

enum class ResolveMode {
  strict,  // a typing error is the answer
  anyhow   // what has one is left out, with an error line: for a restart that must go on
};
Result<Resolution> resolve(const Settings& settings, ResolveMode mode, Log& log);

}  // namespace acme
