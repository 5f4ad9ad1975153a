#include "crypto/self_signed.h"

namespace acme {
namespace {

constexpr int kSerialBits = 127;

bool set_validity(X509* certificate, WallTime now, std::int64_t lifetime) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), now - kHour) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), now + lifetime);
}

bool set_serial(X509* certificate) {
  ossl::BigNumber number(BN_new());
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

bool set_self_issued(X509* certificate, const char* common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                                    0) &&
         X509_set_issuer_name(certificate, name);
}

bool set_extensions(X509* certificate, GENERAL_NAMES* names, X509_EXTENSION* extension) {
  while (X509_EXTENSION* before = X509_delete_ext(certificate, 0)) X509_EXTENSION_free(before);
  if (sk_GENERAL_NAME_num(names) > 0 &&
      X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) != 1)
    return false;
  return !extension || X509_add_ext(certificate, extension, -1) == 1;
}

std::string to_der(const X509* certificate) {
  int size = i2d_X509(certificate, nullptr);
  std::string out(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  if (size > 0) i2d_X509(certificate, &at);
  return out;
}

}  // namespace

ossl::Certificate begin_self_signed(const PrivateKey& key, const char* common_name, WallTime now,
                                    std::int64_t lifetime) {
  ossl::Certificate certificate(X509_new());
  bool done = certificate && X509_set_version(certificate.get(), X509_VERSION_3) &&
              set_self_issued(certificate.get(), common_name) &&
              set_validity(certificate.get(), now, lifetime) &&
              X509_set_pubkey(certificate.get(), key.get());
  return done ? std::move(certificate) : nullptr;
}

std::string sign_self_signed(X509* certificate, const PrivateKey& key, GENERAL_NAMES* names,
                             X509_EXTENSION* extension) {
  bool done = set_serial(certificate) && set_extensions(certificate, names, extension) &&
              X509_sign(certificate, key.get(), EVP_sha256()) > 0;
  return done ? to_der(certificate) : std::string();
}

}  // namespace acme
