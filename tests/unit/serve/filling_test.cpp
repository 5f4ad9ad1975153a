// What is served before any helper runs: the board as it is filled from the
// store, and what happens where store or board cannot be had.
#include "base/forwarding_env.h"
#include "crypto/digest.h"
#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr std::string_view kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ";
const std::string kAnswer = std::string(kToken) + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

// Real but for the board's memory.
class NoMemoryFiles : public ForwardingEnv {
 public:
  int memory_file(const char*) const override { return -ENOMEM; }
};

void save_order(Server& server, ChallengeType type = ChallengeType::http01) {
  OrderRecord order;
  order.lineage = ecdsa("example.com");
  order.issuer = "letsencrypt";
  order.directory_url = "https://ca.example/directory";
  order.names = {"example.com"};
  order.order_url = "https://ca.example/order/1";
  order.key_authorizations = {{"example.com", std::string(kToken), kAnswer, type}};
  REQUIRE_OK(server.store().save_order(order));
}

std::string challenge(std::string_view token) {
  return ACME_HTTP01_PREFIX + std::string(token);
}

}  // namespace

TEST(a_first_start_without_a_store_is_silent) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  server.open();
  CHECK(server.log.errors.empty());
  CHECK(server.log.warnings.empty());
  CHECK(!fs::exists(server.folder.path("store")));
}

TEST(what_was_imported_before_the_start_is_waited_for) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  CHECK(!server.open().awaits_import());
  REQUIRE_OK(server.store().save_import(Secret(std::string_view("an import"))));
  CHECK(server.open().awaits_import());
}

TEST(a_configuration_without_certificates_needs_neither_board_nor_programs) {
  Server server;
  fs::remove(server.folder.path("bin/acme-keeper"));
  server.config.site({"example.com"});
  REQUIRE_ERROR(server.open().writable_board(), Errc::refused);
}

TEST(challenges_of_orders_under_way_are_answered_from_the_journal) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  save_order(server);
  server.open();
  CHECK_EQ(REQUIRE_OK(server.serving->http01(challenge(kToken))), kAnswer);
}

TEST(tls_alpn_01_challenges_get_their_certificates_from_the_journal) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  save_order(server, ChallengeType::tlsalpn01);
  server.open();
  CHECK(server.serving->alpn_pending());
  CHECK(server.serving->has_challenge("example.com"));
  AlpnAnswer answer = REQUIRE_OK(server.board().challenge("example.com"));
  CHECK_EQ(answer.bundles.size(), 2);
  Sha256 digest = sha256(kAnswer);
  CHECK_EQ(answer.digest, std::string(digest.begin(), digest.end()));
  REQUIRE_ERROR(server.serving->http01(challenge(kToken)), Errc::not_found);
}

TEST(challenges_in_dns_are_nothing_for_workers) {
  for (ChallengeType type :
       {ChallengeType::dns01, ChallengeType::dnsaccount01, ChallengeType::dnspersist01}) {
    Server server;
    server.config.main("acme", {"on"});
    server.config.site({"example.com"});
    save_order(server, type);
    server.open();
    CHECK(!server.serving->alpn_pending());
    (void)REQUIRE_ERROR(server.serving->http01(challenge(kToken)), Errc::not_found);
  }
}

TEST(only_our_own_challenges_are_answered) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  save_order(server);
  server.open();
  const std::string ours = challenge(kToken);
  for (const std::string& path :
       {std::string("/"), std::string(), std::string(ACME_HTTP01_PREFIX),
        challenge("unknownunknownunknownunknown"), ours + "/", ours + "x", ours + "?x",
        ours.substr(0, ours.size() - 1), ours.substr(1), challenge(std::string(257, 'a')),
        challenge("../" + std::string(kToken)), "/x" + ours, challenge(std::string(22, '\0'))})
    REQUIRE_ERROR(server.serving->http01(path), Errc::not_found);
}

TEST(a_damaged_entry_does_not_stop_the_others) {
  Server server;
  server.config.main("acme", {"on"});
  auto a = server.config.site({"a.example.com"});
  auto b = server.config.site({"b.example.com"});
  server.saved(ecdsa("a.example.com"), {"a.example.com"});
  std::string serial = server.saved(ecdsa("b.example.com"), {"b.example.com"}).serial();
  for (const auto& entry :
       fs::recursive_directory_iterator(server.folder.path("store/certs/a.example.com")))
    if (entry.path().filename() == "fullchain.pem") std::ofstream(entry.path()) << "x";
  server.open();
  CHECK_EQ(server.site(a.number).connect("a.example.com").status, ACME_TLS_PLACEHOLDER);
  CHECK_EQ(server.site(b.number).connect("b.example.com").serial, serial);
  CHECK_EQ(server.log.errors.size(), 1);
  CHECK_CONTAINS(server.log.errors[0], "a.example.com");
}

// ---- the old certificate serves what it covers

TEST(after_the_first_name_is_gone_the_certificate_under_the_old_id_goes_on) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"b.example.com", "c.example.com"});
  std::string serial =
      server.saved(ecdsa("a.example.com"), {"a.example.com", "b.example.com", "c.example.com"})
          .serial();
  server.open();
  CHECK_EQ(server.site(site.number).connect("b.example.com").serial, serial);
  CHECK_CONTAINS(server.log.warnings.at(0), "a.example.com/ecdsa-256 answers for b.example.com");
}

TEST(after_a_change_of_the_key_type_the_old_key_goes_on) {
  Server server;
  auto site =
      server.config.site({"example.com"}).set("certificate", {"letsencrypt", "key=rsa:2048"});
  std::string serial = server.saved(ecdsa("example.com"), {"example.com"}).serial();
  server.open();
  CHECK_EQ(server.site(site.number).connect("example.com").serial, serial);
}

TEST(of_several_old_certificates_the_one_that_covers_most_and_longest_goes_on) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"a.example.com", "b.example.com"});
  server.saved(ecdsa("one"), {"a.example.com"});
  server.saved(ecdsa("short"), {"a.example.com", "b.example.com"}, {.to = 2 * kDay});
  std::string serial = server.saved(ecdsa("wild"), {"*.example.com"}, {.to = 9 * kDay}).serial();
  server.saved(ecdsa("expired"), {"a.example.com", "b.example.com"}, {.to = -kDay});
  server.saved(ecdsa("other"), {"other.example"});
  server.open();
  CHECK_EQ(server.site(site.number).connect("a.example.com").serial, serial);
}

TEST(a_stored_certificate_of_its_own_is_preferred_whatever_it_covers) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"a.example.com", "b.example.com"});
  std::string serial = server.saved(ecdsa("a.example.com"), {"a.example.com"}).serial();
  server.saved(ecdsa("other"), {"a.example.com", "b.example.com"});
  server.open();
  CHECK_EQ(server.site(site.number).connect("b.example.com").serial, serial);
}

// ---- faults of the environment

TEST(a_missing_helper_program_refuses_a_reload_and_is_an_error_line_at_a_start) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  std::string serial = server.saved(ecdsa("example.com"), {"example.com"}).serial();
  fs::remove(server.folder.path("bin/acme-keeper"));
  CHECK_CONTAINS(REQUIRE_ERROR(server.try_open(), Errc::io), "bin/acme-keeper cannot be executed");
  server.serving = REQUIRE_OK(server.try_open(system_env(), true));
  CHECK_EQ(server.log.errors.size(), 1);
  CHECK_CONTAINS(server.log.errors[0], "cannot be executed");
  CHECK_EQ(server.site(site.number).connect("example.com").serial, serial);
}

TEST(a_helper_program_that_is_a_folder_or_not_executable_is_found_out) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"example.com"});
  const std::string program = server.folder.path("bin/acme-keeper");
  fs::remove(program);
  fs::create_directory(program);
  REQUIRE_ERROR(server.try_open(), Errc::io);
  fs::remove(program);
  std::ofstream(program) << "x";
  fs::permissions(program, fs::perms::owner_read);
  CHECK_CONTAINS(REQUIRE_ERROR(server.try_open(), Errc::io), "Permission denied");
}

TEST(an_unsafe_store_refuses_a_reload_and_is_served_around_at_a_start) {
  Server server;
  server.config.main("acme", {"on"});
  auto site = server.config.site({"example.com"});
  server.saved(ecdsa("example.com"), {"example.com"});
  fs::permissions(server.folder.path("store"), fs::perms::all);
  REQUIRE_ERROR(server.try_open(), Errc::unsafe);
  server.serving = REQUIRE_OK(server.try_open(system_env(), true));
  CHECK_EQ(server.log.errors.size(), 1);
  CHECK_EQ(server.site(site.number).connect("example.com").status, ACME_TLS_PLACEHOLDER);
}

TEST(without_memory_for_a_board_a_start_serves_what_is_stored) {
  Server server;
  server.config.main("acme", {"on"});
  auto a = server.config.site({"a.example.com"});
  auto b = server.config.site({"b.example.com"});
  std::string serial = server.saved(ecdsa("a.example.com"), {"a.example.com"}).serial();
  NoMemoryFiles env;
  REQUIRE_ERROR(server.try_open(env), Errc::no_memory);
  server.serving = REQUIRE_OK(server.try_open(env, true));
  REQUIRE_ERROR(server.serving->writable_board(), Errc::refused);
  CHECK_EQ(server.site(a.number).connect("a.example.com").serial, serial);
  CHECK_EQ(server.site(b.number).connect("b.example.com").status, ACME_TLS_PLACEHOLDER);
  CHECK_EQ(std::string(server.serving->state(a.number)), "ready");
  REQUIRE_ERROR(server.serving->http01(challenge(kToken)), Errc::not_found);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
