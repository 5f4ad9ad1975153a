#include "config/resolve.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/certificates.h"
#include "config/directives.h"
#include "config/environment.h"
#include "config/issuers.h"
#include "config/names.h"
#include "config/site_names.h"

namespace acme {
namespace {

class Resolver {
 public:
  Resolver(const Settings& settings, Log& log) : settings_(settings), log_(log) {}

  Result<Resolution> run() {
    ACME_CHECK(check_issuers());
    ACME_CHECK(add_main_certificates());
    by_site_.resize(settings_.sites.size());
    for (std::size_t i = 0; i < settings_.sites.size(); ++i)
      ACME_CHECK(add_site_certificates(settings_.sites[i], by_site_[i]));
    Resolution out;
    for (std::size_t i = 0; i < settings_.sites.size(); ++i) {
      ACME_TRY(SitePlan plan, plan_site(settings_.sites[i], by_site_[i]));
      out.sites.push_back(std::move(plan));
    }
    resolve_environment(settings_, out.config);
    out.config.certificates = certificates_.finish();
    fill_issuers(out.config);
    warn_of_missing_listener(out.config);
    return out;
  }

 private:
  using Mode = EngineDirective::Mode;
  using Indexes = std::vector<std::uint32_t>;

  const ScopeSettings& main() const { return settings_.scopes[0]; }
  const ScopeSettings& own_scope(const SiteDescription& site) const {
    return settings_.scopes[site.scope];
  }
  std::string word(std::string_view key) const { return directive_name(settings_.server, key); }

  // ---- issuers

  const IssuerSettings* find_issuer(std::string_view id) const {
    for (const IssuerSettings& issuer : settings_.issuers)
      if (issuer.id == id) return &issuer;
    return nullptr;
  }

  Outcome check_known(const std::vector<std::string>& ids, const Place& place) const {
    for (const std::string& id : ids)
      if (!find_issuer(id))
        return fail(Errc::invalid_config, "unknown issuer \"" + id + "\": define it with " +
                                              issuer_block(settings_.server, id) + " or write " +
                                              std::string(kDefaultIssuer) + ", in " +
                                              to_string(place));
    return {};
  }

  Outcome check_issuers() const {
    for (const ScopeSettings& scope : settings_.scopes) {
      if (scope.engine) ACME_CHECK(check_known(scope.engine->issuers, scope.engine->place));
      for (const CertificateDirective& directive : scope.certificates)
        ACME_CHECK(check_known(directive.issuers, directive.place));
    }
    for (const IssuerSettings& issuer : settings_.issuers)
      if (!issuer.verify_tls)
        log_.warning("the TLS certificate of the CA \"" + issuer.id + "\" is not checked (" +
                     word("verify") + " off): for tests only, in " + to_string(issuer.place));
    return {};
  }

  // `on` means the issuers of the nearest outer level.
  std::vector<std::string> engine_issuers(const SiteDescription& site) const {
    const ScopeSettings& own = own_scope(site);
    if (own.engine && own.engine->mode == Mode::issuers) return own.engine->issuers;
    if (main().engine && main().engine->mode == Mode::issuers) return main().engine->issuers;
    return {std::string(kDefaultIssuer)};
  }

  Mode engine_mode(const SiteDescription& site) const {
    const ScopeSettings& own = own_scope(site);
    if (own.engine) return own.engine->mode;
    return main().engine ? main().engine->mode : Mode::off;
  }

  RenewPolicy renew(const ScopeSettings& scope) const {
    if (scope.renew) return *scope.renew;
    return main().renew.value_or(RenewPolicy{});
  }

  // ---- what stands in the site itself, and what it inherits

  bool in_site(const SiteDescription& site) const { return site.scope != 0; }
  bool engine_in_site(const SiteDescription& site) const {
    const ScopeSettings& own = own_scope(site);
    return in_site(site) && own.engine && own.engine->mode != Mode::off;
  }
  bool certificate_in_site(const SiteDescription& site) const {
    return in_site(site) && !own_scope(site).certificates.empty();
  }
  bool switched_off_in_site(const SiteDescription& site) const {
    const ScopeSettings& own = own_scope(site);
    return in_site(site) && own.engine && own.engine->mode == Mode::off;
  }

  // Whether anything of ours may happen to the site at all.
  bool concerned(const SiteDescription& site) const {
    if (!site.tls) return false;
    bool named_here = engine_in_site(site) || certificate_in_site(site);
    if (switched_off_in_site(site) && !certificate_in_site(site)) return false;
    // A file of the operator's own beside an inherited `acme` is left alone.
    return named_here || !site.own_certificate;
  }

  void warn_without_tls(const SiteDescription& site) const {
    if (site.tls || (!engine_in_site(site) && !certificate_in_site(site))) return;
    log_.warning("\"" + word(certificate_in_site(site) ? "certificate" : "acme") +
                 "\" has no effect in a server without a TLS listener, in " +
                 to_string(site.place));
  }

  // ---- certificates by hand

  Outcome refuse_wildcards(const std::vector<std::string>& names, const Place& place) const {
    for (const std::string& name : names)
      if (name.starts_with("*"))
        return fail(Errc::invalid_config,
                    "the wildcard \"" + name +
                        "\" needs dns-01, which needs a DNS provider: this version has none, so "
                        "write the names out, in " +
                        to_string(place));
    return {};
  }

  Result<std::uint32_t> add_by_hand(const CertificateDirective& directive,
                                    std::vector<std::string> names, const ScopeSettings& scope) {
    ACME_CHECK(refuse_wildcards(names, directive.place));
    std::vector<KeyType> keys = directive.keys;
    if (keys.empty()) keys = issuer_keys(*find_issuer(directive.issuers.front()));
    return certificates_.add({std::move(names), directive.issuers, std::move(keys), renew(scope),
                              directive.id, true, directive.place});
  }

  Outcome add_main_certificates() {
    for (const CertificateDirective& directive : main().certificates) {
      if (directive.names.empty()) continue;  // for each site with its own names
      ACME_CHECK(add_by_hand(directive, directive.names, main()));
    }
    return {};
  }

  // acme_certificate without names: those of the site, `.example.com` meaning
  // apex and www as everywhere in this directive.
  Outcome add_nameless(const SiteDescription& site, const CertificateDirective& directive,
                       Indexes& out) {
    SiteDescription spelled = site;
    spelled.names.clear();
    for (const std::string& text : site.names) {
      CheckedName checked = check_name(text);
      bool dotted = checked.kind == NameKind::dotted;
      spelled.names.push_back(dotted ? checked.name : text);
      if (dotted) spelled.names.push_back("www." + checked.name);
    }
    SiteNames names = site_names(spelled, nullptr);
    bool inherited = !certificate_in_site(site);
    std::vector<std::string> chosen = inherited ? names.hosts : names.all();
    if (chosen.empty()) return no_names(site, inherited, "certificate");
    ACME_TRY(std::uint32_t index,
             add_by_hand(directive, std::move(chosen), inherited ? main() : own_scope(site)));
    out.push_back(index);
    return {};
  }

  Outcome add_site_certificates(const SiteDescription& site, Indexes& out) {
    warn_without_tls(site);
    if (!concerned(site)) return {};
    const ScopeSettings& source = certificate_in_site(site) ? own_scope(site) : main();
    for (const CertificateDirective& directive : source.certificates) {
      if (directive.names.empty()) {
        ACME_CHECK(add_nameless(site, directive, out));
      } else if (certificate_in_site(site)) {
        ACME_TRY(std::uint32_t index, add_by_hand(directive, directive.names, source));
        out.push_back(index);
      }
    }
    return {};
  }

  // ---- sites

  Outcome no_names(const SiteDescription& site, bool inherited, std::string_view key) const {
    std::string message = "\"" + word(key) +
                          "\" is on, but the server has no name that a "
                          "certificate could carry: give it one";
    message += ", in " + to_string(site.place);
    if (!inherited) return fail(Errc::invalid_config, message);
    log_.warning(message + " (it is left alone)");
    return {};
  }

  Result<SitePlan> plan_site(const SiteDescription& site, Indexes certificates) {
    if (!concerned(site)) return SitePlan{};
    if (engine_mode(site) != Mode::off) {
      ACME_CHECK(plan_own_names(site, certificates));
    } else if (certificates.empty()) {
      use_main_certificates(site, certificates);
    } else {
      site_names(site, &log_);
    }
    SitePlan plan;
    if (certificates.empty()) return plan;
    plan.kind = site.own_certificate ? SitePlan::Kind::bridge : SitePlan::Kind::managed;
    plan.certificates = std::move(certificates);
    return plan;
  }

  // The site is under `acme`, here or further out.
  Outcome plan_own_names(const SiteDescription& site, Indexes& certificates) {
    SiteNames names = site_names(site, &log_);
    bool inherited = !engine_in_site(site);
    if (inherited) skip_wildcards(site, names);
    std::vector<std::string> wanted = names.all();
    if (wanted.empty()) return certificates.empty() ? no_names(site, inherited, "acme") : Outcome();
    if (covered_by(certificates, wanted)) return {};
    if (auto covering = certificates_.covering(wanted)) {
      certificates.push_back(*covering);
      return {};
    }
    ACME_CHECK(refuse_wildcards(wanted, site.place));
    std::vector<std::string> issuers = engine_issuers(site);
    std::vector<KeyType> keys = issuer_keys(*find_issuer(issuers.front()));
    ACME_TRY(std::uint32_t index, certificates_.add({std::move(wanted),
                                                     std::move(issuers),
                                                     std::move(keys),
                                                     renew(own_scope(site)),
                                                     {},
                                                     false,
                                                     site.place}));
    certificates.push_back(index);
    return {};
  }

  void skip_wildcards(const SiteDescription& site, SiteNames& names) const {
    for (const std::string& name : names.wildcards)
      log_.warning("no certificate for the wildcard \"" + name +
                   "\": it needs dns-01, which needs a DNS provider, in " + to_string(site.place));
    names.wildcards.clear();
  }

  bool covered_by(const Indexes& certificates, const std::vector<std::string>& names) const {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::any_of(certificates.begin(), certificates.end(), [&](std::uint32_t index) {
        return coverage(certificates_.names(index), name) != Coverage::none;
      });
    });
  }

  // No `acme` anywhere: certificates by hand of the outermost scope are for
  // the servers that carry their names.
  void use_main_certificates(const SiteDescription& site, Indexes& certificates) const {
    if (main().certificates.empty()) return;
    std::vector<std::string> names = site_names(site, nullptr).all();
    certificates = certificates_.touching(names);
    for (const std::string& name : names)
      if (!certificates.empty() && !covered_by(certificates, {name}))
        log_.warning("no certificate covers the name \"" + name + "\" of the server in " +
                     to_string(site.place) + ": add it to \"" + word("certificate") + "\"");
  }

  // ---- the whole

  void fill_issuers(Config& config) const {
    std::set<std::string> used;
    for (const CertificateConfig& certificate : config.certificates)
      used.insert(certificate.issuers.begin(), certificate.issuers.end());
    for (const IssuerSettings& issuer : settings_.issuers)
      if (issuer.configured || used.contains(issuer.id))
        config.issuers.push_back(issuer_config(issuer, config.plain_http_listener));
  }

  void warn_of_missing_listener(const Config& config) const {
    if (config.plain_http_listener || config.certificates.empty()) return;
    for (const IssuerConfig& issuer : config.issuers) {
      if (issuer.challenges != std::vector{ChallengeType::http01}) continue;
      log_.warning("no plain-HTTP listener: the http-01 challenges of \"" + issuer.id +
                   "\" can be answered only if port 80 of every name reaches this server in "
                   "another way; tls-alpn-01 needs port 443 alone");
    }
  }

  const Settings& settings_;
  Log& log_;
  CertificateSet certificates_;
  std::vector<Indexes> by_site_;
};

}  // namespace

Result<Resolution> resolve(const Settings& settings, Log& log) {
  return Resolver(settings, log).run();
}

}  // namespace acme
