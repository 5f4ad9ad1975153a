// What the directives said, checked one by one but not yet against each other:
// what the builder collects and resolve() decides from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace acme {

struct Place {
  std::string file;
  unsigned line = 0;
};
std::string to_string(const Place& place);  // "FILE:LINE"

// `acme on|off|issuer…`
struct EngineDirective {
  enum class Mode { off, on, issuers } mode = Mode::off;
  std::vector<std::string> issuers;
  Place place;
};

// One certificate by hand: acme_certificate, ACMEDomain, or a line of a domain file.
struct CertificateDirective {
  std::string_view key = "certificate";  // of the directive that it came by, in directives.def
  std::vector<std::string> issuers;      // empty: those of the nearest `acme` that names some
  std::vector<std::string> names;        // normalised, in the operator's order; empty: the site's
  std::string id;                        // empty: from the first name
  std::vector<KeyType> keys;             // empty: the first issuer's
  Place place;
};

// One scope: outermost or site. An absent value is inherited.
struct ScopeSettings {
  std::optional<EngineDirective> engine;
  std::vector<CertificateDirective> certificates;
  std::optional<RenewPolicy> renew;
  std::optional<bool> partial;
  std::optional<bool> status;  // the status page may be shown
  bool domain_file = false;    // one stands here, which may have no line yet
};

struct GlobalSettings {
  std::string state_path;
  std::string runtime_path;
  std::string user;
  std::string helper_path;
  std::uint32_t certificate_cache = kCertificateCache;
  ActivationMode activation = ActivationMode::live;
  bool self_check = true;
  HooksConfig hooks;
  OutboundSettings outbound;
};

// An issuer's block, or a built-in one. An absent value is the default.
struct IssuerSettings {
  std::string id;
  std::string directory_url;
  std::vector<std::string> contacts;
  std::vector<ChallengeType> challenges;
  std::vector<KeyType> keys;
  KeyType account_key = KeyType::ecdsa256;
  std::string account_key_file;
  std::string ca_certificate_file;
  bool verify_tls = true;
  std::uint32_t orders_in_flight = kOrdersInFlight;
  std::string profile;
  bool profile_required = false;
  std::string preferred_chain;
  bool common_name_in_csr = false;
  std::string import_path;
  ExternalAccount external_account;
  std::vector<DnsProviderConfig> dns;
  std::string dns_alias;
  DnsPropagation dns_propagation;
  std::vector<std::string> dns_resolvers;
  std::vector<std::string> warnings;  // of its directives, for when the whole is resolved
  PreflightConfig preflight = {true, 80};
  std::optional<RateLimits> limits;  // absent: what is known of the CA
  OutboundSettings outbound;
  std::string staging;      // for dry runs; empty: what is known of the CA
  bool configured = false;  // a block of that name stands somewhere
  Place place;
};

// One of a site's.
struct SiteListener {
  std::uint32_t listener = 0;  // index into Settings::listeners
  bool tls = false;
  bool default_server = false;  // the site answers there for names that no site has
};

// A virtual server, as the module described it.
struct SiteDescription {
  std::uint32_t scope = 0;
  std::vector<std::string> names;
  bool tls = false;
  bool own_certificate = false;
  Place place;
  std::vector<SiteListener> listeners = {};
};

// What the server knows about itself.
struct ServerFacts {
  std::string version;
  bool privileged = false;  // the caller is root
  std::uint32_t worker_uid = 0;
  std::uint32_t worker_gid = 0;
  LogConfig log;
  bool plain_http_listener = false;
  std::string pid_file;
  std::vector<std::string> resolvers;
  std::string config_file;
};

// Everything that was collected.
struct Settings {
  ServerKind server = ServerKind::nginx;
  std::string root;
  GlobalSettings global;
  std::vector<ScopeSettings> scopes;    // by scope number; [0] is the outermost
  std::vector<IssuerSettings> issuers;  // built-in ones included
  std::vector<SiteDescription> sites;
  std::vector<Listener> listeners;  // as they are configured, each once
  std::vector<Error> faulty_lines;  // of domain files, each with its place
  bool domain_files = false;        // there is one, which may name any issuer some day
  ServerFacts facts;
};

}  // namespace acme
