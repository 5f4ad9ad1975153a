#include "config/config.h"

#include <algorithm>

namespace acme {
namespace {

template <class List>
auto find_by_id(const List& list, std::string_view id) -> decltype(list.data()) {
  auto it = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.id == id; });
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

std::string_view activation_name(ActivationMode mode) {
  return mode == ActivationMode::reload ? "reload" : "live";
}

const IssuerConfig* Config::issuer(std::string_view id) const {
  return find_by_id(issuers, id);
}

const CertificateConfig* Config::certificate(std::string_view id) const {
  return find_by_id(certificates, id);
}

std::uint32_t Config::slots() const {
  std::size_t count = 0;
  for (const CertificateConfig& certificate : certificates) count += certificate.keys.size();
  return static_cast<std::uint32_t>(count);
}

// Half as many again, and a thousand where there are few: what is not used costs 8 bytes each.
std::uint32_t room_for_more(const Config& config) {
  return config.source.files.empty() ? 0 : std::max<std::uint32_t>(1024, config.slots() / 2);
}

void number_slots(Config& config) {
  std::uint32_t slot = 0;
  for (CertificateConfig& certificate : config.certificates) {
    certificate.first_slot = slot;
    slot += static_cast<std::uint32_t>(certificate.keys.size());
  }
}

Config reduced_for_agent(const Config& config) {
  Config reduced = config;
  reduced.source = {};
  reduced.layout = {};
  for (CertificateConfig& certificate : reduced.certificates) certificate.looks.clear();
  reduced.supplied.clear();
  number_slots(reduced);
  reduced.state_path.clear();
  reduced.runtime_path.clear();
  reduced.helper_path.clear();
  reduced.pid_file.clear();
  reduced.hooks.deploy.clear();
  reduced.hooks.exports.clear();
  reduced.outbound.proxy.password_file.clear();
  for (IssuerConfig& issuer : reduced.issuers) {
    issuer.account_key_file.clear();
    issuer.import_path.clear();
    issuer.outbound.proxy.password_file.clear();
    issuer.external_account.key_file.clear();
    issuer.external_account.key.wipe();
    // The keeper reads them anew for each order (ipc::DnsSettings).
    for (DnsProviderConfig& provider : issuer.dns) provider.settings.clear();
  }
  return reduced;
}

Config without_secrets(const Config& config) {
  Config open = config;
  open.source = {};
  open.supplied.clear();
  open.hooks.notify.clear();  // a URL may have a secret in it
  open.outbound.proxy.password.wipe();
  number_slots(open);
  for (IssuerConfig& issuer : open.issuers) {
    issuer.outbound.proxy.password.wipe();
    issuer.external_account.key.wipe();
    for (DnsProviderConfig& provider : issuer.dns) provider.wipe_secrets();
  }
  return open;
}

}  // namespace acme
