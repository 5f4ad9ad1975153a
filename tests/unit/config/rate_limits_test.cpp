// The directive of rate limits, and what is known of CAs.
#include "config/rate_limits.h"

#include "config/issuers.h"
#include "unit/check.h"

using namespace acme;

namespace {

std::string refused(const Values& words) {
  auto parsed = parse_rate_limits(words);
  if (parsed) throw test::Failure("was not refused");
  return parsed.error().message;
}

}  // namespace

TEST(limits_are_read_in_any_order_and_off_is_none) {
  RateLimits limits =
      REQUIRE_OK(parse_rate_limits({"certificates=50/7d", "orders=300/3h", "duplicates=5/1w"}));
  CHECK_EQ(limits.orders.count, 300);
  CHECK_EQ(limits.orders.period, 3 * kHour);
  CHECK_EQ(limits.certificates.period, 7 * kDay);
  CHECK_EQ(limits.duplicates.interval(), 7 * kDay / 5);
  CHECK(!REQUIRE_OK(parse_rate_limits({"off"})).any());
  RateLimits some = REQUIRE_OK(parse_rate_limits({"orders=10/60s"}));
  CHECK(some.orders.limits() && !some.certificates.limits());
}

TEST(what_is_no_limit_is_refused_with_a_word_on_what_to_write) {
  for (const char* word : {"orders", "orders=", "orders=300", "orders=/3h", "orders=0/3h",
                           "orders=300/h", "orders=300/3", "orders=-1/3h", "orders=5/99999999999d",
                           "orders=300/3y", "names=3/3h", "300/3h"})
    CHECK_CONTAINS(refused({word}), "rate limit");
  CHECK_CONTAINS(refused({"orders=100/10s"}), "one a second");
  CHECK_CONTAINS(refused({"orders=1/1h", "orders=2/1h"}), "given twice");
  CHECK_CONTAINS(refused({"off", "orders=1/1h"}), "\"off\"");
}

TEST(lets_encrypts_limits_are_known_and_can_be_overridden) {
  IssuerSettings settings;
  CHECK_EQ(issuer_config(settings, true).limits.orders.count, 300);
  CHECK_EQ(issuer_config(settings, true).limits.certificates.count, 50);
  CHECK_EQ(issuer_config(settings, true).limits.duplicates.count, 5);
  settings.directory_url = kLetsEncryptStaging;
  CHECK(issuer_config(settings, true).limits.orders.count > 300);
  settings.directory_url = "https://ca.example/directory";
  CHECK(!issuer_config(settings, true).limits.any());
  settings.directory_url.clear();
  settings.limits = RateLimits{};
  CHECK(!issuer_config(settings, true).limits.any());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
