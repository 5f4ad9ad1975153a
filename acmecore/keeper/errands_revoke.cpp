// Revocation (RFC 8555 section 7.6): in the name of the account that ordered, else with the
// certificate's own key; and what takes its place.
#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "crypto/jose.h"
#include "keeper/errands.h"

namespace acme::keeper {

// The configured issuer that leads to the CA that issued it.
Result<std::string> Errands::issuer_of(const VersionMeta& meta) const {
  const IssuerConfig* same = config_.issuer(meta.issuer);
  if (same && same->directory_url == meta.directory_url) return same->id;
  for (const IssuerConfig& issuer : config_.issuers)
    if (issuer.directory_url == meta.directory_url) return issuer.id;
  return fail(Errc::refused, "the CA that issued it, " + printable(meta.issuer) + " at " +
                                 printable(meta.directory_url) +
                                 ", is not configured any more: configure it until the "
                                 "certificate is revoked");
}

Outcome Errands::revoke(const Lineage& lineage, RevocationReason reason, bool order_anew,
                        std::shared_ptr<Wish> wish) {
  auto refused = [&](const std::string& why) {
    return fail(Errc::refused, to_string(lineage) + ": " + why);
  };
  Managed* managed = certificates_.find(lineage);
  if (!managed || !managed->stored) return refused("there is no certificate to revoke");
  for (const auto& [number, open] : open_)
    if (open.errand.kind == ErrandKind::revocation && open.revocation.lineage == lineage)
      return refused("it is being revoked already");
  auto version = store_.load_current(lineage);
  if (!version) return refused(version.error().message);
  auto issuer = issuer_of(version->meta);
  if (!issuer) return refused(issuer.error().message);
  add(ErrandKind::revocation, *issuer, std::move(wish),
      {lineage, version->name, version->meta.serial, reason, order_anew});
  return {};
}

Result<std::string> Errands::sign(const ipc::SignRevocation& request) {
  ACME_TRY(Open * open, find(request.errand, ErrandKind::revocation));
  const std::string& issuer = open->errand.issuer;
  ACME_CHECK(accounts_.check(issuer, request.url, request.nonce));
  ACME_TRY(Version version, store_.load_current(open->revocation.lineage));
  if (version.name != open->revocation.version)
    return fail(Errc::refused, "another certificate has taken its place meanwhile");
  ACME_TRY(std::vector<std::string> chain, chain_from_pem(version.chain_pem));
  Json payload = Json::object().set("certificate", base64url_encode(chain.front()));
  payload.set("reason", static_cast<std::int64_t>(open->revocation.reason));
  if (!request.by_certificate)
    return note(*open, accounts_.sign(issuer, request.url, request.nonce, payload.compact()));
  ACME_TRY(PrivateKey key, PrivateKey::from_pem(version.key_pem.view()));
  return note(*open, sign_jws(key, {request.nonce, request.url, {}}, payload.compact()));
}

Result<std::string> Errands::revoked(const Open& open) {
  const Revocation& what = open.revocation;
  const std::string name = to_string(what.lineage);
  const std::string reason(revocation_reason_name(what.reason));
  std::string line = name + ": the certificate " + what.serial + " is revoked at " +
                     open.errand.issuer + " (" + reason + ")";
  Managed* managed = certificates_.find(what.lineage);
  if (!managed) return line;
  ACME_TRY(bool current,
           certificates_.note_revoked(*managed, what.version, reason, what.order_anew));
  if (!current) return line + "; another one has taken its place already";
  if (!what.order_anew)
    return line + "; it is served until its renewal is due, or until acmectl renew";
  if (renew) renew(what.lineage);
  return line +
         "; a new one with a new key is ordered now, and this one is served until it is "
         "there";
}

}  // namespace acme::keeper
