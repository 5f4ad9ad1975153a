// One object of a PEM file, as OpenSSL reads it; wiped when it goes, because it
// may be a private key.
#pragma once

#include <openssl/pem.h>

#include <string>
#include <string_view>

#include "crypto/openssl.h"

namespace acme::ossl {

struct PemObject {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  PemObject() = default;
  PemObject(const PemObject&) = delete;
  PemObject& operator=(const PemObject&) = delete;
  ~PemObject() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }

  // False at the end, or where it is broken (OpenSSL's error queue tells which).
  bool read(BIO* in) { return PEM_read_bio(in, &name, &header, &data, &size) == 1; }
  bool is_certificate() const {
    return std::string_view(name) == PEM_STRING_X509 && std::string_view(header).empty();
  }
  std::string_view der() const {
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
  }
};

}  // namespace acme::ossl
