#include "crypto/placeholder.h"

#include "crypto/general_names.h"
#include "crypto/openssl.h"

namespace acme {
namespace {

constexpr std::int64_t kLifetime = 365 * kDay;
constexpr int kSerialBits = 127;

bool set_validity(X509* certificate, WallTime now) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), now - kHour) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), now + kLifetime);
}

bool set_serial(X509* certificate) {
  ossl::BigNumber number(BN_new());
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

bool set_self_issued(X509* certificate) {
  static constexpr unsigned char kCommonName[] = "acmecore placeholder";
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, kCommonName, -1, -1, 0) &&
         X509_set_issuer_name(certificate, name);
}

bool set_names(X509* certificate, GENERAL_NAMES* names) {
  while (X509_EXTENSION* before = X509_delete_ext(certificate, 0)) X509_EXTENSION_free(before);
  if (sk_GENERAL_NAME_num(names) == 0) return true;
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
}

std::string to_der(const X509* certificate) {
  int size = i2d_X509(certificate, nullptr);
  std::string out(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  if (size > 0) i2d_X509(certificate, &at);
  return out;
}

Error cannot_make() {
  return ossl::error("cannot make a placeholder certificate");
}

}  // namespace

void PlaceholderMaker::Free::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

Result<PlaceholderMaker> PlaceholderMaker::with(PrivateKey key, WallTime now) {
  ossl::QueueGuard guard;
  Certificate certificate(X509_new());
  bool done = certificate && X509_set_version(certificate.get(), X509_VERSION_3) &&
              set_self_issued(certificate.get()) && set_validity(certificate.get(), now) &&
              X509_set_pubkey(certificate.get(), key.get());
  if (!done) return cannot_make();
  return PlaceholderMaker(std::move(key), std::move(certificate));
}

Result<std::string> PlaceholderMaker::make(const std::vector<std::string>& names) {
  ossl::QueueGuard guard;
  ACME_TRY(ossl::GeneralNames general_names, to_general_names(names));
  X509* certificate = certificate_.get();
  bool done = set_serial(certificate) && set_names(certificate, general_names.get()) &&
              X509_sign(certificate, key_.get(), EVP_sha256()) > 0;
  std::string der = done ? to_der(certificate) : std::string();
  if (der.empty()) return cannot_make();
  return der;
}

}  // namespace acme
