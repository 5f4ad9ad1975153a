// What a CA is shown that asks by tls-alpn-01.
#include "crypto/alpn_cert.h"
#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr const char* kKeyAuthorization = "token.thumbprint";

// A server with a real certificate, and a challenge pending for its name.
struct Challenged : Server {
  Challenged() {
    config.main("acme", {"on"});
    config.site({"example.com"});
    real = saved(rsa("example.com"), {"example.com"}).serial();
    open();
    put("example.com");
  }
  void put(const std::string& name, bool both = true) {
    AlpnAnswer answer;
    answer.digest = std::string(32, 'd');
    for (KeyType type : {KeyType::ecdsa256, KeyType::rsa2048}) {
      if (type == KeyType::rsa2048 && !both) continue;
      PrivateKey key = REQUIRE_OK(PrivateKey::generate(type));
      std::string der =
          REQUIRE_OK(make_alpn_certificate(key, name, kKeyAuthorization, system_env().now()));
      answer.bundles.push_back({REQUIRE_OK(key.der()), {der}});
    }
    REQUIRE_OK(board().put_challenge(name, answer));
  }
  Handshakes challenge() {
    return Handshakes([this](SSL* ssl) {
      auto set = serving->set_challenge(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), ssl);
      return set ? 0 : static_cast<int>(set.error().code);
    });
  }
  std::string real;
};

std::string pem_key_kind(const Serving::ChallengePem& pem) {
  PrivateKey key = REQUIRE_OK(PrivateKey::from_pem(pem.key.view()));
  std::string der = REQUIRE_OK(chain_from_pem(pem.certificate)).at(0);
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ossl::Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  CHECK_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
  return EVP_PKEY_is_a(key.get(), "RSA") ? "RSA" : "EC";
}

}  // namespace

TEST(a_client_gets_the_certificate_of_the_kind_that_it_knows_in_both_versions) {
  Challenged server;
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (auto [signatures, key] : {std::pair{"ecdsa_secp256r1_sha256", "EC"},
                                   std::pair{"rsa_pss_rsae_sha256:rsa_pkcs1_sha256", "RSA"}}) {
      Seen seen = server.challenge().connect(Client{"EXAMPLE.com", version, signatures});
      CHECK(seen.ok);
      CHECK_EQ(seen.key, key);
      CHECK_EQ(seen.subject, "example.com");
      CHECK(seen.serial != server.real);
    }
  }
}

// The real certificate is of a kind that the client prefers or at least accepts.
TEST(what_the_connection_had_before_is_taken_away) {
  Challenged server;
  Handshakes handshakes = server.challenge();
  handshakes.use_file(server.ca.issue({"example.com"}));
  server.put("example.com", false);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Seen seen = handshakes.connect(Client{"example.com", version});
    CHECK(seen.ok);
    CHECK_EQ(seen.chain, 1);
    CHECK_EQ(seen.subject, "example.com");
  }
  CHECK(!handshakes.connect(Client{"example.com", TLS1_3_VERSION, "rsa_pss_rsae_sha256"}).ok);
}

TEST(without_a_challenge_nothing_is_touched) {
  Challenged server;
  CHECK(server.serving->alpn_pending());
  CHECK(!server.serving->has_challenge("other.example.com"));
  Handshakes handshakes = server.challenge();
  Issued file = server.ca.issue({"other.example.com"});
  handshakes.use_file(file);
  Seen seen = handshakes.connect("other.example.com");
  CHECK_EQ(seen.status, ACME_E_NOT_FOUND);
  server.board().remove_challenge("example.com");
  CHECK(!server.serving->alpn_pending());
  CHECK(!server.serving->has_challenge("example.com"));
}

TEST(a_server_that_wants_texts_gets_them_by_kind) {
  Challenged server;
  CHECK_EQ(pem_key_kind(REQUIRE_OK(server.serving->challenge_pem("Example.COM", false))), "EC");
  CHECK_EQ(pem_key_kind(REQUIRE_OK(server.serving->challenge_pem("example.com", true))), "RSA");
  REQUIRE_ERROR(server.serving->challenge_pem("other.example.com", true), Errc::not_found);
  server.put("example.com", false);
  REQUIRE_ERROR(server.serving->challenge_pem("example.com", true), Errc::not_found);
}

TEST(a_connection_that_one_key_is_too_weak_for_gets_the_other) {
  Challenged server;
  ossl::Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_server_method()));
  ossl::Owned<SSL, SSL_free> ssl(SSL_new(context.get()));
  SSL_set_security_level(ssl.get(), 3);  // 128 bits: RSA-2048 has 112
  REQUIRE_OK(server.serving->set_challenge("example.com", ssl.get()));
  CHECK(EVP_PKEY_is_a(X509_get0_pubkey(SSL_get_certificate(ssl.get())), "EC"));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
