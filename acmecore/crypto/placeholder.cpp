#include "crypto/placeholder.h"

#include "base/ip_address.h"
#include "crypto/general_names.h"
#include "crypto/openssl.h"
#include "crypto/self_signed.h"

namespace acme {
namespace {

constexpr std::int64_t kLifetime = 365 * kDay;

Error cannot_make() {
  return ossl::error("cannot make a placeholder certificate");
}

}  // namespace

void PlaceholderMaker::Free::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

Result<PlaceholderMaker> PlaceholderMaker::with(PrivateKey key, WallTime now) {
  ossl::QueueGuard guard;
  ossl::Certificate certificate = begin_self_signed(key, "acmecore placeholder", now, kLifetime);
  if (!certificate) return cannot_make();
  return PlaceholderMaker(std::move(key), Certificate(certificate.release()));
}

Result<std::string> PlaceholderMaker::make(const std::vector<std::string>& names) {
  ossl::QueueGuard guard;
  ACME_TRY(ossl::GeneralNames general_names, to_general_names(names));
  // mod_ssl, whom a placeholder is to satisfy, looks for a ServerName among DNS names alone.
  for (const std::string& name : names)
    if (is_ip(name)) ACME_CHECK(add_dns_name(general_names.get(), name));
  std::string der = sign_self_signed(certificate_.get(), key_, general_names.get(), nullptr);
  if (der.empty()) return cannot_make();
  return der;
}

}  // namespace acme
