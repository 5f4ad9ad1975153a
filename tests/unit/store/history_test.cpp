// What became of a certificate: kept in order, bounded, and never in the way.
#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

HistoryEvent failure(int n, const std::string& words) {
  return {kNow + n, "failed", "letsencrypt", words};
}

std::vector<HistoryEvent> read(const Store& store) {
  return REQUIRE_OK(store.load_history(kLineage));
}

TEST(events_come_back_in_order) {
  Shop shop;
  Store store = shop.writer();
  CHECK(read(store).empty());
  const HistoryEvent issued{kNow, "issued", "letsencrypt"};
  REQUIRE_OK(store.add_history(kLineage, issued));
  REQUIRE_OK(store.add_history(kLineage, failure(1, "no")));
  CHECK((read(shop.reader()) == std::vector{issued, failure(1, "no")}));
  CHECK_EQ(mode_of(shop.lineage_path("history")), 0600);
}

TEST(the_same_failure_again_is_counted) {
  Shop shop;
  Store store = shop.writer();
  for (int n = 1; n <= 3; ++n) REQUIRE_OK(store.add_history(kLineage, failure(n, "no")));
  REQUIRE_OK(store.add_history(kLineage, failure(4, "never")));
  const auto events = read(store);
  CHECK_EQ(events.size(), 2);
  CHECK_EQ(events[0].times, 3);
  CHECK_EQ(events[0].since, kNow + 1);
  CHECK_EQ(events[0].at, kNow + 3);
  CHECK_EQ(events[1].times, 1);
}

TEST(the_oldest_go_first) {
  Shop shop;
  Store store = shop.writer();
  const int most = static_cast<int>(kLongestHistory);
  for (int n = 0; n < most + 5; ++n)
    REQUIRE_OK(store.add_history(kLineage, failure(n, "no " + std::to_string(n))));
  const auto events = read(store);
  CHECK_EQ(events.size(), kLongestHistory);
  CHECK_EQ(events.front().words, "no 5");
  CHECK_EQ(events.back().words, "no " + std::to_string(most + 4));
}

TEST(hostile_words_are_escaped_and_cut) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.add_history(kLineage, failure(1, "\x1b[2J" + std::string(5000, 'x'))));
  const std::string words = read(store).at(0).words;
  CHECK(words.starts_with("\\x1b[2J"));
  CHECK(words.size() <= 600);
}

TEST(a_line_that_was_not_finished_costs_no_other) {
  Shop shop;
  Store store = shop.writer();
  const HistoryEvent issued{kNow, "issued", "letsencrypt"};
  REQUIRE_OK(store.add_history(kLineage, issued));
  put_text(shop.lineage_path("history"),
           text_in(shop.lineage_path("history")) + "{\"at\": \"2026-11");
  CHECK((read(store) == std::vector{issued}));
  REQUIRE_OK(store.add_history(kLineage, failure(1, "no")));
  CHECK((read(store) == std::vector{issued, failure(1, "no")}));
}

TEST(what_is_absent_is_forgiven) {
  Shop shop;
  put_text(shop.lineage_path("history"),
           "{\"at\": \"2026-11-23T07:00:00Z\", \"event\": \"issued\", \"new\": 1}\n{}\n[]\n\n");
  Store store = shop.writer();
  CHECK((read(store) == std::vector<HistoryEvent>{{kNow, "issued", ""}}));
}

TEST(the_file_does_not_grow_for_ever) {
  Shop shop;
  Store store = shop.writer();
  std::uintmax_t largest = 0;
  for (int n = 0; n < 1500; ++n) {
    REQUIRE_OK(store.add_history(kLineage, failure(n, std::string(400, 'x') + std::to_string(n))));
    largest = std::max(largest, fs::file_size(shop.lineage_path("history")));
  }
  CHECK(largest <= 256 * 1024);
  CHECK_EQ(read(store).size(), kLongestHistory);
  CHECK_EQ(read(store).back().at, kNow + 1499);
  // The same failure over and over leaves what was before.
  for (int n = 0; n < 3000; ++n) REQUIRE_OK(store.add_history(kLineage, failure(n, "again")));
  CHECK_EQ(read(store).back().times, 3000);
  CHECK_EQ(read(store).size(), kLongestHistory);
}

TEST(only_the_holder_of_the_lock_writes_it) {
  Shop shop;
  Store store = shop.open();
  (void)REQUIRE_ERROR(store.add_history(kLineage, failure(1, "no")), Errc::refused);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
