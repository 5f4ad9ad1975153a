#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

DnsRecord record() {
  return {{"site", KeyType::rsa2048},
          "letsencrypt",
          "cloudflare",
          "_acme-challenge.example.com",
          "value",
          "example.com",
          "example.com",
          "372e67",
          kNow,
          "token.thumbprint"};
}

TEST(records_come_back) {
  Shop shop;
  Store store = shop.writer();
  (void)REQUIRE_ERROR(store.load_dns_records(), Errc::not_found);
  DnsRecord bare;
  bare.name = "n";
  bare.value = "v";
  REQUIRE_OK(store.save_dns_records({record(), bare}));
  CHECK((REQUIRE_OK(shop.reader().load_dns_records()) == std::vector{record(), bare}));
  CHECK_EQ(mode_of(shop.path("dns_records.json")), 0600);
  REQUIRE_OK(store.save_dns_records({}));
  CHECK(REQUIRE_OK(shop.reader().load_dns_records()).empty());
}

TEST(what_is_absent_is_forgiven_but_for_what_is_needed_to_remove_it) {
  Shop shop;
  Store store = shop.writer();
  put_text(shop.path("dns_records.json"),
           R"({"records": [{"name": "n", "value": "v", "new": 1}]})");
  CHECK_EQ(REQUIRE_OK(store.load_dns_records()).at(0).name, "n");
  put_text(shop.path("dns_records.json"), R"({"records": [{"name": "n"}]})");
  (void)REQUIRE_ERROR(store.load_dns_records(), Errc::damaged);
  CHECK_EQ(text_in(shop.path("dns_records.json.damaged")), R"({"records": [{"name": "n"}]})");
  put_text(shop.path("dns_records.json"), "[]");
  (void)REQUIRE_ERROR(store.load_dns_records(), Errc::damaged);
}

TEST(only_the_holder_of_the_lock_writes_them) {
  Shop shop;
  Store store = shop.open();
  (void)REQUIRE_ERROR(store.save_dns_records({}), Errc::refused);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
