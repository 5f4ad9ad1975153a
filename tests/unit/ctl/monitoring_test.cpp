// The line and the exit status that monitoring sees.
#include "ctl/monitoring.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

constexpr WallTime kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z

// Of 90 days, with so much left.
Json certificate(const std::string& id, std::int64_t left, const std::string& state = "valid",
                 std::int64_t life = 90 * kDay) {
  return Json::object()
      .set("id", id)
      .set("state", state)
      .set("not_before", format_rfc3339(kNow + left - life))
      .set("not_after", format_rfc3339(kNow + left))
      .set("failures", std::int64_t{state == "renewal failing" || state == "failing"})
      .set("last_error", "rateLimited: too | many");
}

Finding look(const std::vector<Json>& certificates, const Limits& limits = {}, bool up = true) {
  Json list = Json::array();
  for (const Json& one : certificates) list.append(one);
  return judge(Json::object().set("helper_up", Json::boolean(up)).set("certificates", list), limits,
               kNow);
}

TEST(all_is_well) {
  const Finding finding = look({certificate("a", 60 * kDay), certificate("b", 50 * kDay)});
  CHECK(finding.verdict == Verdict::ok);
  CHECK_EQ(finding.line,
           "ACME OK - 2 certificates, the next end is that of b in 50 d | certificates=2 "
           "problems=0 days_left=50.0;22.5:;9.0:\n");
}

TEST(limits_follow_the_certificates_life) {
  CHECK(look({certificate("a", 23 * kDay)}).verdict == Verdict::ok);
  CHECK(look({certificate("a", 22 * kDay)}).verdict == Verdict::warning);
  CHECK(look({certificate("a", 8 * kDay)}).verdict == Verdict::critical);
  CHECK(look({certificate("a", 3 * kDay, "valid", 6 * kDay)}).verdict == Verdict::ok);
  CHECK(look({certificate("a", kDay, "valid", 6 * kDay)}).verdict == Verdict::warning);
  CHECK(look({certificate("a", 10 * kHour, "valid", 6 * kDay)}).verdict == Verdict::critical);
}

TEST(limits_can_be_given) {
  const Limits limits{parse_threshold("30d"), parse_threshold("20%")};
  CHECK(look({certificate("a", 31 * kDay)}, limits).verdict == Verdict::ok);
  CHECK(look({certificate("a", 29 * kDay)}, limits).verdict == Verdict::warning);
  CHECK(look({certificate("a", 17 * kDay)}, limits).verdict == Verdict::critical);
  CHECK_EQ(parse_threshold("36h")->seconds, 36 * kHour);
  for (const char* wrong : {"", "d", "30", "x%", "0%", "100%", "-1d", "99999999d"})
    CHECK(!parse_threshold(wrong));
}

TEST(a_renewal_that_is_planned_later_is_no_neglect) {
  Json late = certificate("a", 8 * kDay);
  late.set("renew_at", format_rfc3339(kNow + kDay));
  CHECK(look({late}).verdict == Verdict::ok);
  late.set("state", "renewal failing").set("failures", std::int64_t{2});
  CHECK(look({late}).verdict == Verdict::critical);
}

TEST(states_have_their_weight) {
  CHECK(look({certificate("a", 60 * kDay, "renewal failing")}).verdict == Verdict::warning);
  CHECK(look({certificate("a", 60 * kDay, "pending")}).verdict == Verdict::warning);
  CHECK(look({certificate("a", 60 * kDay, "failing")}).verdict == Verdict::critical);
  CHECK(look({certificate("a", 60 * kDay, "revoked")}).verdict == Verdict::critical);
  CHECK(look({certificate("a", -kDay, "expired")}).verdict == Verdict::critical);
  CHECK(look({certificate("a", -kDay, "valid")}).verdict == Verdict::critical);
  CHECK(look({certificate("a", 60 * kDay)}, {}, false).verdict == Verdict::warning);
  CHECK(look({}).verdict == Verdict::unknown);
}

TEST(another_certificate_than_the_one_that_was_issued_is_a_warning) {
  Json one = certificate("a", 60 * kDay);
  one.set("shown", Json::object().set("state", "current").set("where", "127.0.0.1:443"));
  CHECK(look({one}).verdict == Verdict::ok);
  one.set("shown", Json::object().set("state", "another certificate").set("where", "[::1]:443"));
  CHECK(look({one}).verdict == Verdict::warning);
  CHECK_CONTAINS(look({one}).line, "a: another certificate is shown at [::1]:443");
}

TEST(the_worst_stands_first_and_the_line_is_one) {
  const Finding finding =
      look({certificate("a", 60 * kDay, "renewal failing"), certificate("b\n|", -kDay, "expired"),
            certificate("c", 60 * kDay, "pending"), certificate("d", 60 * kDay, "pending")});
  CHECK(finding.verdict == Verdict::critical);
  CHECK_EQ(finding.line,
           "ACME CRITICAL - b\\x0a/ is expired; a cannot be renewed: rateLimited: too / many; c "
           "has no certificate yet; and 1 more | certificates=4 problems=4 "
           "days_left=60.0;22.5:;9.0:\n");
}

TEST(what_cannot_be_read_is_unknown) {
  const Finding finding = unknown("no | server\nanswers");
  CHECK(finding.verdict == Verdict::unknown);
  CHECK_EQ(finding.line, "ACME UNKNOWN - no / server\\x0aanswers\n");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
