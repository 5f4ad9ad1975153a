// Orders under way, and the schedule.
#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

OrderRecord order_of(const Lineage& lineage = kLineage) {
  OrderRecord order;
  order.lineage = lineage;
  order.issuer = "letsencrypt";
  order.directory_url = "https://ca.example/directory";
  order.names = {"example.com"};
  order.created = kNow;
  return order;
}

std::string order_path(const Shop& shop, const std::string& below) {
  return shop.path("journal/example.com/ecdsa-256/" + below);
}

}  // namespace

TEST(an_order_is_resumed) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_ERROR(store.load_order(kLineage), Errc::not_found);
  OrderRecord order = order_of();
  REQUIRE_OK(store.save_order(order));
  CHECK_EQ(REQUIRE_OK(store.load_order(kLineage)).order_url, "");  // newOrder's answer unknown

  order.order_url = "https://ca.example/order/1";
  order.key_authorizations = {{"example.com", "token", "token.thumbprint"}};
  REQUIRE_OK(store.save_order(order));
  REQUIRE_OK(store.save_order_key(kLineage, Secret("pem")));
  CHECK(!REQUIRE_OK(store.load_order(kLineage)).has_key);
  order.has_key = true;
  REQUIRE_OK(store.save_order(order));

  const std::vector<OrderRecord> orders = shop.reader().load_orders();
  CHECK_EQ(orders.size(), 1);
  CHECK(orders[0].lineage == kLineage);
  CHECK(orders[0].has_key);
  CHECK_EQ(orders[0].order_url, order.order_url);
  CHECK_EQ(orders[0].key_authorizations.size(), 1);
  CHECK_EQ(REQUIRE_OK(store.load_order_key(kLineage)).view(), "pem");
  CHECK_EQ(mode_of(order_path(shop, "key")), 0600);
}

TEST(one_order_per_lineage) {
  Shop shop;
  Store store = shop.writer();
  const Lineage rsa{"example.com", KeyType::rsa4096};
  REQUIRE_OK(store.save_order(order_of()));
  REQUIRE_OK(store.save_order(order_of(rsa)));
  CHECK_EQ(store.load_orders().size(), 2);
  REQUIRE_OK(store.forget_order(kLineage));
  CHECK_EQ(store.load_orders().size(), 1);
  REQUIRE_OK(store.forget_order(rsa));
  REQUIRE_OK(store.forget_order(rsa));
  CHECK(store.load_orders().empty());
  REQUIRE_OK(store.settle());
  CHECK(names_in(shop.path("journal")).empty());
}

TEST(forgetting_takes_the_key_along) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_order_key(kLineage, Secret("pem")));
  OrderRecord order = order_of();
  order.has_key = true;
  REQUIRE_OK(store.save_order(order));
  REQUIRE_OK(store.forget_order(kLineage));
  REQUIRE_ERROR(store.load_order_key(kLineage), Errc::not_found);
}

TEST(a_key_counts_only_for_its_own_order) {
  Shop shop;
  Store store = shop.writer();
  OrderRecord order = order_of();
  order.has_key = true;
  REQUIRE_ERROR(store.save_order(order), Errc::not_found);
  REQUIRE_OK(store.save_order_key(kLineage, Secret("first")));
  REQUIRE_OK(store.save_order(order));
  put_text(order_path(shop, "key"), "other");
  CHECK(!shop.reader().load_orders().at(0).has_key);
  CHECK(shop.log.errors.empty());
  CHECK(!store.load_orders().at(0).has_key);
  CHECK_CONTAINS(shop.log.errors.at(0), order_path(shop, "key"));
}

TEST(a_damaged_order_is_set_aside_and_the_others_go_on) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_order(order_of()));
  REQUIRE_OK(store.save_order(order_of({"other.example", KeyType::ecdsa256})));
  put_text(order_path(shop, "order.json"), "");
  CHECK_EQ(store.load_orders().size(), 1);
  CHECK_EQ(store.load_orders().size(), 1);
  CHECK_EQ(shop.log.errors.size(), 1);
  CHECK(fs::exists(order_path(shop, "order.json.damaged")));
  REQUIRE_OK(store.save_order(order_of()));
  CHECK_EQ(store.load_orders().size(), 2);
}

TEST(an_order_must_be_one) {
  Shop shop;
  Store store = shop.writer();
  OrderRecord order = order_of();
  order.issuer.clear();
  REQUIRE_ERROR(store.save_order(order), Errc::invalid_argument);
  REQUIRE_ERROR(store.save_order_key(kLineage, Secret()), Errc::invalid_argument);
}

TEST(a_schedule_comes_back_within_bounds) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_ERROR(store.load_schedule(kLineage, kNow), Errc::not_found);
  ScheduleRecord schedule;
  schedule.next_try = kNow + 10 * kDay;
  schedule.failures = 2;
  schedule.failed_validations = {kNow - 2 * kHour, kNow - kMinute};
  REQUIRE_OK(store.save_schedule(kLineage, schedule));
  ScheduleRecord back = REQUIRE_OK(shop.reader().load_schedule(kLineage, kNow));
  CHECK_EQ(back.next_try, kNow + kDay);
  CHECK_EQ(back.failures, 2);
  CHECK_EQ(back.failed_validations, std::vector<WallTime>{kNow - kMinute});
}

TEST(a_schedule_and_the_versions_live_side_by_side) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_schedule(kLineage, {}));
  CHECK(store.lineages() == std::vector<Lineage>{kLineage});
  REQUIRE_ERROR(store.load_current(kLineage), Errc::not_found);
  REQUIRE_OK(store.save_version(kLineage, version_of(1)));
  REQUIRE_OK(store.load_schedule(kLineage, kNow));
  CHECK(shop.log.errors.empty());
}

TEST(a_damaged_schedule_is_set_aside) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_schedule(kLineage, {}));
  put_text(shop.lineage_path("state.json"), "{\"next_try\"");
  REQUIRE_ERROR(store.load_schedule(kLineage, kNow), Errc::damaged);
  REQUIRE_ERROR(store.load_schedule(kLineage, kNow), Errc::not_found);
  REQUIRE_OK(store.save_schedule(kLineage, {}));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
