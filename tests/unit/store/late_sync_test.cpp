// What is seen at once and durable later: one wait for the disk for many changes.
#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

class CountingEnv : public StoreEnv {
 public:
  mutable int fsyncs = 0;
  int refuse = 0;  // -errno of each fsync

  int fsync(int fd) const override {
    ++fsyncs;
    return refuse != 0 ? refuse : StoreEnv::fsync(fd);
  }
};

struct Desk {
  TempFolder folder;
  CountingEnv env;
  Memory log;
  Store store = REQUIRE_OK(Store::open(env, folder.path("store"), Store::Mode::read_write, log));
  Desk() {
    REQUIRE_OK(store.lock());
    env.fsyncs = 0;
  }
  bool has_order() const { return fs::exists(folder.path("store/journal/example.com")); }
};

OrderRecord order_of(int n, bool has_key = false) {
  OrderRecord order;
  order.lineage = kLineage;
  order.issuer = "letsencrypt";
  order.directory_url = "https://ca.example/directory";
  order.order_url = "https://ca.example/order/" + std::to_string(n);
  order.has_key = has_key;
  return order;
}

void finalize(Store& store, int n) {
  REQUIRE_OK(store.save_order_key(kLineage, Secret("pem")));
  REQUIRE_OK(store.save_order(order_of(n, true)));
}

}  // namespace

TEST(an_order_waits_for_the_disk_when_it_has_its_key) {
  Desk desk;
  REQUIRE_OK(desk.store.save_order(order_of(1)));
  CHECK_EQ(desk.env.fsyncs, 0);
  CHECK(desk.store.unsettled_since().has_value());
  finalize(desk.store, 1);
  CHECK(desk.env.fsyncs > 0);
  CHECK(!desk.store.unsettled_since().has_value());
}

TEST(what_is_not_durable_yet_is_seen_all_the_same) {
  Desk desk;
  REQUIRE_OK(desk.store.save_order(order_of(1)));
  REQUIRE_OK(desk.store.save_version(kLineage, version_of(1)));
  CHECK_EQ(desk.env.fsyncs, 0);
  Store reader = REQUIRE_OK(
      Store::open(desk.env, desk.folder.path("store"), Store::Mode::read_only, desk.log));
  CHECK_EQ(current_number(reader), 1);
  CHECK_EQ(reader.load_orders().size(), 1);
}

TEST(an_order_stays_until_its_certificate_is_durable) {
  Desk desk;
  finalize(desk.store, 1);
  REQUIRE_OK(desk.store.save_version(kLineage, version_of(1)));
  REQUIRE_OK(desk.store.forget_order(kLineage));
  CHECK(desk.store.load_orders().empty());
  REQUIRE_ERROR(desk.store.load_order(kLineage), Errc::not_found);
  CHECK(desk.has_order());
  REQUIRE_OK(desk.store.settle());
  CHECK(!desk.has_order());
}

TEST(an_order_stays_when_the_disk_refuses_its_certificate) {
  Desk desk;
  finalize(desk.store, 1);
  REQUIRE_OK(desk.store.save_version(kLineage, version_of(1)));
  REQUIRE_OK(desk.store.forget_order(kLineage));
  desk.env.refuse = -EIO;
  const std::string error = REQUIRE_ERROR(desk.store.settle(), Errc::io);
  CHECK_CONTAINS(error, "cannot fsync " + desk.folder.path("store"));
  CHECK_CONTAINS(error, "Input/output error");
  CHECK(desk.has_order());
}

TEST(the_next_order_waits_for_the_certificate_of_the_one_before) {
  Desk desk;
  finalize(desk.store, 1);
  REQUIRE_OK(desk.store.save_version(kLineage, version_of(1)));
  REQUIRE_OK(desk.store.forget_order(kLineage));
  desk.env.fsyncs = 0;
  REQUIRE_OK(desk.store.save_order(order_of(2)));
  CHECK(desk.env.fsyncs > 0);
  const OrderRecord order = REQUIRE_OK(desk.store.load_order(kLineage));
  CHECK_EQ(order.order_url, order_of(2).order_url);
  CHECK(!order.has_key);
}

TEST(a_wait_that_a_ca_asked_for_is_durable_at_once) {
  Desk desk;
  ScheduleRecord schedule;
  schedule.renew_at = kNow + kDay;
  REQUIRE_OK(desk.store.save_schedule(kLineage, schedule));
  const int before = desk.env.fsyncs;
  schedule.failures = 1;
  REQUIRE_OK(desk.store.save_schedule(kLineage, schedule));
  CHECK(desk.env.fsyncs > before);
}

TEST(who_closes_a_store_leaves_nothing_unsettled) {
  Desk desk;
  finalize(desk.store, 1);
  {
    Store last = std::move(desk.store);
    REQUIRE_OK(last.save_version(kLineage, version_of(1)));
    REQUIRE_OK(last.forget_order(kLineage));
    desk.env.fsyncs = 0;
  }
  CHECK(desk.env.fsyncs > 0);
  CHECK(!desk.has_order());
}

TEST(many_changes_need_few_descriptors) {
  Desk desk;
  for (int n = 1; n <= 300; ++n) REQUIRE_OK(desk.store.save_order(order_of(n)));
  int descriptors = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++descriptors;
  CHECK(descriptors < 300);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
