// The form in which a Config crosses a process border:
//
//   8 bytes   "ACMECONF"
//   text      version of the build that wrote it (ACME_VERSION)
//   archive   the Config (base/archive.h)
//
// Writer and reader are the same build (a running server keeps the helper of
// its own version), so any other version is refused, with both in the message.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/archive.h"
#include "base/text.h"
#include "config/config.h"

namespace acme {
namespace {

constexpr std::string_view kMagic = "ACMECONF";

struct Envelope {
  std::string version;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.version);
  }
};

bool in_range(KeyType type) {
  return type <= KeyType::rsa4096;
}
bool in_range(ChallengeType type) {
  return type <= kLastChallengeType;
}

bool is_sound(const OutboundConfig& outbound) {
  return outbound.proxy.mode <= ProxyConfig::Mode::given && outbound.ip_version <= IpVersion::ipv6;
}

bool is_sound(const IssuerConfig& issuer) {
  return !issuer.id.empty() && is_sound(issuer.outbound) && in_range(issuer.account_key) &&
         std::all_of(issuer.challenges.begin(), issuer.challenges.end(),
                     [](ChallengeType type) { return in_range(type); });
}

bool is_sound(const Config& config, const CertificateConfig& certificate, std::uint32_t slot) {
  return !certificate.id.empty() && !certificate.names.empty() && !certificate.keys.empty() &&
         !certificate.issuers.empty() && certificate.first_slot == slot &&
         certificate.renew.kind <= RenewPolicy::Kind::time_left &&
         std::all_of(certificate.keys.begin(), certificate.keys.end(),
                     [](KeyType type) { return in_range(type); }) &&
         std::all_of(certificate.looks.begin(), certificate.looks.end(),
                     [](const LookConfig& look) { return !look.listeners.empty(); }) &&
         std::all_of(certificate.issuers.begin(), certificate.issuers.end(),
                     [&](const std::string& id) { return config.issuer(id) != nullptr; });
}

// The bytes came through a sealed memfd of our own; this keeps a bug there
// from becoming an index out of range downstream.
bool is_sound(const Config& config) {
  if (config.server != ServerKind::nginx && config.server != ServerKind::httpd) return false;
  if (config.log.level < Level::error || config.log.level > Level::debug) return false;
  if (config.activation > ActivationMode::reload) return false;
  if (!is_sound(config.outbound)) return false;
  for (const IssuerConfig& issuer : config.issuers)
    if (!is_sound(issuer)) return false;
  for (const NotifyConfig& notify : config.hooks.notify)
    if (notify.command.empty() == notify.url.empty()) return false;
  for (const DeployConfig& deploy : config.hooks.deploy)
    if (deploy.command.empty()) return false;
  std::uint32_t slot = 0;
  for (const CertificateConfig& certificate : config.certificates) {
    if (!is_sound(config, certificate, slot)) return false;
    slot += static_cast<std::uint32_t>(certificate.keys.size());
  }
  return true;
}

}  // namespace

Secret encode_config(const Config& config) {
  ArchiveWriter writer;
  writer(Envelope{ACME_VERSION}, config);
  Secret body = writer.finish();
  Secret out(kMagic.size() + body.size());
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  std::memcpy(out.data() + kMagic.size(), body.data(), body.size());
  return out;
}

Result<Config> decode_config(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return fail(Errc::protocol, "these bytes are no configuration");
  ArchiveReader reader(bytes.substr(kMagic.size()));
  Envelope envelope;
  reader(envelope);
  if (reader.ok() && envelope.version != ACME_VERSION)
    return fail(Errc::unsupported,
                "the configuration was written by version " + printable(envelope.version) +
                    ", this is version " ACME_VERSION ": restart the server after an upgrade");
  Config config;
  reader(config);
  if (!reader.at_end()) return fail(Errc::protocol, "the configuration is truncated or too long");
  if (!is_sound(config)) return fail(Errc::protocol, "the configuration contradicts itself");
  return config;
}

}  // namespace acme
