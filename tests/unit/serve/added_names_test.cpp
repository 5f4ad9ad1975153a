// Names that a domain file has added since the configuration was read.
#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

// A shop with a domain file: two customers from the start, slots 0 and 1.
struct Shop {
  Shop() {
    std::ofstream(server.folder.path("domains")) << "one.example.net\ntwo.example.net\n";
    site = server.config.site({"shop.example.org"})
               .set("domain_file", {server.folder.path("domains")})
               .number;
    other = server.config.site({"other.example.org"}).set("acme", {"on"}).number;
    one = server.saved(ecdsa("one.example.net"), {"one.example.net"}).serial();
    two = server.saved(ecdsa("two.example.net"), {"two.example.net"}).serial();
    server.open();
  }
  std::string publish(BoardWriter& board, std::uint32_t slot, std::vector<std::string> names,
                      KeyType key = KeyType::ecdsa256) {
    Issued issued = server.ca.issue(names, {.key = key});
    REQUIRE_OK(board.publish(slot, issued.bundle()));
    return issued.serial();
  }
  std::string seen(const std::string& sni) { return server.site(site).connect(sni).serial; }

  Server server;
  std::uint32_t site = 0;
  std::uint32_t other = 0;
  std::string one;
  std::string two;
};

}  // namespace

TEST(an_added_name_is_served_as_soon_as_its_certificate_is_there) {
  Shop shop;
  BoardWriter board = shop.server.board();
  CHECK_EQ(shop.seen("three.example.net"), shop.one);  // the site's first
  REQUIRE_OK(board.put_name({shop.site, "three.example.net", 5, 2, "three"}));
  CHECK_EQ(shop.seen("three.example.net"), shop.one);  // it has none yet
  const std::string three = shop.publish(board, 5, {"three.example.net"});
  CHECK_EQ(shop.seen("three.example.net"), three);
  CHECK_EQ(shop.seen("THREE.example.net"), three);
  CHECK_EQ(shop.seen("one.example.net"), shop.one);
  CHECK_EQ(shop.seen("two.example.net"), shop.two);
  // Two kinds of key, side by side.
  shop.publish(board, 6, {"three.example.net"}, KeyType::rsa2048);
  Seen rsa = shop.server.site(shop.site).connect(Client{.sni = "three.example.net",
                                                        .version = TLS1_2_VERSION,
                                                        .signatures = "RSA+SHA256:RSA-PSS+SHA256"});
  CHECK_EQ(rsa.key, "RSA");
  // Where the directive does not stand it is nothing.
  CHECK_EQ(shop.server.site(shop.other).connect("three.example.net").status, ACME_TLS_PLACEHOLDER);
}

TEST(what_was_said_later_counts) {
  Shop shop;
  BoardWriter board = shop.server.board();
  REQUIRE_OK(board.put_name({shop.site, "two.example.net", 9, 1, "both"}));
  CHECK_EQ(shop.seen("two.example.net"), shop.two);  // as long as there is nothing else
  const std::string both = shop.publish(board, 9, {"two.example.net", "four.example.net"});
  CHECK_EQ(shop.seen("two.example.net"), both);
  CHECK_EQ(shop.seen("one.example.net"), shop.one);
}

TEST(an_added_wildcard_answers_after_exact_names) {
  Shop shop;
  BoardWriter board = shop.server.board();
  REQUIRE_OK(board.put_name({shop.site, "*.example.net", 9, 1, "wild"}));
  const std::string wild = shop.publish(board, 9, {"*.example.net"});
  CHECK_EQ(shop.seen("three.example.net"), wild);
  CHECK_EQ(shop.seen("one.example.net"), shop.one);
}

TEST(an_added_address_answers_who_names_no_server) {
  Shop shop;
  BoardWriter board = shop.server.board();
  REQUIRE_OK(board.put_name({kAnySite, "192.0.2.7", 9, 1, "address"}));
  const std::string address = shop.publish(board, 9, {"192.0.2.7"});
  CHECK_EQ(shop.server.site(shop.site, "192.0.2.7").connect("").serial, address);
  CHECK_EQ(shop.server.site(shop.site, "192.0.2.8").connect("").serial, shop.one);
  CHECK_EQ(shop.server.site(shop.other, "192.0.2.7").connect("").serial, address);
}

TEST(a_site_may_begin_without_any_certificate) {
  Server server;
  std::ofstream(server.folder.path("domains")) << "# nobody yet\n";
  auto site =
      server.config.site({"shop.example.org"}).set("domain_file", {server.folder.path("domains")});
  server.open();
  CHECK_EQ(server.site(site.number).connect("shop.example.org").status, ACME_TLS_PLACEHOLDER);
  CHECK_EQ(std::string(server.serving->state(site.number)), "placeholder");
  BoardWriter board = server.board();
  Issued issued = server.ca.issue({"shop.example.org"});
  REQUIRE_OK(board.publish(0, issued.bundle()));
  REQUIRE_OK(board.put_name({site.number, "shop.example.org", 0, 1, "shop.example.org"}));
  CHECK_EQ(server.site(site.number).connect("shop.example.org").serial, issued.serial());
  CHECK_EQ(std::string(server.serving->state(site.number)), "ready");
}

TEST(slots_that_the_board_does_not_have_are_nobodys) {
  Shop shop;
  BoardWriter board = shop.server.board();
  CHECK_EQ(board.slots(), 3 + 1024);
  REQUIRE_OK(board.put_name({shop.site, "three.example.net", 1'000'000, 16, "three"}));
  CHECK_EQ(shop.seen("three.example.net"), shop.one);
}

TEST(a_server_without_a_domain_file_has_no_room_for_names) {
  Server server;
  server.config.site({"a.example.org"}).set("acme", {"on"});
  server.open();
  BoardWriter board = server.board();
  CHECK_EQ(board.slots(), 1);
  REQUIRE_ERROR(board.put_name({0, "b.example.org", 0, 1, "b"}), Errc::no_memory);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
