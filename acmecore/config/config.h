// The configuration of one server generation: validated, complete, immutable.
// Made by the builder from directives, sealed into a memfd, read by keeper and
// agent (who gets the reduced copy). All defaults are filled in: nobody
// downstream knows a default.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/challenge_type.h"
#include "base/key_type.h"
#include "base/listener.h"
#include "base/log.h"
#include "base/rate_limit.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "config/dns_provider.h"
#include "config/external_account.h"
#include "config/hooks.h"
#include "config/layout.h"
#include "config/outbound.h"
#include "config/source.h"

namespace acme {

enum class ServerKind : std::uint8_t { nginx = 1, httpd = 2 };

// How a new certificate comes to be served: the next handshake has it, or the
// server's next graceful reload, which the keeper asks for.
enum class ActivationMode : std::uint8_t { live, reload };
std::string_view activation_name(ActivationMode mode);  // "live"

// When a certificate is renewed: by the CA's suggestion or the certificate's
// own life (automatic), when a share of its life is left, or a time before its end.
struct RenewPolicy {
  enum class Kind : std::uint8_t { automatic, share_left, time_left } kind = Kind::automatic;
  std::uint32_t per_mille = 0;  // share_left
  std::int64_t seconds = 0;     // time_left

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.per_mille, self.seconds);
  }
};

// Whether names are looked at beside their first order, and where a CA asks for http-01.
struct PreflightConfig {
  bool on = false;
  std::uint16_t port = 80;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.on, self.port);
  }
};

inline constexpr std::uint32_t kOrdersInFlight = 16;
inline constexpr std::uint32_t kMostOrdersInFlight = 1'000;

// How it is seen that the CA will find the TXT records that were set.
struct DnsPropagation {
  std::int64_t timeout = 10 * kMinute;  // seconds
  std::int64_t interval = 2;
  std::optional<std::int64_t> delay = {};  // a fixed wait instead of asking the name servers

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.timeout, self.interval, self.delay);
  }
};

struct IssuerConfig {
  std::string id;
  std::string directory_url;
  std::vector<std::string> contacts;  // "mailto:…"
  std::vector<ChallengeType> challenges;
  KeyType account_key = KeyType::ecdsa256;
  std::string account_key_file;     // the operator's own key; empty: made and kept in the store
  std::string ca_certificate_file;  // trusted for the CA's own TLS, beside the system's; empty: the
                                    // system's
  bool verify_tls = true;
  std::uint32_t orders_in_flight = kOrdersInFlight;  // at a time, at this CA
  std::string profile;            // draft-ietf-acme-profiles; empty: none asked for
  bool profile_required = false;  // a CA that does not offer it fails the order
  std::string preferred_chain;    // CN of who issued its topmost certificate; empty: the default
  bool common_name_in_csr = false;
  std::string import_path;  // nginx-acme's folder of this issuer; empty: none
  ExternalAccount external_account;
  RateLimits limits = {};
  PreflightConfig preflight = {};
  std::vector<DnsProviderConfig> dns = {};  // who sets TXT records; the longest zone wins
  std::string dns_alias = {};  // the zone that _acme-challenge names are aliases into; empty: none
  DnsPropagation dns_propagation = {};
  std::vector<std::string> dns_resolvers = {};  // "address:port"; empty: the server's or system's
  OutboundConfig outbound = {};                 // how the CA is reached
  std::string staging = {};   // the issuer whose CA is asked in a dry run; empty: there is none
  bool for_dry_runs = false;  // brought in by another one's `staging` alone

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.directory_url, self.contacts, self.challenges, self.account_key,
            self.account_key_file, self.ca_certificate_file, self.verify_tls, self.orders_in_flight,
            self.profile, self.profile_required, self.preferred_chain, self.common_name_in_csr,
            self.import_path, self.external_account, self.limits, self.dns, self.dns_alias,
            self.dns_propagation, self.dns_resolvers, self.preflight, self.outbound, self.staging,
            self.for_dry_runs);
  }
};

// One way to see which certificate is shown: a name asked for at some listeners.
struct LookConfig {
  std::uint32_t site = 0;
  std::string name;  // as SNI; empty: none is sent (a certificate of an IP address)
  std::vector<Listener> listeners;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.site, self.name, self.listeners);
  }
};

struct CertificateConfig {
  std::string id;
  std::vector<std::string> names;    // lower-case A-labels and IP addresses, sorted, unique
  std::vector<std::string> issuers;  // ids, in order of preference
  std::vector<KeyType> keys;         // one lineage each
  RenewPolicy renew;
  std::uint32_t first_slot = 0;        // board slot of keys[0]; keys[i] has first_slot + i
  std::string common_name = {};        // for the CSR; empty where no issuer wants one
  bool partial = false;                // a name that cannot be validated is left out
  std::vector<LookConfig> looks = {};  // none: it is not looked at what is shown

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.names, self.issuers, self.keys, self.renew, self.first_slot,
            self.common_name, self.partial, self.looks);
  }
};

struct LogConfig {
  std::string path;  // re-opened when it was rotated; empty: descriptor 2 as it is
  bool syslog = false;
  Level level = Level::error;  // what the operator set; finer lines are dropped

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.path, self.syslog, self.level);
  }
};

// A certificate file that the operator supplied (ssl_certificate, SSLCertificateFile).
struct SuppliedFile {
  std::string file;
  // Certificates of ours that are served in its stead once all of them are there; none: it is
  // served for good.
  std::vector<std::string> successors = {};

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.file, self.successors);
  }
};

inline constexpr std::uint32_t kCertificateCache = 4096;
inline constexpr std::uint32_t kLargestCertificateCache = 1'000'000;

struct Config {
  ServerKind server = ServerKind::nginx;
  std::string server_version;  // "nginx/1.22.1", for the User-Agent and the status
  std::string state_path;
  std::string runtime_path;
  std::string helper_path;       // folder of acme-keeper and acme-agent
  bool drop_privileges = false;  // the master is root: the agent runs as agent_uid, agent_gid
  std::uint32_t agent_uid = 0;
  std::uint32_t agent_gid = 0;
  LogConfig log;
  bool plain_http_listener = false;  // http-01 can be answered somewhere
  ActivationMode activation = ActivationMode::live;
  std::string pid_file;                // of the server, for a reload; empty: not known
  std::vector<std::string> resolvers;  // "address:port"; empty: the system's
  // How many certificates a worker keeps parsed: no business of the helper's.
  std::uint32_t certificate_cache = kCertificateCache;
  std::vector<IssuerConfig> issuers;
  std::vector<CertificateConfig> certificates;
  HooksConfig hooks;
  OutboundConfig outbound = {};             // what is no CA: notices, DNS hosts
  std::vector<SuppliedFile> supplied = {};  // where somebody wants to be told of them
  // Where a domain file may change: for the keeper, who reads it again.
  ConfigSource source;
  ConfigLayout layout = {};

  const IssuerConfig* issuer(std::string_view id) const;
  const CertificateConfig* certificate(std::string_view id) const;
  std::uint32_t slots() const;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.server, self.server_version, self.state_path, self.runtime_path, self.helper_path,
            self.drop_privileges, self.agent_uid, self.agent_gid, self.log,
            self.plain_http_listener, self.activation, self.pid_file, self.resolvers, self.issuers,
            self.certificates, self.hooks, self.supplied, self.source, self.outbound, self.layout);
  }
};

// How many lineages may be added before the next reload, by domain files: room on the board.
std::uint32_t room_for_more(const Config& config);

// With magic and version: what a keeper of another version refuses with a message.
Secret encode_config(const Config& config);
Result<Config> decode_config(std::string_view bytes);

// Slots in the order of the certificates: where nobody looks onto the board.
void number_slots(Config& config);

// What the agent needs and may know: names and URLs, no key paths. Of an external account it
// knows that there is one.
Config reduced_for_agent(const Config& config);
// What may lie in the store.
Config without_secrets(const Config& config);

}  // namespace acme
