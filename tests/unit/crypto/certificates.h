// A little CA for tests: issues what no real CA would.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "crypto/key.h"
#include "crypto/openssl.h"
#include "unit/check.h"

namespace acme::test {

inline constexpr WallTime kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z

inline PrivateKey new_key() {
  return REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa256));
}

struct Wanted {
  std::string subject = {};  // CN; empty: an empty subject
  std::string names = {};    // as OpenSSL's configuration has it: "DNS:a.example,IP:192.0.2.1"
  bool ca = false;
  WallTime from = kNow - kHour;
  WallTime to = kNow + 90 * kDay;
  std::string serial = "1234";  // hex
};

class Party {
 public:
  Party(PrivateKey key, ossl::Certificate certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}

  static Party self_signed(const Wanted& wanted) {
    PrivateKey key = new_key();
    ossl::Certificate certificate = make(wanted, key.get());
    sign(certificate.get(), certificate.get(), key.get());
    return {std::move(key), std::move(certificate)};
  }

  Party issue(const Wanted& wanted) const { return issue(wanted, new_key()); }

  Party issue(const Wanted& wanted, PrivateKey key) const {
    ossl::Certificate certificate = make(wanted, key.get());
    sign(certificate.get(), certificate_.get(), key_.get());
    return {std::move(key), std::move(certificate)};
  }

  // This party's certificate, signed by a key that is not its issuer's.
  std::string forged_der() const {
    ossl::Certificate copy(X509_dup(certificate_.get()));
    X509_sign(copy.get(), new_key().get(), EVP_sha256());
    return der(copy.get());
  }

  const PrivateKey& key() const { return key_; }
  X509* certificate() const { return certificate_.get(); }
  std::string der() const { return der(certificate_.get()); }

  static std::string der(const X509* certificate) {
    std::string out(static_cast<std::size_t>(i2d_X509(certificate, nullptr)), '\0');
    auto* at = reinterpret_cast<unsigned char*>(out.data());
    i2d_X509(certificate, &at);
    return out;
  }

  static void add(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    ossl::Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    CHECK(extension != nullptr);
    X509_add_ext(certificate, extension.get(), -1);
  }

 private:
  static ossl::Certificate make(const Wanted& wanted, EVP_PKEY* key) {
    ossl::Certificate out(X509_new());
    X509* c = out.get();
    X509_set_version(c, X509_VERSION_3);
    BIGNUM* serial = nullptr;
    BN_hex2bn(&serial, wanted.serial.c_str());
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(c));
    BN_free(serial);
    if (!wanted.subject.empty())
      X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(wanted.subject.c_str()), -1,
                                 -1, 0);
    ASN1_TIME_set(X509_getm_notBefore(c), wanted.from);
    ASN1_TIME_set(X509_getm_notAfter(c), wanted.to);
    X509_set_pubkey(c, key);
    add(c, c, NID_basic_constraints, wanted.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(c, c, NID_subject_key_identifier, "hash");
    if (!wanted.names.empty()) add(c, c, NID_subject_alt_name, wanted.names);
    return out;
  }

  static void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    add(certificate, issuer, NID_authority_key_identifier, "keyid");
    X509_sign(certificate, key, EVP_sha256());
  }

  PrivateKey key_;
  ossl::Certificate certificate_;
};

}  // namespace acme::test
