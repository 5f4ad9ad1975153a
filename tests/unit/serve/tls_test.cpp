// Which certificate a handshake gets.
#include <atomic>
#include <thread>

#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::test;

TEST(what_is_stored_is_served_with_its_chain) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  std::string serial = server.saved(ecdsa("example.com"), {"example.com"}).serial();
  server.open();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Seen seen = server.site(site.number).connect(Client{.sni = "example.com", .version = version});
    CHECK_EQ(seen.status, ACME_TLS_MANAGED);
    CHECK(seen.ok);
    CHECK_EQ(seen.serial, serial);
    CHECK_EQ(seen.chain, 2);
  }
  CHECK(server.log.errors.empty());
}

TEST(the_next_handshake_serves_what_was_published_also_with_another_kind_of_key) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  server.open();
  BoardWriter board = server.board();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (KeyType key : {KeyType::ecdsa256, KeyType::rsa2048, KeyType::ecdsa256}) {
      Issued issued = server.ca.issue({"example.com"}, {.key = key});
      REQUIRE_OK(board.publish(0, issued.bundle()));
      for (int i = 0; i < 3; ++i) {
        Seen seen =
            server.site(site.number).connect(Client{.sni = "example.com", .version = version});
        CHECK(seen.ok);
        CHECK_EQ(seen.serial, issued.serial());
        CHECK_EQ(seen.key, key == KeyType::rsa2048 ? "RSA" : "EC");
      }
    }
  }
}

TEST(until_there_is_a_certificate_a_placeholder_keeps_handshakes_working) {
  Server server;
  server.config.main("acme", {"on"});
  auto a = server.config.site({"a.example.com"});
  auto b = server.config.site({"b.example.com"});
  server.open();
  Seen first = server.site(a.number).connect("a.example.com");
  CHECK_EQ(first.status, ACME_TLS_PLACEHOLDER);
  CHECK(first.ok);
  CHECK_EQ(first.subject, "placeholder.invalid");
  Seen second = server.site(b.number).connect("b.example.com");
  CHECK_EQ(second.serial, first.serial);  // one for all
  CHECK_EQ(std::string(server.serving->state(a.number)), "placeholder");

  Issued issued = server.ca.issue({"a.example.com"});
  REQUIRE_OK(server.board().publish(0, issued.bundle()));
  CHECK_EQ(server.site(a.number).connect("a.example.com").serial, issued.serial());
  CHECK_EQ(std::string(server.serving->state(a.number)), "ready");
  CHECK_EQ(std::string(server.serving->state(b.number)), "placeholder");
}

TEST(the_operators_file_answers_until_the_managed_certificate_is_there) {
  Server server;
  auto site = server.config.site({"example.com"}, {.own_certificate = true}).set("acme", {"on"});
  server.open();
  Handshakes handshakes = server.site(site.number);
  // Of another kind of key, which clients would prefer or at least accept.
  Issued file = server.ca.issue({"example.com", "old.example.com"}, {.key = KeyType::rsa2048});
  handshakes.use_file(file);
  Seen before = handshakes.connect("example.com");
  CHECK_EQ(before.status, ACME_TLS_UNTOUCHED);
  CHECK_EQ(before.serial, file.serial());
  CHECK_EQ(std::string(server.serving->state(site.number)), "bridge");

  Issued managed = server.ca.issue({"example.com"});
  REQUIRE_OK(server.board().publish(0, managed.bundle()));
  CHECK_EQ(std::string(server.serving->state(site.number)), "ready");
  for (const char* signatures : {"", "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256"}) {
    Seen after = handshakes.connect(Client{.sni = "example.com", .signatures = signatures});
    CHECK_EQ(after.status, ACME_TLS_MANAGED);
    CHECK_EQ(after.serial, managed.serial());
  }
  CHECK_EQ(handshakes.connect("").serial, managed.serial());
  // A name that the managed one does not cover (yet).
  CHECK_EQ(handshakes.connect("old.example.com").serial, file.serial());
}

TEST(a_managed_certificate_that_openssl_refuses_leaves_the_operators_file) {
  Server server;
  auto site = server.config.site({"example.com"}, {.own_certificate = true}).set("acme", {"on"});
  server.saved(ecdsa("example.com"), {"example.com"});
  server.open();
  Issued file = server.ca.issue({"example.com"}, {.key = KeyType::ecdsa384});
  ossl::Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_cert_and_key(context.get(), file.leaf.certificate(), file.leaf.key().get(), nullptr,
                           1);
  ossl::Owned<SSL, SSL_free> ssl(SSL_new(context.get()));
  SSL_set_security_level(ssl.get(), 4);  // 192 bits: more than P-256 has
  REQUIRE_ERROR(server.serving->set_certificate(site.number, "", ssl.get()), Errc::crypto);
  CHECK(X509_cmp(SSL_get_certificate(ssl.get()), file.leaf.certificate()) == 0);
}

TEST(a_client_that_names_no_server_gets_the_certificate_of_the_address_it_came_to) {
  Server server;
  server.config.main("acme", {"on"});
  auto first = server.config.site({"example.com"});
  server.config.site({"192.0.2.1", "2001:db8::1"}).set("certificate", {"letsencrypt"});
  std::string named = server.saved(ecdsa("example.com"), {"example.com"}).serial();
  std::string address = server.saved(ecdsa("192.0.2.1"), {"192.0.2.1", "2001:db8::1"}).serial();
  server.open();
  // Whatever server the connection has come to, and however the address is written.
  for (const char* local : {"192.0.2.1", "2001:db8::1", "2001:DB8:0::1", "::ffff:192.0.2.1"})
    CHECK_EQ(server.site(first.number, local).connect("").serial, address);
  CHECK_EQ(server.site(first.number, "192.0.2.2").connect("").serial, named);
  CHECK_EQ(server.site(first.number, "").connect("").serial, named);
  // Who names one gets that one; some name the address, against the RFC.
  CHECK_EQ(server.site(first.number).connect("example.com").serial, named);
  CHECK_EQ(server.site(first.number).connect("192.0.2.1").serial, address);
}

TEST(an_expired_certificate_beats_a_placeholder) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  std::string serial =
      server.saved(ecdsa("example.com"), {"example.com"}, {.from = -90 * kDay, .to = -kDay})
          .serial();
  server.open();
  Seen seen = server.site(site.number).connect("example.com");
  CHECK_EQ(seen.status, ACME_TLS_MANAGED);
  CHECK_EQ(seen.serial, serial);
}

TEST(a_site_that_is_not_ours_is_left_untouched) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  auto off = server.config.site({"off.example.com"}).set("acme", {"off"});
  server.open();
  for (std::uint32_t number : {off.number, 77u}) {
    Handshakes handshakes = server.site(number);
    handshakes.use_file(server.ca.issue({"off.example.com"}));
    CHECK_EQ(handshakes.connect("off.example.com").status, ACME_TLS_UNTOUCHED);
    CHECK_EQ(std::string(server.serving->state(number)), "");
  }
}

TEST(each_client_gets_the_kind_of_key_that_it_can_use) {
  Server server;
  auto site = server.config.site({"example.com"})
                  .set("certificate", {"letsencrypt", "key=ecdsa:256,rsa:2048"});
  std::string ec = server.saved(ecdsa("example.com"), {"example.com"}).serial();
  std::string rsa_serial = server.saved(rsa("example.com"), {"example.com"}).serial();
  server.open();
  Handshakes handshakes = server.site(site.number);
  CHECK_EQ(
      handshakes.connect(Client{.sni = "example.com", .signatures = "rsa_pss_rsae_sha256"}).serial,
      rsa_serial);
  CHECK_EQ(handshakes.connect(Client{.sni = "example.com", .signatures = "ecdsa_secp256r1_sha256"})
               .serial,
           ec);
}

TEST(among_several_certificates_of_a_site_the_name_decides) {
  Server server;
  auto site = server.config.site({"a.example.com", "b.example.com"})
                  .set("certificate", {"letsencrypt", "a.example.com"})
                  .set("certificate", {"letsencrypt", "b.example.com"});
  std::string a = server.saved(ecdsa("a.example.com"), {"a.example.com"}).serial();
  std::string b = server.saved(ecdsa("b.example.com"), {"b.example.com"}).serial();
  server.open();
  Handshakes handshakes = server.site(site.number);
  CHECK_EQ(handshakes.connect("a.example.com").serial, a);
  CHECK_EQ(handshakes.connect("B.Example.com").serial, b);
  CHECK_EQ(handshakes.connect("").serial, a);
  CHECK_EQ(handshakes.connect("unknown.example.com").serial, a);
}

TEST(a_certificate_that_is_there_answers_for_one_that_is_not) {
  Server server;
  auto site = server.config.site({"a.example.com", "b.example.com"})
                  .set("certificate", {"letsencrypt", "a.example.com"})
                  .set("certificate", {"letsencrypt", "b.example.com"});
  std::string b = server.saved(ecdsa("b.example.com"), {"b.example.com"}).serial();
  server.open();
  CHECK_EQ(server.site(site.number).connect("a.example.com").serial, b);
  CHECK_EQ(std::string(server.serving->state(site.number)), "placeholder");
}

TEST(a_publication_that_cannot_be_used_leaves_the_one_before_it) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  std::string serial = server.saved(ecdsa("example.com"), {"example.com"}).serial();
  server.open();
  Handshakes handshakes = server.site(site.number);
  CHECK_EQ(handshakes.connect("example.com").serial, serial);
  Bundle wrong_key = server.ca.issue({"example.com"}).bundle();
  wrong_key.key_der = server.ca.issue({"example.com"}).bundle().key_der.clone();
  Bundle garbage;
  garbage.key_der = Secret("no key");
  garbage.chain = {"no certificate"};
  for (Bundle* bundle : {&wrong_key, &garbage}) {
    REQUIRE_OK(server.board().publish(0, *bundle));
    Seen seen = handshakes.connect("example.com");
    CHECK_EQ(seen.status, ACME_TLS_MANAGED);
    CHECK_EQ(seen.serial, serial);
  }
  Issued next = server.ca.issue({"example.com"});
  REQUIRE_OK(server.board().publish(0, next.bundle()));
  CHECK_EQ(handshakes.connect("example.com").serial, next.serial());
}

TEST(more_sites_than_a_worker_keeps_certificates_get_each_its_own) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.main("certificate_cache", {"2"});
  std::vector<std::string> serials;
  std::vector<std::uint32_t> sites;
  for (const char* name : {"a.example.com", "b.example.com", "c.example.com", "d.example.com"}) {
    sites.push_back(server.config.site({name}).number);
    serials.push_back(server.saved(ecdsa(name), {name}).serial());
  }
  server.open();
  BoardWriter board = server.board();
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < sites.size(); ++i)
      CHECK_EQ(server.site(sites[i]).connect("").serial, serials[i]);
    // Also what changes while it is not kept.
    Issued issued = server.ca.issue({"b.example.com"});
    REQUIRE_OK(board.publish(1, issued.bundle()));
    serials[1] = issued.serial();
  }
}

TEST(what_was_withdrawn_is_served_no_more) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  server.saved(ecdsa("example.com"), {"example.com"});
  server.open();
  Handshakes handshakes = server.site(site.number);
  CHECK_EQ(handshakes.connect("example.com").status, ACME_TLS_MANAGED);
  server.board().withdraw(0);
  CHECK_EQ(handshakes.connect("example.com").status, ACME_TLS_PLACEHOLDER);
}

TEST(openssls_error_queue_is_left_as_it_was) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  server.open();
  Bundle garbage;
  garbage.key_der = Secret("no key");
  garbage.chain = {"no certificate"};
  REQUIRE_OK(server.board().publish(0, garbage));
  ossl::Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_server_method()));
  ossl::Owned<SSL, SSL_free> ssl(SSL_new(context.get()));
  ERR_clear_error();
  CHECK_EQ(REQUIRE_OK(server.serving->set_certificate(site.number, "", ssl.get())),
           ACME_TLS_PLACEHOLDER);
  CHECK_EQ(ERR_peek_error(), 0);
}

TEST(many_threads_shake_hands_while_certificates_change) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  server.saved(ecdsa("example.com"), {"example.com"});
  server.open();
  std::vector<Bundle> bundles;
  for (int i = 0; i < 6; ++i)
    bundles.push_back(
        server.ca.issue({"example.com"}, {.key = i % 2 ? KeyType::rsa2048 : KeyType::ecdsa256})
            .bundle());
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      Handshakes handshakes = server.site(site.number);
      while (!stop) {
        Seen seen = handshakes.connect("example.com");
        (seen.ok && seen.status == ACME_TLS_MANAGED ? good : bad)++;
      }
    });
  BoardWriter board = server.board();
  for (int i = 0; i < 40; ++i) {
    REQUIRE_OK(board.publish(0, bundles[static_cast<std::size_t>(i) % bundles.size()]));
    usleep(5000);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(bad.load(), 0);
  CHECK(good.load() > 0);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
