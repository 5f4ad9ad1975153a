#include "crypto/csr.h"

#include "crypto/general_names.h"
#include "crypto/openssl.h"

namespace acme {
namespace {

bool set_common_name(X509_REQ* request, const std::string& name) {
  if (name.empty()) return true;
  return X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName,
                                    MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool set_names(X509_REQ* request, GENERAL_NAMES* names) {
  X509_EXTENSIONS* extensions = nullptr;
  bool done =
      X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 &&
      X509_REQ_add_extensions(request, extensions) == 1;
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  return done;
}

std::string to_der(const X509_REQ* request) {
  int size = i2d_X509_REQ(request, nullptr);
  std::string out(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  if (size > 0) i2d_X509_REQ(request, &at);
  return out;
}

}  // namespace

Result<std::string> make_csr(const PrivateKey& key, const std::vector<std::string>& names,
                             const std::string& common_name) {
  if (names.empty()) return fail(Errc::invalid_argument, "a certificate request without names");
  ossl::QueueGuard guard;
  ACME_TRY(ossl::GeneralNames general_names, to_general_names(names));
  ossl::Request request(X509_REQ_new());
  bool done = request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) &&
              set_common_name(request.get(), common_name) &&
              X509_REQ_set_pubkey(request.get(), key.get()) &&
              set_names(request.get(), general_names.get()) &&
              X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
  std::string der = done ? to_der(request.get()) : std::string();
  if (der.empty()) return ossl::error("cannot make a certificate request");
  return der;
}

}  // namespace acme
