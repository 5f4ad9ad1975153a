// What a worker can say about the certificates: the keeper's words from the board. Where it has
// said nothing yet, what is configured and what is served; that is seldom, and costs a look at
// each certificate.
#include "acmecore/acmecore.h"
#include "crypto/cert.h"
#include "serve/serving.h"

namespace acme::serve {

Json Serving::served(const CertificateConfig& certificate, std::size_t key) const {
  Json names = Json::array();
  for (const std::string& name : certificate.names) names.append(name);
  Json out = Json::object();
  out.set("id", certificate.id)
      .set("key", key_type_name(certificate.keys[key]))
      .set("names", std::move(names))
      .set("issuer", certificate.issuers.empty() ? "" : certificate.issuers.front());
  auto leaf = shelf_.leaf(certificate.first_slot + static_cast<std::uint32_t>(key));
  auto info = leaf ? inspect_certificate(*leaf) : Result<CertificateInfo>(leaf.error());
  if (!info) return out.set("state", "pending");
  return out.set("state", info->not_after <= env_.now() ? "expired" : "valid")
      .set("issuer_name", info->issuer)
      .set("serial", info->serial)
      .set("not_before", format_rfc3339(info->not_before))
      .set("not_after", format_rfc3339(info->not_after));
}

Json Serving::status_without_helper() const {
  Json issuers = Json::array();
  for (const IssuerConfig& issuer : config_.issuers)
    if (!issuer.for_dry_runs)
      issuers.append(
          Json::object().set("id", issuer.id).set("directory_url", issuer.directory_url));
  Json certificates = Json::array();
  for (const CertificateConfig& certificate : config_.certificates)
    for (std::size_t key = 0; key < certificate.keys.size(); ++key)
      certificates.append(served(certificate, key));
  return Json::object()
      .set("version", std::int64_t{1})
      .set("server", config_.server == ServerKind::httpd ? "httpd" : "nginx")
      .set("server_version", config_.server_version)
      .set("activation", activation_name(config_.activation))
      .set("helper_up", Json::boolean(false))
      .set("helper_pid", Json::null())
      .set("written", Json::null())
      .set("issuers", std::move(issuers))
      .set("certificates", std::move(certificates));
}

StatusSource Serving::status() const {
  StatusSource source;
  source.now = env_.now();
  source.helper_needed = !config_.certificates.empty() || !config_.source.files.empty();
  auto text = shelf_.status();
  auto document = text ? Json::parse(*text) : Result<Json>(text.error());
  source.from_helper = document && document->is_object();
  source.document = source.from_helper ? *std::move(document) : status_without_helper();
  for (const SuppliedCertificate& certificate : supplied_) {
    bool replaced = !certificate.sites.empty();
    for (std::uint32_t site : certificate.sites)
      replaced = replaced && std::string_view(state(site)) == "ready";
    source.supplied.push_back({&certificate, replaced});
  }
  return source;
}

}  // namespace acme::serve
