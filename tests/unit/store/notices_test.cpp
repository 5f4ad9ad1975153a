// What is to be told, what was, and which deploy programs have done their work.
#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

TEST(notices_come_back) {
  Shop shop;
  Store store = shop.writer();
  (void)REQUIRE_ERROR(store.load_notices(kNow), Errc::not_found);
  NoticesRecord record;
  record.pending = {{7, "target", Event::expiring, "expiring of site", R"({"a":"b"})"}};
  record.told = {{"failed site", "words #", kNow - 5, 3}};
  REQUIRE_OK(store.save_notices(record));
  CHECK_EQ(mode_of(shop.path("notices.json")), 0600);
  const NoticesRecord again = REQUIRE_OK(shop.reader().load_notices(kNow));
  CHECK_EQ(again.pending.size(), 1);
  CHECK_EQ(again.pending[0].number, 7);
  CHECK_EQ(again.pending[0].target, "target");
  CHECK(again.pending[0].event == Event::expiring);
  CHECK_EQ(again.pending[0].subject, "expiring of site");
  CHECK_EQ(again.pending[0].json, R"({"a":"b"})");
  CHECK_EQ(again.told[0].subject, "failed site");
  CHECK_EQ(again.told[0].words, "words #");
  CHECK_EQ(again.told[0].last, kNow - 5);
  CHECK_EQ(again.told[0].more, 3);
  // A clock that was once in 2038 does no harm.
  CHECK_EQ(REQUIRE_OK(shop.reader().load_notices(kNow - 100)).told[0].last, kNow - 100);
}

TEST(what_cannot_be_told_is_left_out_and_what_is_damaged_set_aside) {
  Shop shop;
  Store store = shop.writer();
  put_text(shop.path("notices.json"),
           R"({"pending": [{"number": 1, "event": "of_a_newer_build", "notice": "x"},
                           {"event": "failed", "notice": "x"}, {"number": 2, "event": "failed"},
                           {"number": 3, "event": "failed", "notice": "x"}]})");
  const NoticesRecord record = REQUIRE_OK(store.load_notices(kNow));
  CHECK_EQ(record.pending.size(), 1);
  CHECK_EQ(record.pending[0].number, 3);
  put_text(shop.path("notices.json"), "[");
  (void)REQUIRE_ERROR(store.load_notices(kNow), Errc::damaged);
}

TEST(deployed_certificates_come_back) {
  Shop shop;
  Store store = shop.writer();
  DeploysRecord record;
  record.deployed = {{"program", {"site", KeyType::rsa2048}, "0a"}};
  record.tries = {{"other", 3, kNow}};
  REQUIRE_OK(store.save_deploys(record));
  const DeploysRecord again = REQUIRE_OK(shop.reader().load_deploys(kNow - 1));
  CHECK_EQ(again.deployed.size(), 1);
  CHECK_EQ(again.deployed[0].program, "program");
  CHECK((again.deployed[0].lineage == Lineage{"site", KeyType::rsa2048}));
  CHECK_EQ(again.deployed[0].version, "0a");
  CHECK_EQ(again.tries.size(), 1);
  CHECK_EQ(again.tries[0].program, "other");
  CHECK_EQ(again.tries[0].tries, 3);
  CHECK_EQ(again.tries[0].last, kNow - 1);
  put_text(shop.path("deployed.json"), R"({"deployed": [{"program": "x", "key": "none"}]})");
  CHECK(REQUIRE_OK(store.load_deploys(kNow)).deployed.empty());
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
