#include "serve/parsed_certificate.h"

#include <openssl/ssl.h>

#include <algorithm>

#include "crypto/cert.h"
#include "crypto/key.h"
#include "crypto/placeholder.h"

namespace acme::serve {
namespace {

constexpr const char* kPlaceholderName = "placeholder.invalid";

Result<ossl::Certificate> parse_der(const std::string& der) {
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = at + der.size();
  ossl::Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate || at != end) return ossl::error("a published certificate is damaged");
  return certificate;
}

Result<std::unique_ptr<STACK_OF(X509), FreeStack>> parse_rest(
    const std::vector<std::string>& chain) {
  std::unique_ptr<STACK_OF(X509), FreeStack> stack(sk_X509_new_null());
  if (!stack) return fail(Errc::no_memory, "out of memory");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    ACME_TRY(ossl::Certificate certificate, parse_der(chain[i]));
    if (sk_X509_push(stack.get(), certificate.get()) <= 0)
      return fail(Errc::no_memory, "out of memory");
    certificate.release();
  }
  return stack;
}

Result<SharedCertificate> assemble(const Bundle& bundle, const PrivateKey& key) {
  if (bundle.chain.empty()) return fail(Errc::damaged, "a published chain is empty");
  auto parsed = std::make_shared<ParsedCertificate>();
  ACME_TRY(parsed->leaf, parse_der(bundle.chain.front()));
  ACME_TRY(parsed->chain, parse_rest(bundle.chain));
  if (X509_check_private_key(parsed->leaf.get(), key.get()) != 1)
    return ossl::error("a published key does not fit its certificate");
  EVP_PKEY_up_ref(key.get());
  parsed->key.reset(key.get());
  ACME_TRY(CertificateInfo info, inspect_certificate(bundle.chain.front()));
  parsed->names = std::move(info.names);
  return SharedCertificate(std::move(parsed));
}

}  // namespace

Result<SharedCertificate> parse_certificate(std::span<const std::uint8_t> encoded_bundle) {
  ossl::QueueGuard guard;
  ACME_TRY(Bundle bundle, decode_bundle(encoded_bundle));
  return parse_certificate(bundle);
}

Result<SharedCertificate> parse_certificate(const Bundle& bundle) {
  ossl::QueueGuard guard;
  ACME_TRY(PrivateKey key, PrivateKey::from_der(bundle.key_der.view()));
  return assemble(bundle, key);
}

Result<SharedCertificate> make_placeholder_certificate(WallTime now) {
  ossl::QueueGuard guard;
  ACME_TRY(PrivateKey key, PrivateKey::generate(KeyType::ecdsa256));
  ACME_TRY(PlaceholderMaker maker, PlaceholderMaker::with(std::move(key), now));
  Bundle bundle;
  ACME_TRY(std::string der, maker.make({kPlaceholderName}));
  bundle.chain.push_back(std::move(der));
  return assemble(bundle, maker.key());
}

Outcome use_certificate(SSL* ssl, const ParsedCertificate& certificate) {
  ossl::QueueGuard guard;
  // OpenSSL counts references in objects that it takes as not const.
  if (SSL_use_cert_and_key(ssl, certificate.leaf.get(), certificate.key.get(),
                           certificate.chain.get(), 1) == 1)
    return {};
  return ossl::error("OpenSSL refuses the certificate");
}

}  // namespace acme::serve
