#include "base/time.h"

#include "unit/check.h"

using namespace acme;

TEST(rfc_3339_times_are_read_with_fractions_and_offsets) {
  for (auto [text, expected] : std::vector<std::pair<const char*, WallTime>>{
           {"1970-01-01T00:00:00Z", 0},
           {"2026-09-21T14:13:20Z", 1'790'000'000},
           {"2026-09-21T14:13:20z", 1'790'000'000},
           {"2024-04-15T22:44:24.238667243Z", 1'713'221'064},
           {"2026-09-21T16:13:20+02:00", 1'790'000'000},
           {"2026-09-21T09:43:20.5-04:30", 1'790'000'000},
           {"2038-01-19T03:14:08Z", 2'147'483'648},
           {"9999-12-31T23:59:59Z", 253'402'300'799}}) {
    CHECK_EQ(parse_rfc3339(text), std::optional<WallTime>(expected));
  }
}

TEST(what_is_no_rfc_3339_time_is_not_read) {
  for (const char* bad :
       {"", "now", "2026-09-21", "2026-09-21T14:13:20", "2026-09-21T14:13:20+02",
        "2026-09-21T14:13:20 +02:00", "2026-13-01T00:00:00Z", "1790000000", "2026-09-21T25:00:00Z",
        "2026-09-21T14:13:20Zx", "1900-01-01T00:00:00Z", "2026-09-21T14:13:20+02:00x"})
    CHECK(!parse_rfc3339(bad));
  CHECK(!parse_rfc3339("2026-09-21T14:13:20." + std::string(100, '0') + "Z"));
}

TEST(rfc_3339_times_are_written_as_they_are_read) {
  for (WallTime time : {WallTime{0}, WallTime{1'790'000'000}, WallTime{4'000'000'000}}) {
    CHECK_EQ(parse_rfc3339(format_rfc3339(time)), std::optional<WallTime>(time));
  }
  CHECK_EQ(format_rfc3339(1'790'000'000), "2026-09-21T14:13:20Z");
}

TEST(http_dates_are_read) {
  CHECK_EQ(parse_http_date("Mon, 21 Sep 2026 14:13:20 GMT"),
           std::optional<WallTime>(1'790'000'000));
  for (const char* bad :
       {"", "120", "Mon, 21 Sep 2026 14:13:20", "Mon, 21 Sep 2026 14:13:20 CET",
        "Mon, 21 Sep 2026 14:13:20 GMTx", "2026-09-21T14:13:20Z", "Mon, 32 Sep 2026 14:13:20 GMT"})
    CHECK(!parse_http_date(bad));
  CHECK(!parse_http_date(std::string(100, ' ') + "Mon, 21 Sep 2026 14:13:20 GMT"));
}

TEST(spans_of_time_are_told_in_words) {
  for (auto [seconds, words] : std::vector<std::pair<std::int64_t, const char*>>{
           {0, "now"},
           {45, "in 45 s"},
           {119, "in 119 s"},
           {120, "in 2 min"},
           {7199, "in 119 min"},
           {2 * kHour, "in 2 h"},
           {3 * kHour + 20 * kMinute, "in 3 h 20 min"},
           {2 * kDay, "in 2 d"},
           {59 * kDay + 5, "in 59 d"},
           {-30, "30 s ago"},
           {-2 * kHour, "2 h ago"}}) {
    CHECK_EQ(format_relative(seconds), words);
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
