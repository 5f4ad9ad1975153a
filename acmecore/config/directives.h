// The table of directives (acmecore/directives.def), for the core's own checks.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace acme {

// Bits, with the numbers of ACME_AT_… in acmecore.h.
enum DirectiveScope : unsigned { kAtMain = 1, kAtSite = 2, kAtIssuer = 4, kAtLocation = 8 };

struct Directive {
  std::string_view key;
  std::string_view httpd_name;  // empty: not in that server
  std::string_view nginx_name;
  unsigned scopes;
  std::size_t least_values;
  std::size_t most_values;
  bool repeatable;

  std::string_view name(ServerKind server) const {
    return server == ServerKind::httpd ? httpd_name : nginx_name;
  }
};

// By key; inside an issuer's block also by the server's own name. nullptr: there is none.
const Directive* find_directive(ServerKind server, std::string_view key, DirectiveScope scope);
// What operators of this server call it.
std::string directive_name(ServerKind server, std::string_view key);
// The names of all that may stand in a scope: "uri, contact, …".
std::string known_directives(ServerKind server, DirectiveScope scope);
// How an issuer of that name is defined: "acme_issuer NAME { … }".
std::string issuer_block(ServerKind server, std::string_view name);
// What such a block begins with: "acme_issuer".
std::string issuer_directive(ServerKind server);
// What a site is called: "server", "virtual host".
std::string_view site_word(ServerKind server);
// What makes it speak TLS: "a TLS listener", "SSLEngine on".
std::string_view tls_word(ServerKind server);

}  // namespace acme
