// An order that an earlier run has begun: its URL is all that is known.
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;
using Kind = Failure::Kind;
using What = Post::What;

namespace {

Bench resumed(std::vector<std::string> names = {"a.example"}) {
  return Bench(std::move(names), kOrderUrl);
}

}  // namespace

TEST(a_resumed_order_begins_with_a_look_at_its_url) {
  Bench ca = resumed();
  CHECK_EQ(only<Post>(ca.wishes).what, What::fetch);
  CHECK_EQ(only<Post>(ca.wishes).url, kOrderUrl);
  CHECK_EQ(ca.order.url(), kOrderUrl);
}

TEST(a_resumed_order_that_is_pending_is_authorized) {
  Bench ca = resumed({"a.example", "b.example"});
  ca.answer_with(order_answer("pending", ca.names));
  CHECK(all_of<Created>(ca.wishes).empty());
  ca.answer_all({authorization(0, "a.example", "valid"), authorization(1, "b.example", "pending")});
  CHECK_EQ(only<Present>(ca.wishes).challenges.at(0).identifier, "b.example");
}

TEST(a_challenge_that_the_ca_is_at_work_on_is_presented_but_not_started_again) {
  Bench ca({"a.example"}, kOrderUrl, {ChallengeType::http01, ChallengeType::tlsalpn01});
  ca.answer_with(order_answer("pending", ca.names));
  Json authz = authorization_json(0, "a.example", "pending", {"http-01"});
  authz.set("challenges", Json::array()
                              .append(challenge_json(0, "http-01"))
                              .append(challenge_json(0, "tls-alpn-01", "processing")));
  ca.answer_with(answer(200, authz.compact()));
  CHECK(only<Present>(ca.wishes).challenges.at(0).type == ChallengeType::tlsalpn01);
  ca.presented();
  CHECK_EQ(only<Wait>(ca.wishes).duration, 25);
}

TEST(a_resumed_order_that_is_ready_is_finalized) {
  Bench ca = resumed();
  ca.answer_with(order_answer("ready", ca.names));
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
  CHECK_EQ(only<Post>(ca.wishes).url, kFinalizeUrl);
}

TEST(a_resumed_order_that_is_processing_is_polled_by_retry_after) {
  Bench ca = resumed();
  ca.answer_with(order_answer("processing", ca.names, {{"Retry-After", "9"}}));
  CHECK_EQ(only<Wait>(ca.wishes).duration, 9000);
  ca.poll("valid");
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
}

TEST(a_resumed_order_that_is_valid_is_downloaded) {
  Bench ca = resumed();
  ca.answer_with(order_answer("valid", ca.names)).answer_with(answer(200, kPem));
  CHECK_EQ(only<Install>(ca.wishes).chains.size(), 1);
}

TEST(a_resumed_order_that_the_ca_does_not_know_is_forgotten_at_once) {
  for (const Answer& a :
       {problem(404, "malformed", "No order for ID 1"), answer(404, "not found"), answer(410),
        problem(403, "unauthorized", "not yours"), answer(200, "garbage"), answer(400)}) {
    Bench ca = resumed();
    ca.answer_with(a);
    CHECK(ca.failure().order_gone);
    CHECK(!ca.failure().order_kept);
  }
}

TEST(a_resumed_order_that_is_invalid_is_forgotten_but_its_reason_is_told) {
  Bench ca = resumed();
  ca.answer_with(order_answer("invalid", ca.names));
  ca.answer_with(failed_authorization(0, "a.example", "dns", "NXDOMAIN"));
  CHECK(ca.failure().order_gone);
  CHECK_EQ(ca.failure().kind, Kind::validation);
  CHECK_EQ(ca.failure().names, std::vector<std::string>{"a.example"});
}

TEST(a_resumed_order_that_broke_at_the_ca_is_forgotten_at_once) {
  Bench ca = resumed();
  Json error = Json::object().set("type", "urn:ietf:params:acme:error:serverInternal");
  Json order = order_json("invalid", ca.names).set("error", error);
  ca.answer_with(answer(200, order.compact())).answer_with(authorization(0, "a.example", "valid"));
  CHECK_EQ(ca.failure().kind, Kind::busy);
  CHECK(ca.failure().order_gone);
}

TEST(a_resumed_order_that_has_expired_is_forgotten_at_once) {
  for (const char* status : {"pending", "ready"}) {
    Bench ca = resumed();
    Json order = order_json(status, ca.names).set("expires", format_rfc3339(kNow - 90));
    ca.answer_with(answer(200, order.compact()));
    CHECK(ca.failure().order_gone);
    CHECK_CONTAINS(ca.failure().words, "expired 90 s ago");
  }
}

TEST(a_new_order_does_not_expire_by_a_clock_that_is_wrong) {
  Bench ca({"a.example"});
  Json order = order_json("ready", ca.names).set("expires", format_rfc3339(kNow - kDay));
  ca.answer_with(answer(201, order.compact(), {{"Location", kOrderUrl}}));
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
}

TEST(a_resumed_order_for_other_names_is_forgotten_at_once) {
  Bench ca = resumed({"a.example", "new.example"});
  ca.answer_with(order_answer("pending", {"a.example"}));
  CHECK(ca.failure().order_gone);
}

TEST(a_resumed_order_whose_authorizations_are_of_no_use_is_forgotten_at_once) {
  for (const char* status : {"invalid", "expired", "deactivated"}) {
    Bench ca = resumed();
    ca.answer_with(order_answer("pending", ca.names));
    ca.answer_with(authorization(0, "a.example", status));
    CHECK(ca.failure().order_gone);
  }
  Bench ca = resumed();
  ca.answer_with(order_answer("pending", ca.names)).answer_with(answer(404));
  CHECK(ca.failure().order_gone);
}

TEST(a_resumed_order_outlives_a_ca_that_is_down) {
  for (const Answer& a : {answer(503), problem(429, "rateLimited", "slow")}) {
    Bench ca = resumed();
    ca.answer_with(a);
    CHECK(ca.failure().order_kept);
    CHECK(!ca.failure().order_gone);
  }
}

TEST(a_resumed_order_that_fails_now_costs_a_try_like_any_other) {
  Bench ca = resumed();
  ca.answer_with(order_answer("pending", ca.names)).authorize().start();
  ca.poll("invalid").answer_with(failed_authorization(0, "a.example", "dns", "NXDOMAIN"));
  CHECK(!ca.failure().order_gone);
  CHECK(!ca.failure().order_kept);
}

TEST(a_resumed_order_that_stays_stuck_is_given_up) {
  Bench ca = resumed();
  ca.answer_with(order_answer("ready", ca.names)).answer_with(answer(500));
  CHECK_EQ(ca.failure().kind, Kind::busy);
  CHECK(!ca.failure().order_kept);
  CHECK(!ca.failure().order_gone);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
