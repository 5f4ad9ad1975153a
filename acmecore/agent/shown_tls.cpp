#include "agent/shown_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>

namespace acme::agent {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

// A key that is too small is the server's affair: what it shows is to be seen.
const char* ciphers_for(ipc::KeyFamily family) {
  switch (family) {
    case ipc::KeyFamily::ecdsa:
      return "aECDSA:!eNULL:@SECLEVEL=0";
    case ipc::KeyFamily::rsa:
      return "aRSA:!eNULL:@SECLEVEL=0";
    case ipc::KeyFamily::any:
      break;
  }
  return "DEFAULT:@SECLEVEL=0";
}

// TLS 1.3's ciphers say nothing of keys.
const char* signatures_for(ipc::KeyFamily family) {
  switch (family) {
    case ipc::KeyFamily::ecdsa:
      return "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512";
    case ipc::KeyFamily::rsa:
      return "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
    case ipc::KeyFamily::any:
      break;
  }
  return nullptr;
}

std::string reasons() {
  std::string words;
  while (unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!words.empty()) words += "; ";
    words += reason ? reason : "error " + std::to_string(code);
  }
  return words;
}

}  // namespace

struct TlsLook::State {
  std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context;
  std::unique_ptr<SSL, Freer<SSL_free>> ssl;
  bool connected = false;
};

// Called by OpenSSL in the place of a verification.
int keep_leaf(void* store, TlsLook& look) {
  X509* leaf = X509_STORE_CTX_get0_cert(static_cast<X509_STORE_CTX*>(store));
  unsigned char* der = nullptr;
  const int size = leaf ? i2d_X509(leaf, &der) : 0;
  if (size > 0) look.leaf_.assign(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return 1;
}

TlsLook::TlsLook() : state_(std::make_unique<State>()) {}
TlsLook::~TlsLook() = default;

Result<std::unique_ptr<TlsLook>> TlsLook::create(int socket, const std::string& name,
                                                 ipc::KeyFamily family) {
  ERR_clear_error();
  std::unique_ptr<TlsLook> look(new TlsLook());
  State& state = *look->state_;
  state.context.reset(SSL_CTX_new(TLS_client_method()));
  if (!state.context) return fail(Errc::crypto, reasons());
  SSL_CTX* context = state.context.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(
      context,
      [](X509_STORE_CTX* store, void* self) {
        return keep_leaf(store, *static_cast<TlsLook*>(self));
      },
      look.get());
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
  const char* signatures = signatures_for(family);
  if (SSL_CTX_set_cipher_list(context, ciphers_for(family)) != 1 ||
      (signatures && SSL_CTX_set1_sigalgs_list(context, signatures) != 1))
    return fail(Errc::crypto, reasons());
  state.ssl.reset(SSL_new(context));
  if (!state.ssl || SSL_set_fd(state.ssl.get(), socket) != 1 ||
      (!name.empty() && SSL_set_tlsext_host_name(state.ssl.get(), name.c_str()) != 1))
    return fail(Errc::crypto, reasons());
  return look;
}

TlsLook::Step TlsLook::step() {
  ERR_clear_error();
  errno = 0;
  const int done = SSL_connect(state_->ssl.get());
  if (done == 1) {
    state_->connected = true;
    if (leaf_.empty()) why_ = "no certificate was shown";
    return Step::ended;
  }
  const int system_error = errno;
  switch (SSL_get_error(state_->ssl.get(), done)) {
    case SSL_ERROR_WANT_READ:
      return Step::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::wants_write;
    default:
      break;
  }
  why_ = reasons();
  if (why_.empty())
    why_ = system_error != 0 ? std::strerror(system_error) : "the connection was closed";
  return Step::ended;
}

void TlsLook::take_leave() {
  if (state_->connected) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

}  // namespace acme::agent
