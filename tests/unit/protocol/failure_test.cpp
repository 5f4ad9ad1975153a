// What an error answer means for schedule and operator.
#include "protocol/failure.h"

#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;
using Kind = Failure::Kind;

TEST(status_and_type_tell_the_kind) {
  struct Row {
    Answer answer;
    Kind kind;
  };
  for (const Row& row : std::vector<Row>{
           {answer(0), Kind::transport},
           {answer(500), Kind::busy},
           {answer(502, "<html>"), Kind::busy},
           {answer(503), Kind::busy},
           {answer(408), Kind::busy},
           {problem(500, "serverInternal", "x"), Kind::busy},
           {problem(400, "serverInternal", "x"), Kind::busy},
           {problem(400, "badNonce", "x"), Kind::busy},
           {answer(429), Kind::rate_limited},
           {problem(429, "rateLimited", "x"), Kind::rate_limited},
           {problem(503, "rateLimited", "x"), Kind::rate_limited},
           {problem(400, "accountDoesNotExist", "x"), Kind::account},
           {problem(401, "unauthorized", "account is deactivated"), Kind::account},
           {problem(403, "unauthorized", "account is deactivated"), Kind::account},
           {problem(403, "userActionRequired", "x"), Kind::action_required},
           {problem(400, "rejectedIdentifier", "x"), Kind::refused},
           {problem(403, "caa", "x"), Kind::refused},
           {problem(400, "badCSR", "x"), Kind::refused},
           {problem(400, "invalidProfile", "x"), Kind::refused},
           {problem(403, "externalAccountRequired", "x"), Kind::refused},
           {problem(400, "malformed", "x"), Kind::refused},
           {problem(409, "alreadyReplaced", "x"), Kind::refused},
           {problem(400, "dns", "x"), Kind::refused},
           {answer(404, "not found"), Kind::malformed},
           {answer(403, "<html>"), Kind::malformed},
           {answer(302), Kind::malformed},
           {answer(200, "{}"), Kind::malformed},
       }) {
    CHECK_EQ(failure_of(row.answer, kNow).kind, row.kind);
    CHECK(!failure_of(row.answer, kNow).words.empty());
  }
}

TEST(a_rate_limit_carries_its_retry_after_in_either_form) {
  CHECK_EQ(failure_of(answer(429, "", {{"Retry-After", "3600"}}), kNow).retry_after, 3600);
  Headers date = {{"Retry-After", "Mon, 21 Sep 2026 14:14:20 GMT"}};
  CHECK_EQ(failure_of(answer(503, "", date), kNow).retry_after, 60);
  CHECK_EQ(failure_of(answer(429), kNow).retry_after, 0);
}

TEST(user_action_gives_the_instance_url_or_the_terms) {
  Json json = Json::object().set("type", "urn:ietf:params:acme:error:userActionRequired");
  json.set("instance", "/agree?x=1");
  Answer a = answer(403, json.compact(), {{"Link", "</terms>;rel=\"terms-of-service\""}});
  CHECK_EQ(failure_of(a, kNow).url, "https://ca.example/agree?x=1");
  a.body = json.set("instance", "javascript:alert(1)").compact();
  CHECK_EQ(failure_of(a, kNow).url, "https://ca.example/terms");
  a.headers.clear();
  CHECK_EQ(failure_of(a, kNow).url, "");
}

TEST(the_page_that_unpauses_an_account_is_found_in_the_detail) {
  Answer a = problem(429, "rateLimited",
                     "Your account is paused for a.example. Please visit: "
                     "https://portal.example/sfe/v1/unpause?jwt=eyJ.abc.");
  Failure failure = failure_of(a, kNow);
  CHECK_EQ(failure.kind, Kind::rate_limited);
  CHECK_EQ(failure.url, "https://portal.example/sfe/v1/unpause?jwt=eyJ.abc");
  CHECK_EQ(failure.retry_after, 0);
  CHECK_EQ(failure_of(problem(400, "badCSR", "see https://x.example/"), kNow).url, "");
}

TEST(names_that_the_ca_refused_are_listed) {
  Json sub = Json::object().set("identifier", Json::object().set("value", "bad.example\n"));
  Json json = Json::object().set("type", "urn:ietf:params:acme:error:rejectedIdentifier");
  json.set("subproblems", Json::array().append(sub).append(Json::object()));
  CHECK_EQ(failure_of(answer(400, json.compact()), kNow).names,
           std::vector<std::string>{"bad.example\\x0a"});
}

TEST(a_problem_inside_an_order_has_a_kind_too) {
  auto kind = [](const std::string& type) {
    Problem problem;
    problem.type = type;
    return kind_of(problem);
  };
  for (const char* type : {"unauthorized", "dns", "connection", "tls", "incorrectResponse"})
    CHECK_EQ(kind(type), Kind::validation);
  CHECK_EQ(kind("serverInternal"), Kind::busy);
  CHECK_EQ(kind("rateLimited"), Kind::rate_limited);
  CHECK_EQ(kind("caa"), Kind::refused);
  CHECK_EQ(kind(""), Kind::refused);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
