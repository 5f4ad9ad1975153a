#include "crypto/foreign_key.h"

#include <openssl/pem.h>

#include <cstring>

#include "crypto/openssl.h"

namespace acme {
namespace {

int give_passphrase(char* out, int room, int, void* secret) {
  const Secret& passphrase = *static_cast<const Secret*>(secret);
  if (passphrase.empty() || passphrase.size() > static_cast<std::size_t>(room)) return -1;
  std::memcpy(out, passphrase.data(), passphrase.size());
  return static_cast<int>(passphrase.size());
}

}  // namespace

Result<PrivateKey> key_from_encrypted_pem(std::string_view pem, const Secret& passphrase) {
  ossl::QueueGuard guard;
  ossl::Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* key = in ? PEM_read_bio_PrivateKey(in.get(), nullptr, give_passphrase,
                                               const_cast<Secret*>(&passphrase))
                     : nullptr;
  if (!key) return ossl::error("not a private key in PEM form, or encrypted by another passphrase");
  return PrivateKey::adopt(key);
}

}  // namespace acme
