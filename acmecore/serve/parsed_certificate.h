// A certificate as OpenSSL wants it: parsed once per process, then shared by
// all threads and never changed.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "board/board.h"
#include "crypto/openssl.h"

struct ssl_st;

namespace acme::serve {

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};

struct ParsedCertificate {
  ossl::Certificate leaf;
  ossl::Pkey key;
  std::unique_ptr<STACK_OF(X509), FreeStack> chain;  // without the leaf
  std::vector<std::string> names;                    // sorted
};
using SharedCertificate = std::shared_ptr<const ParsedCertificate>;

// From an encoded Bundle; key and leaf must fit.
Result<SharedCertificate> parse_certificate(std::span<const std::uint8_t> encoded_bundle);

Result<SharedCertificate> parse_certificate(const Bundle& bundle);

// The self-signed one that keeps handshakes working: a new P-256 key.
Result<SharedCertificate> make_placeholder_certificate(WallTime now);

// Adds it to the connection; replaces one of the same kind of key.
Outcome use_certificate(ssl_st* ssl, const ParsedCertificate& certificate);

}  // namespace acme::serve
