// A server in a nutshell: a real store, a configuration, and TLS handshakes in
// memory whose certificate callback asks the core, as a module's would.
#pragma once

#include <openssl/ssl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "acmecore/acmecore.h"
#include "base/ip_address.h"
#include "crypto/cert.h"
#include "serve/serving.h"
#include "store/store.h"
#include "unit/config/site_config.h"
#include "unit/crypto/certificates.h"

namespace acme::test {

namespace fs = std::filesystem;
using serve::CallbackLog;
using serve::Serving;

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = "/tmp/acme-serve-XXXXXX";
    if (!mkdtemp(pattern.data())) throw Failure("mkdtemp: " + pattern);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path(const std::string& below) const { return path_ + "/" + below; }

 private:
  std::string path_;
};

struct LeafOptions {
  KeyType key = KeyType::ecdsa256;
  WallTime from = -kDay;  // from now
  WallTime to = 60 * kDay;
};

// A certificate with its key and its (one) CA certificate.
struct Issued {
  Party leaf;
  std::string ca_der;

  std::string serial() const { return REQUIRE_OK(inspect_certificate(leaf.der())).serial; }
  Bundle bundle() const {
    Bundle bundle;
    bundle.key_der = REQUIRE_OK(leaf.key().der());
    bundle.chain = {leaf.der(), ca_der};
    return bundle;
  }
};

class TestCa {
 public:
  Issued issue(const std::vector<std::string>& names, LeafOptions options = {}) {
    Wanted wanted;
    for (const std::string& name : names)
      wanted.names +=
          std::string(wanted.names.empty() ? "" : ",") + (is_ip(name) ? "IP:" : "DNS:") + name;
    wanted.from = system_env().now() + options.from;
    wanted.to = system_env().now() + options.to;
    wanted.serial = std::to_string(++serial_);
    return {root_.issue(wanted, REQUIRE_OK(PrivateKey::generate(options.key))), root_.der()};
  }
  X509* root() const { return root_.certificate(); }

 private:
  static Party make_root() {
    Wanted wanted;
    wanted.subject = "Test Root";
    wanted.ca = true;
    wanted.from = system_env().now() - kDay;
    wanted.to = system_env().now() + 365 * kDay;
    return Party::self_signed(wanted);
  }
  Party root_ = make_root();
  int serial_ = 1000;
};

// What the client saw.
struct Seen {
  int status = ACME_E_INTERNAL;  // of acme_serving_set_certificate
  bool ok = false;               // the handshake came to its end
  std::string serial;
  std::string subject;
  std::string key;  // "EC", "RSA"
  std::size_t chain = 0;
};

struct Client {
  std::string sni;
  int version = TLS1_3_VERSION;
  std::string signatures = {};
};

class Handshakes {
 public:
  // `decide` is what the module's certificate callback does.
  explicit Handshakes(std::function<int(SSL*)> decide) : decide_(std::move(decide)) {
    SSL_CTX_set_cert_cb(server_.get(), on_certificate, this);
  }
  // The operator's own file.
  void use_file(const Issued& issued) {
    CHECK(SSL_CTX_use_cert_and_key(server_.get(), issued.leaf.certificate(),
                                   issued.leaf.key().get(), nullptr, 1) == 1);
  }

  Seen connect(const Client& client) {
    ossl::Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
    ossl::Owned<SSL, SSL_free> near(SSL_new(context.get()));
    ossl::Owned<SSL, SSL_free> far(SSL_new(server_.get()));
    BIO *one = nullptr, *two = nullptr;
    BIO_new_bio_pair(&one, 0, &two, 0);
    SSL_set_bio(near.get(), one, one);
    SSL_set_bio(far.get(), two, two);
    SSL_set_connect_state(near.get());
    SSL_set_accept_state(far.get());
    SSL_set_min_proto_version(near.get(), client.version);
    SSL_set_max_proto_version(near.get(), client.version);
    if (!client.sni.empty()) SSL_set_tlsext_host_name(near.get(), client.sni.c_str());
    if (!client.signatures.empty())
      CHECK(SSL_set1_sigalgs_list(near.get(), client.signatures.c_str()) == 1);
    Seen seen;
    SSL_set_app_data(far.get(), &seen.status);
    for (int i = 0; i < 20 && !seen.ok; ++i) {
      int a = SSL_do_handshake(near.get());
      int b = SSL_do_handshake(far.get());
      seen.ok = a == 1 && b == 1;
    }
    ERR_clear_error();
    look(near.get(), seen);
    return seen;
  }
  Seen connect(const std::string& sni) { return connect(Client{.sni = sni}); }

 private:
  static int on_certificate(SSL* ssl, void* self) {
    int status = static_cast<Handshakes*>(self)->decide_(ssl);
    *static_cast<int*>(SSL_get_app_data(ssl)) = status;
    return status >= 0 ? 1 : 0;
  }
  static void look(SSL* ssl, Seen& seen) {
    X509* leaf = SSL_get0_peer_certificate(ssl);
    if (!leaf) return;
    auto info = REQUIRE_OK(inspect_certificate(Party::der(leaf)));
    seen.serial = info.serial;
    seen.subject = info.names.empty() ? std::string() : info.names.front();
    seen.key = EVP_PKEY_is_a(X509_get0_pubkey(leaf), "RSA") ? "RSA" : "EC";
    seen.chain = static_cast<std::size_t>(sk_X509_num(SSL_get_peer_cert_chain(ssl)));
  }

  std::function<int(SSL*)> decide_;
  ossl::Owned<SSL_CTX, SSL_CTX_free> server_{SSL_CTX_new(TLS_server_method())};
};

struct Server {
  Server() {
    fs::create_directories(folder.path("bin"));
    fs::create_symlink("/proc/self/exe", folder.path("bin/acme-keeper"));
    config.main("state_path", {folder.path("store")});
    config.main("helper_path", {folder.path("bin")});
  }

  Store store() {
    Store store =
        REQUIRE_OK(Store::open(system_env(), folder.path("store"), Store::Mode::read_write, log));
    REQUIRE_OK(store.lock());
    return store;
  }
  Issued save(const Lineage& lineage, const Issued& issued) { return save(lineage, issued, {}); }
  Issued save(const Lineage& lineage, const Issued& issued, std::vector<std::string> names) {
    CertificateInfo info = REQUIRE_OK(inspect_certificate(issued.leaf.der()));
    Version version;
    version.chain_pem = chain_to_pem(issued.bundle().chain);
    version.key_pem = REQUIRE_OK(issued.leaf.key().pem());
    version.meta.names = names.empty() ? info.names : std::move(names);
    version.meta.not_before = info.not_before;
    version.meta.not_after = info.not_after;
    REQUIRE_OK(store().save_version(lineage, std::move(version)));
    return {Party(REQUIRE_OK(PrivateKey::from_der(REQUIRE_OK(issued.leaf.key().der()).view())),
                  ossl::Certificate(X509_dup(issued.leaf.certificate()))),
            issued.ca_der};
  }
  // Issues and stores in one.
  Issued saved(const Lineage& lineage, const std::vector<std::string>& names,
               LeafOptions options = {}) {
    options.key = lineage.key;
    return save(lineage, ca.issue(names, options));
  }

  Result<std::unique_ptr<Serving>> try_open(const Env& env = system_env(), bool anyhow = false) {
    config.resolved();
    return Serving::open(env, config.builder.resolution(), log_fd, CallbackLog(write, this),
                         anyhow);
  }
  Serving& open() {
    serving = REQUIRE_OK(try_open());
    return *serving;
  }
  BoardWriter board() {
    UniqueFd fd = REQUIRE_OK(serving->writable_board());
    return REQUIRE_OK(BoardWriter::attach(system_env(), fd.get()));
  }
  Handshakes site(std::uint32_t number, std::string local_address = {}) {
    return Handshakes([this, number, local_address](SSL* ssl) {
      auto set = serving->set_certificate(number, local_address, ssl);
      return set ? *set : static_cast<int>(set.error().code);
    });
  }

  static void write(void* self, int level, const char* line) {
    static_cast<Server*>(self)->log.write(static_cast<Level>(level), line);
  }

  TempFolder folder;
  int log_fd = -1;
  RecordingLog log;
  SiteConfig config;
  TestCa ca;
  std::unique_ptr<Serving> serving;
};

inline Lineage ecdsa(const std::string& id) {
  return {id, KeyType::ecdsa256};
}
inline Lineage rsa(const std::string& id) {
  return {id, KeyType::rsa2048};
}

}  // namespace acme::test
