// Collects directives and sites as the server reads its configuration, checks
// each by itself, and resolves the whole into a Config. The C ABI's
// acme_config is one of these.
//
// Errors of set() and add_issuer_scope() carry no file and line (the module
// that called knows them and its server prints them); those of resolve() do.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "config/directives.h"
#include "config/resolve.h"
#include "config/settings.h"
#include "config/source.h"

namespace acme {

class Builder {
 public:
  // `log` outlives the builder; it gets the warnings of resolve().
  Builder(ServerKind server, std::string root, Log& log);

  using Scope = std::uint32_t;
  static constexpr Scope kMain = 0;
  Scope add_site_scope();
  Result<Scope> add_issuer_scope(std::string_view name, Place place);

  Outcome set(Scope scope, std::string_view key, const std::vector<std::string>& values,
              Place place);
  // Again after resolve(), when the server knows more by then.
  void set_facts(ServerFacts facts);
  Result<std::uint32_t> add_site(SiteDescription site);

  // Where a site listens. What cannot be asked from here is taken all the same.
  enum ListenerFlags : unsigned {
    kListenerTls = 1,
    kListenerProxyProtocol = 2,
    kListenerDefault = 4
  };
  Outcome add_listener(std::uint32_t site, const std::string& address, unsigned flags);

  // Whether the status page may be shown on it.
  bool shows_status(std::uint32_t site) const;

  Outcome resolve(ResolveMode mode = ResolveMode::strict);
  bool resolved() const { return resolved_; }
  const Resolution& resolution() const { return resolution_; }
  // Those that were read, in the order of the directives.
  const std::vector<DomainFileState>& domain_files() const { return domain_files_; }
  // What the environment lacks, when the configuration is about to be used.
  void report_environment() const;

 private:
  // Where the settings of a scope lie: in settings_.scopes or settings_.issuers.
  struct ScopeEntry {
    DirectiveScope kind;
    std::size_t index;
    std::map<std::string, Place, std::less<>> given;  // directives that stand here
  };

  Outcome check(ScopeEntry& scope, const Directive& directive, std::size_t values,
                const Place& place) const;
  Outcome assign(const ScopeEntry& scope, std::string_view key,
                 const std::vector<std::string>& values, Place place);
  Outcome read_domains(ScopeSettings& scope, const std::string& file);
  void keep_source();
  void keep_layout();
  Outcome assign_global(std::string_view key, const std::string& value);

  Log& log_;
  Settings settings_;
  std::vector<ScopeEntry> scopes_;
  ConfigSteps steps_;
  ArchiveWriter directives_;  // DirectivePlace, until it is resolved
  std::string directive_places_;
  std::map<std::pair<std::string, bool>, std::uint32_t> listeners_;  // index in the settings
  std::vector<DomainFileState> domain_files_;
  Resolution resolution_;
  bool resolved_ = false;
};

}  // namespace acme
