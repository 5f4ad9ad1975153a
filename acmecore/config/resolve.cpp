#include "config/resolve.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/text.h"
#include "config/certificates.h"
#include "config/directives.h"
#include "config/dns_directives.h"
#include "config/environment.h"
#include "config/issuer_checks.h"
#include "config/issuers.h"
#include "config/looks.h"
#include "config/names.h"
#include "config/site_names.h"

namespace acme {
namespace {

using Indexes = std::vector<std::uint32_t>;
using Names = std::vector<std::string>;

// The first of each stays.
Indexes without_repetitions(const Indexes& indexes) {
  if (indexes.size() < 2) return indexes;
  Indexes out;
  std::unordered_set<std::uint32_t> seen;
  for (std::uint32_t index : indexes)
    if (seen.insert(index).second) out.push_back(index);
  return out;
}

bool is_wildcard(std::string_view name) {
  return name.starts_with('*');
}

class Resolver {
 public:
  Resolver(const Settings& settings, ResolveMode mode, Log& log)
      : settings_(settings),
        httpd_(settings.server == ServerKind::httpd),
        mode_(mode),
        log_(log),
        certificates_(
            httpd_ ? CertificateSet::Overlaps::refused : CertificateSet::Overlaps::allowed,
            settings.sites.size()) {}

  Result<Resolution> run() {
    for (const Error& fault : settings_.faulty_lines) ACME_CHECK(settle(fault));
    ACME_CHECK(check_issuers());
    ACME_CHECK(add_main_certificates());
    ACME_CHECK(draft_sites());
    Resolution out;
    out.sites.reserve(drafts_.size());
    for (Draft& draft : drafts_) {
      if (draft.concerned) ACME_CHECK(plan_site(draft));
      out.sites.push_back(plan_of(draft));
    }
    warn_of_unused(out);
    resolve_environment(settings_, out.config);
    out.config.certificates = certificates_.finish();
    plan_looks(settings_, out);
    fill_issuers(out.config);
    warn_of_missing_listener(out.config);
    return out;
  }

 private:
  using Mode = EngineDirective::Mode;

  // A site on its way to a plan.
  struct Draft {
    const SiteDescription& site;
    bool concerned = false;  // anything of ours may happen to it at all
    SiteNames names;
    Indexes certificates;
  };

  const ScopeSettings& main() const { return settings_.scopes[0]; }
  const ScopeSettings& own_scope(const SiteDescription& site) const {
    return settings_.scopes[site.scope];
  }
  std::string quoted(std::string_view key) const {
    return "\"" + directive_name(settings_.server, key) + "\"";
  }
  std::string site_name() const { return std::string(site_word(settings_.server)); }

  // A typing error: the end, or one thing left out.
  Outcome settle(Outcome outcome) {
    if (outcome || mode_ == ResolveMode::strict) return outcome;
    log_.error(outcome.error().message + " (left out)");
    return {};
  }

  // ---- issuers

  const IssuerSettings* find_issuer(std::string_view id) const {
    for (const IssuerSettings& issuer : settings_.issuers)
      if (issuer.id == id) return &issuer;
    return nullptr;
  }

  bool want_common_name(const Names& issuers) const {
    return std::any_of(issuers.begin(), issuers.end(),
                       [&](const std::string& id) { return find_issuer(id)->common_name_in_csr; });
  }

  // Anything that names issuers.
  template <class Directive>
  Outcome check_known(const Directive& directive) {
    for (const std::string& id : directive.issuers) {
      if (find_issuer(id)) continue;
      unusable_.insert(&directive);
      return settle(fail(Errc::invalid_config, "unknown issuer \"" + id + "\": define it with " +
                                                   issuer_block(settings_.server, id) +
                                                   " or write " + std::string(kDefaultIssuer) +
                                                   ", in " + to_string(directive.place)));
    }
    return {};
  }

  Outcome check_issuers() {
    for (const ScopeSettings& scope : settings_.scopes) {
      if (scope.engine) ACME_CHECK(check_known(*scope.engine));
      for (const CertificateDirective& directive : scope.certificates)
        ACME_CHECK(check_known(directive));
    }
    for (const IssuerSettings& issuer : settings_.issuers) {
      ACME_CHECK(settle(check_challenges(issuer, settings_.server)));
      ACME_CHECK(settle(check_staging(issuer)));
      for (const std::string& warning : warnings_of(issuer, settings_.server))
        log_.warning(warning);
    }
    return {};
  }

  Outcome check_staging(const IssuerSettings& issuer) const {
    const std::string& id = issuer.staging;
    if (id.empty() || (id != issuer.id && find_issuer(id))) return {};
    if (id == issuer.id)
      return fail(Errc::invalid_config, "the issuer \"" + id + "\" names itself as its " +
                                            quoted("staging") + ": name another one, in " +
                                            to_string(issuer.place));
    return fail(Errc::invalid_config,
                quoted("staging") + " of the issuer \"" + issuer.id +
                    "\" names an unknown issuer \"" + id + "\": define it with " +
                    issuer_block(settings_.server, id) + ", in " + to_string(issuer.place));
  }

  // `on` means the issuers of the nearest outer level. None: they have a typing
  // error, which was told, and nobody else may stand in for them.
  Names engine_issuers(const ScopeSettings& scope) const {
    for (const ScopeSettings* level : {&scope, &main()}) {
      if (!level->engine || level->engine->mode != Mode::issuers) continue;
      return unusable_.contains(&*level->engine) ? Names() : level->engine->issuers;
    }
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

  bool partial(const ScopeSettings& scope) const {
    return scope.partial.value_or(main().partial.value_or(false));
  }

  // ---- what stands in the site itself, and what it inherits

  bool in_site(const SiteDescription& site) const { return site.scope != 0; }
  bool engine_in_site(const SiteDescription& site) const {
    const ScopeSettings& own = own_scope(site);
    return in_site(site) && own.engine && own.engine->mode != Mode::off;
  }
  bool certificate_in_site(const SiteDescription& site) const {
    return in_site(site) && (!own_scope(site).certificates.empty() || own_scope(site).domain_file);
  }
  bool switched_off_in_site(const SiteDescription& site) const {
    const ScopeSettings& own = own_scope(site);
    return in_site(site) && own.engine && own.engine->mode == Mode::off;
  }

  // In httpd a certificate of the outermost scope may be for some names of a
  // host with a file: an inherited `acme` leaves the others to the file.
  bool orders_own_names(const SiteDescription& site) const {
    if (httpd_ && site.own_certificate && !engine_in_site(site)) return false;
    return engine_mode(site) != Mode::off;
  }

  bool is_concerned(const Draft& draft) const {
    const SiteDescription& site = draft.site;
    if (!site.tls) return false;
    if (switched_off_in_site(site) && (httpd_ || !certificate_in_site(site))) return false;
    // A file of the operator's own beside an inherited `acme` is left alone.
    return !site.own_certificate || engine_in_site(site) || certificate_in_site(site) ||
           !draft.certificates.empty();
  }

  void warn_of_no_effect(const SiteDescription& site) const {
    const bool certificate = certificate_in_site(site);
    if (!certificate && !engine_in_site(site)) return;
    std::string why;
    if (!site.tls)
      why = "in a " + site_name() + " without " + std::string(tls_word(settings_.server));
    else if (httpd_ && switched_off_in_site(site))
      why = "beside \"" + directive_name(settings_.server, "acme") + " off\"";
    else
      return;
    std::string_view key = "acme";
    if (certificate) key = "domain_file";
    if (!own_scope(site).certificates.empty()) key = own_scope(site).certificates.front().key;
    log_.warning(quoted(key) + " has no effect " + why + ", in " + to_string(site.place));
  }

  // ---- certificates by hand

  // Why one of these issuers cannot have a wildcard proven; empty: all can.
  std::string fault_for_wildcards(const Names& issuers) const {
    for (const std::string& id : issuers)
      if (std::string fault = acme::fault_for_wildcards(
              issuer_config(*find_issuer(id), settings_.facts.plain_http_listener),
              settings_.server);
          !fault.empty())
        return fault;
    return {};
  }

  Outcome refuse_wildcards(const Names& names, const Names& issuers, const Place& place) const {
    auto wildcard = std::find_if(names.begin(), names.end(), is_wildcard);
    if (wildcard == names.end()) return {};
    const std::string fault = fault_for_wildcards(issuers);
    if (fault.empty()) return {};
    return fail(Errc::invalid_config,
                "the wildcard \"" + *wildcard + "\" " + fault + ", in " + to_string(place));
  }

  Outcome add_by_hand(const CertificateDirective& directive, Names names,
                      const ScopeSettings& scope, Indexes& out) {
    if (unusable_.contains(&directive)) return {};
    Names issuers = directive.issuers.empty() ? engine_issuers(scope) : directive.issuers;
    if (issuers.empty()) return {};
    ACME_CHECK(refuse_wildcards(names, issuers, directive.place));
    std::vector<KeyType> keys = directive.keys;
    if (keys.empty()) keys = issuer_keys(*find_issuer(issuers.front()));
    ACME_TRY(
        std::uint32_t index,
        certificates_.add({std::move(names), issuers, std::move(keys), renew(scope), partial(scope),
                           directive.id, true, want_common_name(issuers), directive.place}));
    out.push_back(index);
    return {};
  }

  Outcome add_main_certificates() {
    for (const CertificateDirective& directive : main().certificates) {
      if (directive.names.empty()) {
        main_nameless_.push_back(&directive);
      } else {
        ACME_CHECK(settle(add_by_hand(directive, directive.names, main(), main_certificates_)));
      }
    }
    return {};
  }

  // acme_certificate without names: those of the site, `.example.com` meaning
  // apex and www as everywhere in this directive.
  Outcome add_nameless(Draft& draft, const CertificateDirective& directive) {
    Names spelled;
    for (const std::string& text : draft.site.names) {
      CheckedName checked = check_name(text);
      bool dotted = checked.kind == NameKind::dotted;
      spelled.push_back(dotted ? checked.name : text);
      if (dotted) spelled.push_back("www." + checked.name);
    }
    SiteNames names = site_names(spelled);
    bool inherited = !certificate_in_site(draft.site);
    Names chosen = inherited ? names.hosts : names.by_hand();
    if (chosen.empty()) return no_names(draft.site, inherited, directive.key);
    return add_by_hand(directive, std::move(chosen), inherited ? main() : own_scope(draft.site),
                       draft.certificates);
  }

  Outcome add_site_certificates(Draft& draft) {
    if (!certificate_in_site(draft.site)) {
      for (const CertificateDirective* directive : main_nameless_)
        ACME_CHECK(settle(add_nameless(draft, *directive)));
      return {};
    }
    const ScopeSettings& own = own_scope(draft.site);
    for (const CertificateDirective& directive : own.certificates) {
      ACME_CHECK(settle(directive.names.empty()
                            ? add_nameless(draft, directive)
                            : add_by_hand(directive, directive.names, own, draft.certificates)));
    }
    return {};
  }

  // ---- sites

  // Which sites there are to plan, and their certificates by hand.
  Outcome draft_sites() {
    drafts_.reserve(settings_.sites.size());
    for (const SiteDescription& site : settings_.sites) {
      Draft& draft = drafts_.emplace_back(Draft{site, false, {}, {}});
      if (!site.tls) continue;
      draft.names = site_names(site.names);
      // Those of the sites are not there yet: these are the outermost scope's.
      if (httpd_ && !switched_off_in_site(site))
        draft.certificates = certificates_.touching(draft.names.by_hand());
    }
    for (Draft& draft : drafts_) {
      warn_of_no_effect(draft.site);
      draft.concerned = is_concerned(draft);
      if (draft.concerned) warn_of_international_names(draft);
      if (draft.concerned) ACME_CHECK(add_site_certificates(draft));
    }
    return {};
  }

  Outcome no_names(const SiteDescription& site, bool inherited, std::string_view key) const {
    std::string message = quoted(key) + " is on, but the " + site_name() +
                          " has no name that a certificate could carry: give it one, in " +
                          to_string(site.place);
    if (!inherited) return fail(Errc::invalid_config, message);
    log_.warning(message + " (it is left alone)");
    return {};
  }

  Outcome plan_site(Draft& draft) {
    if (orders_own_names(draft.site)) return plan_own_names(draft);
    if (httpd_) {
      if (draft.certificates.empty()) return {};
      warn_of_unfit_names(draft);
      warn_of_uncovered_names(draft);
    } else if (!draft.certificates.empty()) {
      warn_of_unfit_names(draft);
    } else {
      // No `acme` anywhere: certificates by hand of the outermost scope are for
      // the servers that carry their names.
      if (main_certificates_.empty()) return {};
      draft.certificates = certificates_.touching(draft.names.by_hand());
      warn_of_uncovered_names(draft);
    }
    return {};
  }

  // The site is under `acme`, here or further out.
  Outcome plan_own_names(Draft& draft) {
    const SiteDescription& site = draft.site;
    const bool inherited = !engine_in_site(site);
    if (httpd_) {
      Indexes more = certificates_.touching(draft.names.by_hand());
      draft.certificates.insert(draft.certificates.end(), more.begin(), more.end());
    }
    warn_of_unfit_names(draft);
    if (inherited) skip_wildcards(draft);
    Names wanted = draft.names.all();
    if (wanted.empty())
      return draft.certificates.empty() ? settle(no_names(site, inherited, "acme")) : Outcome();
    if (!draft.certificates.empty()) {
      Names uncovered = uncovered_of(draft.certificates, wanted);
      if (uncovered.empty()) return {};
      if (httpd_) wanted = std::move(uncovered);
    }
    if (auto covering = certificates_.covering(wanted)) {
      draft.certificates.push_back(*covering);
      return {};
    }
    auto proven = refuse_wildcards(wanted, engine_issuers(own_scope(site)), site.place);
    ACME_CHECK(settle(proven));
    if (!proven) std::erase_if(wanted, is_wildcard);
    return settle(add_own(draft, std::move(wanted)));
  }

  Outcome add_own(Draft& draft, Names names) {
    Names issuers = engine_issuers(own_scope(draft.site));
    if (issuers.empty() || names.empty()) return {};
    std::vector<KeyType> keys = issuer_keys(*find_issuer(issuers.front()));
    ACME_TRY(std::uint32_t index, certificates_.add({std::move(names),
                                                     issuers,
                                                     std::move(keys),
                                                     renew(own_scope(draft.site)),
                                                     partial(own_scope(draft.site)),
                                                     {},
                                                     false,
                                                     want_common_name(issuers),
                                                     draft.site.place}));
    draft.certificates.push_back(index);
    return {};
  }

  void skip_wildcards(Draft& draft) const {
    if (draft.names.wildcards.empty()) return;
    const std::string fault = fault_for_wildcards(engine_issuers(own_scope(draft.site)));
    if (fault.empty()) return;
    for (const std::string& name : draft.names.wildcards)
      log_.warning("no certificate for the wildcard \"" + name + "\": it " + fault + ", in " +
                   to_string(draft.site.place));
    draft.names.wildcards.clear();
  }

  CoveredNames covered_by(const Indexes& certificates) const {
    CoveredNames covered;
    for (std::uint32_t index : certificates) covered.add(certificates_.names(index));
    return covered;
  }

  Names uncovered_of(const Indexes& certificates, const Names& names) const {
    Names out;
    CoveredNames covered = covered_by(certificates);
    for (const std::string& name : names)
      if (!covered.has(name)) out.push_back(name);
    return out;
  }

  void warn_of_unfit_names(const Draft& draft) const {
    if (draft.names.unfit.empty()) return;
    CoveredNames covered = covered_by(draft.certificates);
    for (const SiteNames::Unfit& name : draft.names.unfit)
      if (name.name.empty() || !covered.has(name.name))
        log_.warning("no certificate for the name \"" + printable(name.text) +
                     "\": " + name.reason + ", in " + to_string(draft.site.place));
  }

  // Clients ask for what DNS knows, and servers compare bytes.
  void warn_of_international_names(const Draft& draft) const {
    for (const SiteNames::International& one : draft.names.international)
      log_.warning("clients ask for the name \"" + printable(one.text) + "\" as " + one.name +
                   ": the certificate carries that; give it to the " + site_name() +
                   ", too, so that it is found by it, in " + to_string(draft.site.place));
  }

  void warn_of_uncovered_names(const Draft& draft) const {
    if (draft.certificates.empty()) return;
    for (const std::string& name : uncovered_of(draft.certificates, draft.names.all()))
      log_.warning("no certificate covers the name \"" + name + "\" of the " + site_name() +
                   " in " + to_string(draft.site.place) + ": add it to " +
                   quoted(httpd_ ? "domain" : "certificate"));
  }

  SitePlan plan_of(const Draft& draft) const {
    SitePlan plan;
    const bool may_come = in_site(draft.site) && own_scope(draft.site).domain_file;
    if ((draft.certificates.empty() && !may_come) || !draft.concerned) return plan;
    plan.kind = draft.site.own_certificate ? SitePlan::Kind::bridge : SitePlan::Kind::managed;
    plan.certificates = without_repetitions(draft.certificates);
    if (httpd_) put_first(plan.certificates, draft.names.by_hand());
    return plan;
  }

  // The one for the ServerName answers those who ask for no name.
  void put_first(Indexes& certificates, const Names& names) const {
    if (names.empty() || certificates.size() < 2) return;
    auto it = std::find_if(certificates.begin(), certificates.end(), [&](std::uint32_t index) {
      return coverage(certificates_.names(index), names.front()) != Coverage::none;
    });
    if (it != certificates.end()) std::rotate(certificates.begin(), it, it + 1);
  }

  // ---- the whole

  // It may be for others than this server, who takes challenges for it all the
  // same; but it may be a slip of the pen, too.
  void warn_of_unused(const Resolution& resolution) const {
    if (!httpd_) return;
    std::unordered_set<std::uint32_t> used;
    for (const SitePlan& plan : resolution.sites)
      used.insert(plan.certificates.begin(), plan.certificates.end());
    Indexes unused;
    for (std::uint32_t index : without_repetitions(main_certificates_))
      if (!used.contains(index)) unused.push_back(index);
    if (unused.empty()) return;
    const std::string whose = unused.size() == 1
                                  ? "the certificate"
                                  : std::to_string(unused.size()) + " certificates, the first one";
    log_.warning("no " + site_name() + " with " + std::string(tls_word(settings_.server)) +
                 " carries a name of " + whose + " \"" + certificates_.first_name(unused.front()) +
                 "\" in " + to_string(certificates_.place(unused.front())) +
                 ": ordered all the same");
  }

  void fill_issuers(Config& config) const {
    std::set<std::string> used;
    for (const CertificateConfig& certificate : config.certificates)
      used.insert(certificate.issuers.begin(), certificate.issuers.end());
    for (const IssuerSettings& issuer : settings_.issuers)
      if (issuer.configured || used.contains(issuer.id) || settings_.domain_files)
        add_issuer(config, issuer);
    add_staging(config);
  }

  void add_issuer(Config& config, const IssuerSettings& issuer) const {
    config.issuers.push_back(issuer_config(issuer, config.plain_http_listener));
    config.issuers.back().outbound = outbound_config(issuer.outbound, settings_.global.outbound);
  }

  // What is asked in dry runs alone; its account is made when one asks for it.
  void add_staging(Config& config) const {
    const std::vector<IssuerConfig> issuers = config.issuers;
    for (const IssuerConfig& issuer : issuers) {
      if (issuer.id == issuer.staging || config.issuer(issuer.staging)) continue;
      const IssuerSettings* staging = find_issuer(issuer.staging);
      if (!staging) continue;
      add_issuer(config, staging_like(*find_issuer(issuer.id), *staging));
      config.issuers.back().for_dry_runs = true;
    }
  }

  void warn_of_missing_listener(const Config& config) const {
    if (config.plain_http_listener || config.certificates.empty()) return;
    for (const IssuerConfig& issuer : config.issuers) {
      if (issuer.for_dry_runs || issuer.challenges != std::vector{ChallengeType::http01}) continue;
      log_.warning("no plain-HTTP listener: the http-01 challenges of \"" + issuer.id +
                   "\" can be answered only if port 80 of every name reaches this server in "
                   "another way; tls-alpn-01 needs port 443 alone");
    }
  }

  const Settings& settings_;
  const bool httpd_;
  const ResolveMode mode_;
  Log& log_;
  CertificateSet certificates_;
  std::unordered_set<const void*> unusable_;  // directives with an unknown issuer
  // What is given by hand in the outermost scope: certificates, and those that
  // each site has for its own names.
  Indexes main_certificates_;
  std::vector<const CertificateDirective*> main_nameless_;
  std::vector<Draft> drafts_;
};

}  // namespace

Result<Resolution> resolve(const Settings& settings, ResolveMode mode, Log& log) {
  return Resolver(settings, mode, log).run();
}

}  // namespace acme
