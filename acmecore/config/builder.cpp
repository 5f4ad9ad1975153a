#include "config/builder.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "config/domain_file.h"
#include "config/environment.h"
#include "config/issuers.h"
#include "config/site_directives.h"
#include "config/values.h"

namespace acme {
namespace {

// "exactly one value", "at least 2 values", "1 or 2 values"
std::string how_many(std::size_t least, std::size_t most) {
  if (most > least && most < 10)
    return std::to_string(least) + " or " + std::to_string(most) + " values";
  return std::string(least == most ? "exactly" : "at least") +
         (least == 1 ? " one value" : " " + std::to_string(least) + " values");
}

}  // namespace

Builder::Builder(ServerKind server, std::string root, Log& log) : log_(log) {
  settings_.server = server;
  settings_.root = std::move(root);
  settings_.issuers = built_in_issuers();
  settings_.scopes.emplace_back();
  scopes_.push_back({kAtMain, 0, {}});
}

Builder::Scope Builder::add_site_scope() {
  steps_.add(ConfigStep::Kind::site_scope, 0, {}, {}, {}, 0);
  scopes_.push_back({kAtSite, settings_.scopes.size(), {}});
  settings_.scopes.emplace_back();
  return static_cast<Scope>(scopes_.size() - 1);
}

Result<Builder::Scope> Builder::add_issuer_scope(std::string_view name, Place place) {
  ACME_TRY(std::string id, parse_id("an issuer", name));
  if (parse_switch(id))
    return fail(Errc::invalid_config,
                "an issuer cannot be named \"" + id + "\": choose another name");
  auto& issuers = settings_.issuers;
  auto it = std::find_if(issuers.begin(), issuers.end(),
                         [&](const IssuerSettings& issuer) { return issuer.id == id; });
  if (it == issuers.end()) it = issuers.insert(issuers.end(), IssuerSettings{});
  if (it->configured)
    return fail(Errc::invalid_config, "the issuer \"" + id + "\" is defined already, in " +
                                          to_string(it->place) + ": keep one of the two blocks");
  steps_.add(ConfigStep::Kind::issuer_scope, 0, id, {}, place.file, place.line);
  directives_(DirectivePlace{issuer_directive(settings_.server), place.file, place.line, true});
  it->id = id;
  it->configured = true;
  it->place = std::move(place);
  scopes_.push_back({kAtIssuer, static_cast<std::size_t>(it - issuers.begin()), {}});
  return static_cast<Scope>(scopes_.size() - 1);
}

Outcome Builder::set(Scope scope, std::string_view key, const std::vector<std::string>& values,
                     Place place) {
  if (scope >= scopes_.size()) return fail(Errc::invalid_argument, "there is no such scope");
  ScopeEntry& entry = scopes_[scope];
  const Directive* directive = find_directive(settings_.server, key, entry.kind);
  if (!directive)
    return fail(Errc::invalid_config, "unknown directive \"" + printable(key) +
                                          "\" here: known are " +
                                          known_directives(settings_.server, entry.kind));
  ACME_CHECK(check(entry, *directive, values.size(), place));
  ACME_CHECK(assign(entry, directive->key, values, place));
  steps_.add(ConfigStep::Kind::directive, scope, std::string(directive->key), values, place.file,
             place.line);
  if (entry.kind != kAtIssuer)
    directives_(DirectivePlace{directive_name(settings_.server, directive->key), place.file,
                               place.line, false});
  entry.given.emplace(directive->key, std::move(place));
  return {};
}

Outcome Builder::check(ScopeEntry& scope, const Directive& directive, std::size_t values,
                       const Place& place) const {
  std::string name = directive_name(settings_.server, directive.key);
  if (directive.most_values == 0 && values != 0)
    return fail(Errc::invalid_config, "\"" + name + "\" takes no value");
  if (values < directive.least_values || values > directive.most_values)
    return fail(Errc::invalid_config, "\"" + name + "\" takes " +
                                          how_many(directive.least_values, directive.most_values));
  // In httpd the last one counts, as everywhere there.
  if (directive.repeatable || settings_.server == ServerKind::httpd) return {};
  auto earlier = scope.given.find(directive.key);
  if (earlier == scope.given.end()) return {};
  return fail(Errc::invalid_config,
              "\"" + name + "\" is given twice" +
                  (earlier->second.file.empty() || earlier->second.file == place.file
                       ? ", first in line " + std::to_string(earlier->second.line)
                       : ", first in " + to_string(earlier->second)) +
                  ": keep one");
}

Outcome Builder::assign(const ScopeEntry& scope, std::string_view key,
                        const std::vector<std::string>& values, Place place) {
  if (scope.kind == kAtIssuer)
    return assign_to_issuer(settings_.issuers[scope.index], key, values, settings_.root);
  ScopeSettings& settings = settings_.scopes[scope.index];
  if (key == "acme") {
    ACME_TRY(settings.engine, parse_engine(values, std::move(place)));
  } else if (key == "certificate") {
    ACME_TRY(CertificateDirective directive, parse_certificate(values, std::move(place)));
    settings.certificates.push_back(std::move(directive));
  } else if (key == "domain") {
    ACME_TRY(CertificateDirective directive, parse_domain(values, std::move(place)));
    settings.certificates.push_back(std::move(directive));
  } else if (key == "domain_file") {
    return read_domains(settings, values.front());
  } else if (key == "shared_zone") {
    return check_shared_zone(values.front());
  } else if (key == "renew") {
    ACME_TRY(settings.renew, parse_renew(values.front()));
  } else if (key == "status") {
    ACME_TRY(settings.status, parse_switch(values.front()));
  } else if (key == "notify" || key == "deploy" || key == "export") {
    return add_hook(settings_.global.hooks, key, values, settings_.root);
  } else if (is_outbound(key)) {
    return assign_outbound(settings_.global.outbound, key, values, settings_.root);
  } else if (key == "partial") {
    ACME_TRY(settings.partial, parse_switch(values.front()));
  } else {
    return assign_global(key, values.front());
  }
  return {};
}

Outcome Builder::read_domains(ScopeSettings& scope, const std::string& file) {
  ACME_TRY(std::string path, parse_path(settings_.root, file));
  // Before it is read: what is written meanwhile is another state.
  DomainFileState state = state_of_domain_file(path);
  ACME_TRY(std::string text, read_domain_file(path));
  DomainFile read = parse_domain_file(text, path);
  state.certificates = static_cast<std::uint32_t>(read.certificates.size());
  domain_files_.push_back(std::move(state));
  settings_.domain_files = true;
  scope.domain_file = true;
  std::move(read.certificates.begin(), read.certificates.end(),
            std::back_inserter(scope.certificates));
  std::move(read.faults.begin(), read.faults.end(), std::back_inserter(settings_.faulty_lines));
  return {};
}

Outcome Builder::assign_global(std::string_view key, const std::string& value) {
  GlobalSettings& global = settings_.global;
  if (key == "state_path") {
    ACME_TRY(global.state_path, parse_path(settings_.root, value));
  } else if (key == "runtime_path") {
    ACME_TRY(global.runtime_path, parse_path(settings_.root, value));
  } else if (key == "helper_path") {
    ACME_TRY(global.helper_path, parse_path(settings_.root, value));
  } else if (key == "user") {
    if (value.empty()) return fail(Errc::invalid_config, "the user's name is empty");
    global.user = value;
  } else if (key == "certificate_cache") {
    ACME_TRY(global.certificate_cache, parse_certificates(value, kLargestCertificateCache));
  } else if (key == "activation") {
    ACME_TRY(global.activation, parse_activation(value));
  } else if (key == "self_check") {
    ACME_TRY(global.self_check, parse_switch(value));
  } else {
    return fail(Errc::internal, "the directive " + std::string(key) + " has no parser");
  }
  return {};
}

Result<std::uint32_t> Builder::add_site(SiteDescription site) {
  if (site.scope >= scopes_.size() || scopes_[site.scope].kind == kAtIssuer)
    return fail(Errc::invalid_argument, "a site needs the outermost scope or one of its own");
  steps_.add(ConfigStep::Kind::site, site.scope, {}, site.names, site.place.file, site.place.line,
             site.tls, site.own_certificate);
  site.scope = static_cast<std::uint32_t>(scopes_[site.scope].index);
  settings_.sites.push_back(std::move(site));
  return static_cast<std::uint32_t>(settings_.sites.size() - 1);
}

Outcome Builder::add_listener(std::uint32_t site, const std::string& address, unsigned flags) {
  if (site >= settings_.sites.size()) return fail(Errc::invalid_argument, "there is no such site");
  steps_.add(ConfigStep::Kind::listener, site, address, {}, {}, flags);
  const bool proxy_protocol = (flags & kListenerProxyProtocol) != 0;
  auto [it, is_new] = listeners_.try_emplace(
      {address, proxy_protocol}, static_cast<std::uint32_t>(settings_.listeners.size()));
  if (is_new) settings_.listeners.push_back({address, proxy_protocol});
  settings_.sites[site].listeners.push_back(
      {it->second, (flags & kListenerTls) != 0, (flags & kListenerDefault) != 0});
  return {};
}

bool Builder::shows_status(std::uint32_t site) const {
  if (site >= settings_.sites.size()) return false;
  const ScopeSettings& scope = settings_.scopes[settings_.sites[site].scope];
  return scope.status.value_or(settings_.scopes.front().status.value_or(false));
}

void Builder::set_facts(ServerFacts facts) {
  settings_.facts = std::move(facts);
  if (resolved_) resolve_environment(settings_, resolution_.config);
}

void Builder::report_environment() const {
  acme::report_environment(settings_, resolution_.config, log_);
}

Outcome Builder::resolve(ResolveMode mode) {
  ACME_TRY(resolution_, acme::resolve(settings_, mode, log_));
  resolved_ = true;
  keep_layout();
  if (!domain_files_.empty()) keep_source();
  return {};
}

void Builder::keep_source() {
  ConfigSource& source = resolution_.config.source;
  source.root = settings_.root;
  source.steps = steps_.bytes().clone();
  source.files = domain_files_;
  for (const SitePlan& plan : resolution_.sites)
    source.sites += plan.kind == SitePlan::Kind::off ? '0' : '1';
}

void Builder::keep_layout() {
  ConfigLayout& layout = resolution_.config.layout;
  layout.root = settings_.root;
  directive_places_ += directives_.finish().view();
  layout.directives = directive_places_;
  ArchiveWriter sites;
  for (std::size_t i = 0; i < resolution_.sites.size(); ++i) {
    const SitePlan& plan = resolution_.sites[i];
    if (plan.kind == SitePlan::Kind::off) continue;
    const SiteDescription& site = settings_.sites[i];
    SitePlace row{site.place.file, site.place.line, site.names, {}, false, site.own_certificate};
    row.is_main = settings_.server == ServerKind::httpd && i == 0;
    for (std::uint32_t index : plan.certificates)
      row.certificates.push_back(resolution_.config.certificates[index].id);
    sites(row);
  }
  layout.sites = sites.finish().view();
}

}  // namespace acme
