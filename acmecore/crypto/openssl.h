// OpenSSL's objects as values that free themselves, and its error queue as an
// Error. Only this room (and serve) includes it.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace acme::ossl {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;

using Bio = Owned<BIO, BIO_free_all>;  // a memory BIO wipes its buffer when it is freed
using BigNumber = Owned<BIGNUM, BN_free>;
using Pkey = Owned<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Owned<X509, X509_free>;
using Request = Owned<X509_REQ, X509_REQ_free>;
using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using Name = Owned<X509_NAME, X509_NAME_free>;
using GeneralNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

// OpenSSL's error queue is one per thread, shared with the web server, which
// takes what is left in it for a failure of its own (and we the same): a
// function of ours that calls OpenSSL starts and ends with an empty queue.
class QueueGuard {
 public:
  QueueGuard() { ERR_clear_error(); }
  ~QueueGuard() { ERR_clear_error(); }
  QueueGuard(const QueueGuard&) = delete;
  QueueGuard& operator=(const QueueGuard&) = delete;
};

// "<what>: <OpenSSL's reasons>", and an empty queue.
inline Error error(std::string what) {
  const char* separator = ": ";
  while (unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    what += std::exchange(separator, "; ");
    what += reason ? reason : "error " + std::to_string(code);
  }
  return fail(Errc::crypto, std::move(what));
}

inline std::string_view contents(BIO* memory) {
  char* data = nullptr;
  long size = BIO_get_mem_data(memory, &data);
  return {data, size > 0 ? static_cast<std::size_t>(size) : 0};
}

inline std::span<const std::uint8_t> bytes(const ASN1_STRING* text) {
  return {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

}  // namespace acme::ossl
