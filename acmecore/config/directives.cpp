#include "config/directives.h"

namespace acme {
namespace {

// The names that the table uses (see acmecore.h, which this room does not include).
constexpr unsigned ACME_AT_MAIN = kAtMain;
constexpr unsigned ACME_AT_SITE = kAtSite;
constexpr unsigned ACME_AT_ISSUER = kAtIssuer;
constexpr unsigned ACME_AT_LOCATION = kAtLocation;
constexpr std::size_t ACME_ANY = 0x7fffffff;

constexpr std::string_view text(const char* literal) {
  return literal ? std::string_view(literal) : std::string_view();
}

constexpr Directive kTable[] = {
#define ACME_DIRECTIVE(key, httpd, nginx, scopes, least, most, repeatable, standard, help) \
  {key, text(httpd), text(nginx), scopes, least, most, (repeatable) != 0},
#include "acmecore/directives.def"
#undef ACME_DIRECTIVE
};

}  // namespace

const Directive* find_directive(ServerKind server, std::string_view key, DirectiveScope scope) {
  for (const Directive& row : kTable) {
    if ((row.scopes & scope) == 0 || row.name(server).empty()) continue;
    if (row.key == key || (scope == kAtIssuer && row.name(server) == key)) return &row;
  }
  return nullptr;
}

std::string directive_name(ServerKind server, std::string_view key) {
  for (const Directive& row : kTable)
    if (row.key == key && !row.name(server).empty()) return std::string(row.name(server));
  return std::string(key);
}

std::string known_directives(ServerKind server, DirectiveScope scope) {
  std::string out;
  for (const Directive& row : kTable) {
    if ((row.scopes & scope) == 0 || row.name(server).empty()) continue;
    if (!out.empty()) out += ", ";
    out += row.name(server);
  }
  return out;
}

std::string issuer_block(ServerKind server, std::string_view name) {
  if (server == ServerKind::httpd) return "<ACMEIssuer " + std::string(name) + ">";
  return "acme_issuer " + std::string(name) + " { ... }";
}

std::string issuer_directive(ServerKind server) {
  return server == ServerKind::httpd ? "<ACMEIssuer>" : "acme_issuer";
}

std::string_view site_word(ServerKind server) {
  return server == ServerKind::httpd ? "virtual host" : "server";
}

std::string_view tls_word(ServerKind server) {
  return server == ServerKind::httpd ? "\"SSLEngine on\"" : "a TLS listener";
}

}  // namespace acme
