#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

TEST(the_last_reload_comes_back) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_ERROR(store.load_reload(kNow), Errc::not_found);
  REQUIRE_OK(store.save_reload({kNow - 30, 3}));
  ReloadRecord back = REQUIRE_OK(shop.reader().load_reload(kNow));
  CHECK_EQ(back.last, kNow - 30);
  CHECK_EQ(back.vain, 3);
  CHECK_EQ(mode_of(shop.path("reload.json")), 0600);
}

TEST(a_reload_of_the_future_was_now) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_reload({kNow + 10 * 365 * kDay, 0}));
  CHECK_EQ(REQUIRE_OK(store.load_reload(kNow)).last, kNow);
}

TEST(what_is_no_record_is_set_aside) {
  Shop shop;
  Store store = shop.writer();
  put_text(shop.path("reload.json"), "[]");
  REQUIRE_ERROR(store.load_reload(kNow), Errc::damaged);
  REQUIRE_ERROR(store.load_reload(kNow), Errc::not_found);
  CHECK_EQ(text_in(shop.path("reload.json.damaged")), "[]");
  put_text(shop.path("reload.json"), R"({"last": 7, "vain": -1})");
  CHECK_EQ(REQUIRE_OK(store.load_reload(kNow)).last, 0);
  CHECK_EQ(REQUIRE_OK(store.load_reload(kNow)).vain, 0);
}

TEST(only_the_holder_of_the_lock_writes_it) {
  Shop shop;
  Store store = shop.open();
  REQUIRE_ERROR(store.save_reload({kNow, 0}), Errc::refused);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
