// tls-alpn-01 (RFC 8737): the certificate that a CA is shown. There is one of
// each kind of key, so that any client of a CA finds what it can use.
#include <openssl/ssl.h>

#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/key.h"
#include "serve/serving.h"

namespace acme::serve {

bool Serving::has_challenge(std::string_view server_name) const {
  return alpn_pending() && bool(shelf_.challenge(lower(server_name)));
}

Outcome Serving::set_challenge(std::string_view server_name, SSL* ssl) const {
  ACME_TRY(AlpnAnswer answer, shelf_.challenge(lower(server_name)));
  SSL_certs_clear(ssl);
  Outcome last;
  bool any = false;
  // The connection's security level may be too high for one of them.
  for (const Bundle& bundle : answer.bundles) {
    ACME_TRY(SharedCertificate certificate, parse_certificate(bundle));
    last = use_certificate(ssl, *certificate);
    any |= bool(last);
  }
  return any ? Outcome() : last;
}

Result<Serving::ChallengePem> Serving::challenge_pem(std::string_view server_name, bool rsa) const {
  ACME_TRY(AlpnAnswer answer, shelf_.challenge(lower(server_name)));
  for (const Bundle& bundle : answer.bundles) {
    ACME_TRY(PrivateKey key, PrivateKey::from_der(bundle.key_der.view()));
    if ((key.type() == KeyType::rsa2048) != rsa) continue;
    ACME_TRY(Secret pem, key.pem());
    return ChallengePem{chain_to_pem(bundle.chain), std::move(pem)};
  }
  return fail(Errc::not_found, {});
}

}  // namespace acme::serve
