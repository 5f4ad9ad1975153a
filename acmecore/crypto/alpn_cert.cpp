#include "crypto/alpn_cert.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/general_names.h"
#include "crypto/self_signed.h"

namespace acme {
namespace {

constexpr const char* kAcmeIdentifier = "1.3.6.1.5.5.7.1.31";
// A challenge is over within minutes; a CA may take days over it.
constexpr std::int64_t kLifetime = 30 * kDay;

// The extension's value is an OCTET STRING (its DER) of the digest.
ossl::Extension acme_identifier(const Sha256& digest) {
  ossl::Owned<ASN1_OBJECT, ASN1_OBJECT_free> type(OBJ_txt2obj(kAcmeIdentifier, 1));
  std::string der = {'\x04', static_cast<char>(digest.size())};
  der.append(digest.begin(), digest.end());
  ossl::Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> value(ASN1_OCTET_STRING_new());
  if (!type || !value ||
      !ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()),
                             static_cast<int>(der.size())))
    return nullptr;
  return ossl::Extension(X509_EXTENSION_create_by_OBJ(nullptr, type.get(), 1, value.get()));
}

std::string reversed_octets(std::string_view address) {
  std::string out;
  for (auto byte = address.rbegin(); byte != address.rend(); ++byte)
    out += std::to_string(static_cast<unsigned char>(*byte)) + ".";
  return out + "in-addr.arpa";
}

std::string reversed_nibbles(std::string_view address) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (auto byte = address.rbegin(); byte != address.rend(); ++byte) {
    auto value = static_cast<unsigned char>(*byte);
    for (int nibble : {value & 15, value >> 4}) {
      out += kHex[nibble];
      out += '.';
    }
  }
  return out + "ip6.arpa";
}

}  // namespace

std::string alpn_server_name(std::string_view identifier) {
  std::string address = address_bytes(identifier);
  if (address.empty()) return lower(identifier);
  return address.size() == 4 ? reversed_octets(address) : reversed_nibbles(address);
}

Result<std::string> make_alpn_certificate(const PrivateKey& key, std::string_view identifier,
                                          std::string_view key_authorization, WallTime now) {
  ossl::QueueGuard guard;
  ACME_TRY(ossl::GeneralNames names, to_general_names({lower(identifier)}));
  ossl::Extension extension = acme_identifier(sha256(key_authorization));
  ossl::Certificate certificate = begin_self_signed(key, "acmecore tls-alpn-01", now, kLifetime);
  std::string der = certificate && extension
                        ? sign_self_signed(certificate.get(), key, names.get(), extension.get())
                        : std::string();
  if (der.empty()) return ossl::error("cannot make a certificate for tls-alpn-01");
  return der;
}

}  // namespace acme
