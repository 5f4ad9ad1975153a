// CAA records, and whether they allow this CA.
#include "agent/preflight/caa.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::agent;
using dns::CaaValue;
using ipc::Verdict;

namespace {

const CaaExpectation kExpected = {{"ca.example", "second.example"},
                                  "https://ca.example/acct/1",
                                  {ChallengeType::http01, ChallengeType::tlsalpn01}};

CaaValue issue(const std::string& value) {
  return {false, "issue", value};
}
CaaValue wild(const std::string& value) {
  return {false, "issuewild", value};
}

ipc::Sight judge(const std::vector<CaaValue>& records, const std::string& name = "www.example.com",
                 const CaaExpectation& expected = kExpected) {
  return judge_caa(name, "example.com", records, expected);
}
std::string refusal(const std::vector<CaaValue>& records,
                    const std::string& name = "www.example.com") {
  ipc::Sight sight = judge(records, name);
  CHECK(sight.verdict == Verdict::bad);
  CHECK_EQ(sight.what, "CAA");
  return sight.words;
}
bool allows(const std::vector<CaaValue>& records, const std::string& name = "www.example.com") {
  return judge(records, name).verdict == Verdict::good;
}

TEST(records_are_looked_for_from_the_name_up) {
  CHECK_EQ(caa_places("a.b.example.com"),
           (std::vector<std::string>{"a.b.example.com", "b.example.com", "example.com", "com"}));
  CHECK_EQ(caa_places("*.example.com"), (std::vector<std::string>{"example.com", "com"}));
}

TEST(no_record_allows_every_ca) {
  CHECK(allows({}));
  CHECK(allows({{false, "iodef", "mailto:a@example.com"}}));
  CHECK(allows({{true, "iodef", "mailto:a@example.com"}, {true, "issuemail", "other.example"}}));
}

TEST(one_of_the_cas_names_is_enough) {
  CHECK(allows({issue("other.example"), issue("CA.example")}));
  CHECK(allows({issue(" second.example ; whatever=1")}));
}

TEST(another_cas_name_is_a_refusal_in_the_operators_words) {
  CHECK_EQ(refusal({issue("other.example")}), "CAA of example.com allows only other.example");
  CHECK_EQ(refusal({issue("other.example"), issue("Third.example; a=b"), issue("other.example")}),
           "CAA of example.com allows only other.example, third.example");
  CHECK_EQ(refusal({issue(";")}), "CAA of example.com allows no CA");
  CHECK_EQ(refusal({issue("")}), "CAA of example.com allows no CA");
  CHECK_EQ(refusal({issue("evil\n.example")}), "CAA of example.com allows only evil\\x0a.example");
}

TEST(issuewild_counts_for_wildcards_alone_and_instead_of_issue) {
  CHECK(allows({issue("ca.example"), wild(";")}));
  CHECK_EQ(refusal({issue("ca.example"), wild(";")}, "*.example.com"),
           "CAA of example.com allows no CA");
  CHECK(allows({issue(";"), wild("ca.example")}, "*.example.com"));
  CHECK(!allows({issue(";"), wild("ca.example")}));
  CHECK(allows({issue("ca.example")}, "*.example.com"));
}

TEST(a_critical_property_that_nobody_knows_is_a_refusal) {
  CHECK_CONTAINS(refusal({issue("ca.example"), {true, "tbs", "x"}}), "critical property tbs");
  CHECK(allows({issue("ca.example"), {false, "tbs", "x"}}));
}

TEST(the_way_of_validation_and_the_account_may_be_limited) {
  CHECK_EQ(refusal({issue("ca.example; validationmethods=dns-01, dns-account-01")}),
           "CAA of example.com allows ca.example to validate only by dns-01, dns-account-01");
  CHECK(allows({issue("ca.example;validationmethods=dns-01,HTTP-01")}));
  CHECK_EQ(refusal({issue("ca.example; accounturi=https://ca.example/acct/2")}),
           "CAA of example.com allows ca.example to issue only for the account "
           "https://ca.example/acct/2, and ours is https://ca.example/acct/1");
  CHECK(allows({issue("ca.example; accounturi=https://ca.example/acct/2"),
                issue("ca.example; accounturi=https://ca.example/acct/1")}));
  CaaExpectation early = kExpected;
  early.account_url.clear();
  CHECK(judge({issue("ca.example; accounturi=https://ca.example/acct/2")}, "a.example", early)
            .verdict == Verdict::good);
}

TEST(a_ca_that_does_not_say_its_names_cannot_be_judged) {
  CaaExpectation silent = kExpected;
  silent.identities.clear();
  CHECK(judge({issue("ca.example")}, "a.example", silent).verdict == Verdict::unknown);
  CHECK(judge({}, "a.example", silent).verdict == Verdict::good);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
