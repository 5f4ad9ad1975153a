// Certificates: what one says, and whether a chain that a CA returned may be
// stored and served.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/key.h"

namespace acme {

inline constexpr std::size_t kMaxChainBytes = 128 * 1024;
inline constexpr std::size_t kMaxChainLength = 10;

struct CertificateInfo {
  std::vector<std::string> names;  // subjectAltName, lower case, sorted; IPs in text form
  WallTime not_before = 0;
  WallTime not_after = 0;
  std::string serial;       // hex, lower case, two digits a byte
  std::string subject;      // one line, RFC 2253
  std::string issuer;       // the issuer's CN, else one line
  std::string ari_id;       // RFC 9773 certID; empty without an authority key identifier
  std::string fingerprint;  // SHA-256 of the DER, hex
};

Result<CertificateInfo> inspect_certificate(std::string_view der);

// Splits a PEM chain into DER certificates. Comments between certificates and
// a missing final newline are fine; other PEM objects (a private key!),
// garbage, too many or too large are not.
Result<std::vector<std::string>> chain_from_pem(std::string_view pem);
// The same without a look at the certificates: for who checks the chain next, as check_chain()
// reads them all.
Result<std::vector<std::string>> chain_blocks(std::string_view pem);
std::string chain_to_pem(const std::vector<std::string>& der);

struct ChainExpectation {
  const PrivateKey* key = nullptr;
  std::vector<std::string> names;  // all must be covered, and none may be there besides
  WallTime now = 0;                // notAfter must be later; notBefore may lie up to 1 h ahead
};

// Field guide rule 19: the leaf's key is ours, its names are those asked for,
// it is in date, each certificate is issued (name and signature) by the next.
// The error says which check failed, with both values.
Result<CertificateInfo> check_chain(const std::vector<std::string>& der,
                                    const ChainExpectation& expected);

// Whether a certificate for `names` answers for `host` (exact, or one-label wildcard).
bool names_cover(const std::vector<std::string>& names, std::string_view host);

}  // namespace acme
