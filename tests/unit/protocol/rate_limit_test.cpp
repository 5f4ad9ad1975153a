// Token buckets: what may begin, when the rest may, and that no CA's count is ever exceeded.
#include "protocol/rate_limit.h"

#include <deque>
#include <random>

#include "unit/check.h"

using namespace acme;
using namespace acme::protocol;

namespace {

constexpr WallTime kNow = 1'790'000'000;
const RateLimits kLetsEncrypt{{300, 3 * kHour}, {50, 7 * kDay}, {5, 7 * kDay}};

Cost cost(std::vector<std::string> domains, std::string set = "set") {
  return {std::move(domains), std::move(set), false};
}
Turn turn(const SpentLimits& spent, const Cost& what, WallTime now, std::size_t unsent = 0) {
  return next_turn(kLetsEncrypt, spent, what, {}, unsent, now);
}

}  // namespace

TEST(without_limits_everybody_may_begin) {
  SpentLimits spent;
  for (int i = 0; i < 10'000; ++i) spend_order(spent, {}, kNow);
  CHECK_EQ(next_turn({}, spent, cost({"example.com"}), {}, 500, kNow).at, 0);
}

TEST(three_hundred_orders_at_once_and_then_one_every_36_seconds) {
  SpentLimits spent;
  int begun = 0;
  for (; turn(spent, cost({}), kNow).at == 0; ++begun) spend_order(spent, kLetsEncrypt, kNow);
  CHECK(begun >= 299 && begun <= 300);
  Turn next = turn(spent, cost({}), kNow);
  CHECK(next.at > kNow && next.at <= kNow + 2 * 36 + 5);
  CHECK_EQ(next.limit, "300 orders in 3 h");
  CHECK_EQ(next.interval, 36);
  CHECK_EQ(turn(spent, cost({}), next.at).at, 0);
  spend_order(spent, kLetsEncrypt, next.at);
  CHECK_EQ(turn(spent, cost({}), next.at).at, next.at + 36);
  // After three hours without one the bucket is full again.
  CHECK(orders_left(kLetsEncrypt, spent, 0, next.at) == 0);
  CHECK(orders_left(kLetsEncrypt, spent, 0, next.at + 4 * kHour) == 300);
  CHECK(orders_left(kLetsEncrypt, spent, 20, next.at + 4 * kHour) == 280);
}

TEST(what_is_about_to_be_sent_counts_already) {
  SpentLimits spent;
  CHECK_EQ(turn(spent, cost({}), kNow, 299).at, 0);
  CHECK(turn(spent, cost({}), kNow, 300).at > kNow);
  Cost under_way = cost({"example.com"});
  std::vector<const Cost*> fifty(50, &under_way);
  CHECK(next_turn(kLetsEncrypt, spent, cost({"example.com"}, "x"), fifty, 0, kNow).at > kNow);
  CHECK_EQ(next_turn(kLetsEncrypt, spent, cost({"example.net"}, "x"), fifty, 0, kNow).at, 0);
}

TEST(a_registered_domain_has_a_limit_of_its_own_that_renewals_do_not_touch) {
  SpentLimits spent;
  int issued = 0;
  for (; turn(spent, cost({"example.com"}, std::to_string(issued)), kNow).at == 0; ++issued)
    spend_certificate(spent, kLetsEncrypt, cost({"example.com"}, std::to_string(issued)), kNow);
  CHECK(issued >= 49 && issued <= 50);
  Turn next = turn(spent, cost({"example.com"}, "new"), kNow);
  CHECK_EQ(next.limit, "50 certificates of example.com in 7 d");
  CHECK(next.at <= kNow + 3 * kHour * 3);
  CHECK_EQ(turn(spent, cost({"example.net"}, "new"), kNow).at, 0);
  CHECK_EQ(turn(spent, cost({}, "1"), kNow).at, 0);
  // Of several the one that has to wait decides.
  CHECK_EQ(turn(spent, cost({"example.net", "example.com"}, "new"), kNow).at, next.at);
}

TEST(the_same_names_five_times_a_week) {
  SpentLimits spent;
  int issued = 0;
  for (; turn(spent, cost({}), kNow).at == 0; ++issued)
    spend_certificate(spent, kLetsEncrypt, cost({}), kNow);
  CHECK(issued >= 4 && issued <= 5);
  Turn next = turn(spent, cost({}), kNow);
  CHECK_EQ(next.limit, "5 certificates of the same names in 7 d");
  Cost suggested = cost({});
  suggested.exempt = true;
  CHECK_EQ(turn(spent, suggested, kNow).at, 0);
}

TEST(names_in_another_order_are_other_bytes_but_sorted_ones_are_the_same) {
  CHECK_EQ(digest_of_names({"a.example", "b.example"}),
           digest_of_names({"a.example", "b.example"}));
  CHECK(digest_of_names({"a.example", "b.example"}) != digest_of_names({"a.example"}));
  CHECK_EQ(digest_of_names({"a.example"}).size(), 16);
}

TEST(what_is_full_again_is_forgotten_and_a_time_from_2038_not_believed) {
  SpentLimits spent;
  spent.orders_full_at = kNow + 400 * kDay;
  spent.domains = {{"old.example", kNow - 1}, {"far.example", kNow + 400 * kDay}};
  spent.sets = {{"a", kNow}, {"b", kNow + 10}};
  settle(spent, kLetsEncrypt, kNow);
  CHECK(spent.orders_full_at <= kNow + 3 * kHour + kMinute);
  CHECK_EQ(spent.domains.size(), 1);
  CHECK(spent.domains[0].full_at <= kNow + 7 * kDay + kMinute);
  CHECK_EQ(spent.sets.size(), 1);
}

TEST(what_was_stored_in_any_order_is_found_again) {
  SpentLimits spent;
  for (const char* domain : {"m.example", "z.example", "a.example"})
    spent.domains.push_back({domain, kNow + 7 * kDay});
  settle(spent, kLetsEncrypt, kNow);
  spend_certificate(spent, kLetsEncrypt, cost({"b.example"}), kNow);
  for (const char* domain : {"a.example", "m.example", "z.example"})
    CHECK(turn(spent, cost({domain}), kNow).at > kNow);
  CHECK_EQ(turn(spent, cost({"b.example"}), kNow).at, 0);
}

// The CA's bucket, in milliseconds, where each request arrives up to four seconds later.
TEST(no_count_of_the_cas_is_ever_exceeded_whatever_the_rhythm) {
  std::mt19937 random(7);
  for (std::uint32_t count : {1U, 5U, 7U, 300U}) {
    const RateLimits limits{{count, 3 * kHour}, {}, {}};
    const double interval = 3.0 * kHour / count;
    SpentLimits spent;
    WallTime now = kNow;
    double theirs = 0;  // when their bucket is full again
    int made = 0;
    for (int i = 0; i < 20'000; ++i) {
      Turn next = next_turn(limits, spent, cost({}), {}, 0, now);
      if (next.at != 0) {
        CHECK(next.at > now);
        now = next.at;
        continue;
      }
      spend_order(spent, limits, now);
      double arrives = static_cast<double>(now) + std::uniform_real_distribution(0.0, 4.0)(random);
      theirs = std::max(theirs, arrives) + interval;
      CHECK(theirs - arrives <= 3.0 * kHour + 1e-6);
      ++made;
      if (random() % 50 == 0) now += static_cast<std::int64_t>(random() % (4 * kHour));
    }
    CHECK(made > 5'000);
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
