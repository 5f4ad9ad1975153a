// The certificate of a handshake. Called for each one: as long as nothing
// changes it costs a few atomic loads, a shared lock and OpenSSL's references.
#include <openssl/ssl.h>

#include <array>
#include <optional>

#include "acmecore/acmecore.h"
#include "base/ip_address.h"
#include "base/text.h"
#include "config/names.h"
#include "crypto/cert.h"
#include "serve/serving.h"

namespace acme::serve {
namespace {

std::string host_of(SSL* ssl) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  return name ? lower(name) : std::string();
}

Outcome add_all(SSL* ssl, std::span<const SharedCertificate> certificates) {
  Outcome last = fail(Errc::internal, "there is no certificate to use");
  bool any = false;
  for (const SharedCertificate& certificate : certificates) {
    last = use_certificate(ssl, *certificate);
    any |= bool(last);
  }
  return any ? Outcome() : last;
}

// All kinds of key at once: OpenSSL takes the one that the client can use.
// Those that the connection has from its context (a bridge's file, httpd's
// placeholder) go: clients would choose among them too.
Outcome replace_all(SSL* ssl, std::span<const SharedCertificate> certificates) {
  SSL_certs_clear(ssl);
  return add_all(ssl, certificates);
}

}  // namespace

// The one that has the host among its names, then one with a wildcard for it,
// then the first of the site that there is. What was added by a domain file comes
// first: it was said later.
Serving::Choice Serving::choose(std::uint32_t number, const std::string& host) const {
  const Site& site = sites_[number];
  for (const std::string& key : {host, wildcard_for(host)}) {
    if (Choice choice = choose_added(number, key); choice.count != 0) return choice;
    auto it = site.by_name.find(key);
    if (it == site.by_name.end()) continue;
    if (Choice choice = published(it->second); choice.count != 0) return choice;
  }
  for (std::uint32_t index : site.plan.certificates)
    if (Choice choice = published(index); choice.count != 0) return choice;
  return {};
}

Serving::Choice Serving::choose_by_address(std::string_view text) const {
  if (text.empty() || (by_address_.empty() && !shelf_.has_names())) return {};
  const std::optional<std::string> address = canonical_ip(text);
  if (!address) return {};
  if (Choice choice = choose_added(kAnySite, *address); choice.count != 0) return choice;
  auto it = by_address_.find(*address);
  return it == by_address_.end() ? Choice() : published(it->second);
}

// One atomic load where nothing was added.
Serving::Choice Serving::choose_added(std::uint32_t site, const std::string& name) const {
  if (!shelf_.has_names() || name.empty()) return {};
  auto added = shelf_.name(site, name);
  return added ? published(added->first_slot, added->slots) : Choice();
}

Serving::Choice Serving::published(std::uint32_t index) const {
  const CertificateConfig& certificate = config_.certificates[index];
  return published(certificate.first_slot, static_cast<std::uint32_t>(certificate.keys.size()));
}

Serving::Choice Serving::published(std::uint32_t first_slot, std::uint32_t slots) const {
  Choice choice;
  for (std::uint32_t i = 0; i < slots && choice.count < kKeyTypes; ++i)
    if (auto found = shelf_.certificate(first_slot + i))
      choice.certificates[choice.count++] = std::move(found);
  return choice;
}

Result<SharedCertificate> Serving::placeholder() const {
  std::lock_guard lock(placeholder_mutex_);
  if (!placeholder_) {
    ACME_TRY(placeholder_, make_placeholder_certificate(env_.now()));
  }
  return placeholder_;
}

Result<int> Serving::set_certificate(std::uint32_t site, std::string_view local_address,
                                     SSL* ssl) const {
  if (site >= sites_.size() || sites_[site].plan.kind == SitePlan::Kind::off)
    return ACME_TLS_UNTOUCHED;
  const std::string host = host_of(ssl);
  Choice choice = choose_by_address(host.empty() ? local_address : host);
  if (choice.count == 0) choice = choose(site, host);
  if (sites_[site].plan.kind == SitePlan::Kind::bridge) {
    // The operator's file goes on answering for what the managed one does not cover yet.
    bool covers =
        host.empty() || (choice.count != 0 && names_cover(choice.certificates[0]->names, host));
    if (choice.count == 0 || !covers) return ACME_TLS_UNTOUCHED;
    // OpenSSL may refuse ours (a security level that its key is too small for):
    // found out before the file is given up.
    ACME_CHECK(add_all(ssl, choice.view()));
  }
  if (choice.count == 0) {
    ACME_TRY(SharedCertificate stand_in, placeholder());
    ACME_CHECK(replace_all(ssl, {&stand_in, 1}));
    return ACME_TLS_PLACEHOLDER;
  }
  ACME_CHECK(replace_all(ssl, choice.view()));
  return ACME_TLS_MANAGED;
}

}  // namespace acme::serve
