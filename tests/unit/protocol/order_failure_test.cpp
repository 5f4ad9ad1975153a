// How orders fail, what is said of it, and what becomes of the order.
#include "base/text.h"
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;
using Kind = Failure::Kind;
using What = Post::What;

namespace {

std::vector<std::string> deactivated(const Bench& ca) {
  std::vector<std::string> out;
  for (const Post& post : all_of<Post>(ca.wishes)) {
    CHECK_EQ(post.what, What::deactivate);
    out.push_back(post.url);
  }
  return out;
}

Answer invalid_order(const std::vector<std::string>& names, const std::string& type = {},
                     const std::string& detail = {}) {
  Json json = order_json("invalid", names);
  if (!type.empty())
    json.set(
        "error",
        Json::object().set("type", "urn:ietf:params:acme:error:" + type).set("detail", detail));
  return answer(200, json.compact());
}

}  // namespace

TEST(an_invalid_order_says_which_name_failed_and_why) {
  Bench ca({"a.example", "b.example", "c.example"});
  ca.to_polling().time_passes().answer_with(invalid_order(ca.names));
  CHECK_EQ(urls(ca.wishes).size(), 3);
  ca.answer_all({authorization(0, "a.example", "valid"),
                 failed_authorization(1, "b.example", "dns", "NXDOMAIN looking up A"),
                 failed_authorization(2, "c.example", "unauthorized", "404 at http://c.example")});
  Failure failure = ca.failure();
  CHECK_EQ(failure.kind, Kind::validation);
  CHECK_EQ(failure.names, (std::vector<std::string>{"b.example", "c.example"}));
  CHECK_EQ(failure.words,
           "b.example: http-01: dns: NXDOMAIN looking up A; "
           "c.example: http-01: unauthorized: 404 at http://c.example");
  CHECK(!failure.order_gone);
  CHECK(!failure.order_kept);
}

TEST(what_failed_can_be_tried_in_another_way_while_there_is_one) {
  const std::vector<ChallengeType> both = {ChallengeType::http01, ChallengeType::tlsalpn01};
  const std::vector<std::string> offers = {"dns-01", "http-01", "tls-alpn-01"};
  auto fail = [&](std::vector<FailedChallenge> failed, const std::vector<std::string>& offered,
                  const std::string& problem, const std::vector<ChallengeType>& types) {
    Bench ca({"a.example"}, {}, types, false, std::move(failed));
    ca.create().authorize(offered).start().time_passes().answer_with(invalid_order(ca.names));
    ca.answer_with(failed_authorization(0, "a.example", problem, "what the CA saw"));
    return ca.failure();
  };
  Failure first = fail({}, offers, "connection", both);
  CHECK(first.can_try_another_type());
  CHECK_EQ(first.validations.size(), 1);
  CHECK_EQ(first.validations[0].name, "a.example");
  CHECK(first.validations[0].type == ChallengeType::http01);

  Failure second = fail({{"a.example", ChallengeType::http01, 1}}, offers, "connection", both);
  CHECK(!second.can_try_another_type());
  CHECK(second.validations.at(0).type == ChallengeType::tlsalpn01);

  CHECK(!fail({}, {"http-01", "dns-01"}, "connection", both).can_try_another_type());
  CHECK(!fail({}, offers, "connection", {ChallengeType::http01}).can_try_another_type());
  // No way of proving it helps a name that does not resolve, or that a CA may not issue for.
  for (const char* problem : {"dns", "caa", "rejectedIdentifier"}) {
    Failure failure = fail({}, offers, problem, both);
    CHECK(!failure.can_try_another_type());
    CHECK(failure.validations.empty());
  }
}

TEST(all_names_that_failed_must_have_another_way) {
  Bench ca({"a.example", "b.example"}, {}, {ChallengeType::http01, ChallengeType::tlsalpn01}, false,
           {{"b.example", ChallengeType::tlsalpn01, 1}});
  ca.create().authorize({"http-01", "tls-alpn-01"});
  ca.start().time_passes().answer_with(invalid_order(ca.names));
  ca.answer_all({failed_authorization(0, "a.example", "connection", "refused"),
                 failed_authorization(1, "b.example", "connection", "refused")});
  CHECK(!ca.failure().can_try_another_type());
  CHECK(ca.failure().validations.at(0).other_left);
  CHECK(!ca.failure().validations.at(1).other_left);
}

TEST(an_order_that_an_earlier_run_validated_says_which_type_failed_but_not_what_is_left) {
  Bench ca({"a.example"}, kOrderUrl, {ChallengeType::http01, ChallengeType::tlsalpn01});
  ca.answer_with(invalid_order(ca.names));
  ca.answer_with(failed_authorization(0, "a.example", "connection", "refused"));
  CHECK(ca.failure().validations.at(0).type == ChallengeType::http01);
  CHECK(!ca.failure().can_try_another_type());
}

TEST(a_failed_wildcard_is_named_as_it_was_ordered) {
  Bench ca({"*.example.com", "example.com"}, {}, {ChallengeType::dns01});
  ca.create().authorize({"dns-01"}).start().time_passes().answer_with(invalid_order(ca.names));
  Json wild = authorization_json(0, "*.example.com", "invalid", {"dns-01"});
  ca.answer_all({answer(200, wild.compact()), authorization(1, "example.com", "valid")});
  CHECK_EQ(ca.failure().names, std::vector<std::string>{"*.example.com"});
}

TEST(an_order_may_be_invalid_when_it_is_created) {
  Bench ca({"a.example"});
  ca.answer_with(created("invalid", ca.names));
  CHECK_EQ(only<Created>(ca.wishes).order_url, kOrderUrl);
  ca.answer_with(failed_authorization(0, "a.example", "caa", "CAA record forbids it"));
  CHECK_EQ(ca.failure().kind, Kind::validation);
  CHECK_CONTAINS(ca.failure().words, "CAA record forbids it");
}

TEST(the_orders_own_error_speaks_when_no_authorization_failed) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(invalid_order(ca.names, "caa", "CAA forbids it"));
  ca.answer_with(authorization(0, "a.example", "valid"));
  CHECK_EQ(ca.failure().kind, Kind::refused);
  CHECK_EQ(ca.failure().words, "caa: CAA forbids it");
}

TEST(subproblems_of_the_orders_error_name_the_names) {
  Bench ca({"a.example", "b.example"});
  Json sub = Json::object()
                 .set("type", "urn:ietf:params:acme:error:rejectedIdentifier")
                 .set("detail", "on a list")
                 .set("identifier", Json::object().set("type", "dns").set("value", "b.example"));
  Json error = Json::object()
                   .set("type", "urn:ietf:params:acme:error:rejectedIdentifier")
                   .set("subproblems", Json::array().append(sub));
  Json order = order_json("invalid", ca.names).set("error", error);
  ca.to_finalize().answer_with(answer(200, order.compact()));
  ca.answer_all({authorization(0, "a.example", "valid"), authorization(1, "b.example", "valid")});
  CHECK_EQ(ca.failure().names, std::vector<std::string>{"b.example"});
  CHECK_CONTAINS(ca.failure().words, "b.example: rejectedIdentifier: on a list");
}

TEST(an_invalid_order_without_any_reason_is_said_to_have_none) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(invalid_order(ca.names));
  ca.answer_with(authorization(0, "a.example", "valid"));
  CHECK_EQ(ca.failure().kind, Kind::refused);
  CHECK_CONTAINS(ca.failure().words, "without saying why");
}

TEST(a_diagnosis_makes_the_best_of_broken_answers) {
  Bench ca({"a.example", "b.example"});
  ca.to_polling().time_passes().answer_with(invalid_order(ca.names, "dns", "no such name"));
  ca.answer_all({answer(500, "<html>"), answer(200, "garbage")});
  CHECK_EQ(ca.failure().kind, Kind::validation);
  CHECK_EQ(ca.failure().words, "dns: no such name");
}

TEST(many_failed_names_are_all_listed_and_told_in_one_line) {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("n" + std::to_string(i) + ".example");
  Bench ca(names);
  ca.to_polling().time_passes().answer_with(invalid_order(names));
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < names.size(); ++i)
    answers.push_back(failed_authorization(i, names[i], "dns", std::string(2000, 'x')));
  ca.answer_all(answers);
  CHECK_EQ(ca.failure().names.size(), 40);
  CHECK(ca.failure().words.size() < 1500);
  CHECK_CONTAINS(ca.failure().words, "n4.example");
  CHECK_CONTAINS(ca.failure().words, "and 35 more");
}

TEST(what_a_ca_says_cannot_forge_a_log_line) {
  Bench ca({"a.example"});
  ca.to_polling().time_passes().answer_with(invalid_order(ca.names));
  ca.answer_with(failed_authorization(0, "a.example", "dns", "one\n2026-01-01 [emerg] \x1b[2J"));
  CHECK_CONTAINS(ca.failure().words, "one\\x0a2026");
  CHECK_CONTAINS(ca.failure().words, "\\x1b[2J");
}

TEST(a_look_at_the_authorizations_finds_the_failure_of_an_order_that_stays_pending) {
  Bench ca({"a.example"});
  ca.to_polling();
  for (int i = 0; i < 20 && !all_of<Wait>(ca.wishes).empty(); ++i) {
    ca.time_passes();
    if (urls(ca.wishes).at(0) == kOrderUrl) ca.answer_with(order_answer("pending", ca.names));
  }
  ca.answer_with(failed_authorization(0, "a.example", "connection", "refused"));
  CHECK_EQ(ca.failure().kind, Kind::validation);
  CHECK_EQ(ca.failure().words, "a.example: http-01: connection: refused");
}

TEST(an_authorization_that_has_failed_before_ends_the_order) {
  Bench ca({"a.example", "b.example"});
  ca.create().answer_all({authorization(0, "a.example", "pending"),
                          failed_authorization(1, "b.example", "dns", "NXDOMAIN")});
  CHECK_EQ(deactivated(ca), std::vector<std::string>{authorization_url(0)});
  CHECK_EQ(ca.failure().kind, Kind::validation);
  CHECK_EQ(ca.failure().names, std::vector<std::string>{"b.example"});
}

TEST(an_authorization_that_has_expired_ends_the_order) {
  for (const char* status : {"expired", "revoked", "deactivated"}) {
    Bench ca({"a.example"});
    ca.create().answer_with(authorization(0, "a.example", status));
    CHECK_EQ(ca.failure().kind, Kind::refused);
    CHECK_CONTAINS(ca.failure().words, std::string("a.example: the authorization is ") + status);
  }
}

TEST(when_no_configured_challenge_is_offered_the_words_name_what_is) {
  Bench ca({"*.example.com"}, {}, {ChallengeType::http01, ChallengeType::tlsalpn01});
  ca.create().authorize({"dns-01", "dns-account-01"});
  Failure failure = ca.failure();
  CHECK_EQ(failure.kind, Kind::refused);
  CHECK_EQ(failure.names, std::vector<std::string>{"*.example.com"});
  CHECK_EQ(failure.words,
           "for *.example.com the CA offers dns-01 and dns-account-01; configured is http-01 "
           "tls-alpn-01");
  CHECK_EQ(deactivated(ca), std::vector<std::string>{authorization_url(0)});
}

TEST(when_no_challenge_can_be_answered_here_the_words_say_so) {
  Bench ca({"a.example"}, {}, {});
  ca.create().authorize({"http-01"});
  CHECK_CONTAINS(ca.failure().words, "configured is none that can be answered here");
}

TEST(an_order_that_falls_back_to_pending_after_finalize_is_not_waited_for_a_week) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(problem(403, "orderNotReady", "not yet"));
  Millis waited = 0;
  while (all_of<Failure>(ca.wishes).empty()) {
    waited += only<Wait>(ca.wishes).duration;
    CHECK(waited < 2 * 3'600'000);
    ca.time_passes();
    if (urls(ca.wishes).at(0) != kOrderUrl)
      ca.answer_with(authorization(0, "a.example", "pending"));
    ca.answer_with(order_answer("pending", ca.names));
  }
  CHECK_CONTAINS(ca.failure().words, "not decided about the challenges");
}

TEST(an_authorization_without_challenges_offers_nothing) {
  Bench ca({"a.example"});
  ca.create().authorize({});
  CHECK_CONTAINS(ca.failure().words, "the CA offers nothing");
}

TEST(pending_authorizations_are_deactivated_before_the_failure) {
  Bench ca({"a.example", "b.example"});
  ca.create().authorize();
  ca.wishes = ca.order.on_refused("the board is full");
  CHECK_EQ(deactivated(ca), (std::vector<std::string>{authorization_url(0), authorization_url(1)}));
  CHECK(std::holds_alternative<Failure>(ca.wishes.back()));
  CHECK_EQ(ca.failure().kind, Kind::local);
  CHECK_EQ(ca.failure().words, "the board is full");
}

TEST(answers_to_deactivations_and_late_answers_change_nothing) {
  Bench ca({"a.example", "b.example"});
  ca.create();
  Post late = all_of<Post>(ca.wishes)[1];
  Post first = all_of<Post>(ca.wishes)[0];
  ca.wishes = ca.order.on_answer(first.tag, answer(403, "no"), kNow);
  CHECK_EQ(ca.failure().kind, Kind::malformed);
  CHECK(ca.order.on_answer(late.tag, authorization(1, "b.example", "pending"), kNow).empty());
  CHECK(ca.order.on_timer().empty());
  CHECK(ca.order.on_refused("again").empty());
}

TEST(nothing_is_deactivated_while_the_ca_is_in_trouble) {
  Bench ca({"a.example"});
  ca.to_polling().time_passes().answer_with(answer(503, "down", {{"Retry-After", "120"}}));
  CHECK_EQ(ca.wishes.size(), 1);
  CHECK_EQ(ca.failure().kind, Kind::busy);
  CHECK_EQ(ca.failure().retry_after, 120);
}

TEST(a_rate_limit_at_newOrder_carries_its_retry_after) {
  Bench ca({"a.example"});
  ca.answer_with(problem(429, "rateLimited", "too many", {{"Retry-After", "86400"}}));
  CHECK_EQ(ca.failure().kind, Kind::rate_limited);
  CHECK_EQ(ca.failure().retry_after, 86400);
  CHECK(!ca.failure().order_kept);
}

TEST(a_lost_account_is_told_from_a_refusal) {
  Bench ca({"a.example"});
  ca.answer_with(problem(400, "accountDoesNotExist", "who are you"));
  CHECK_EQ(ca.failure().kind, Kind::account);
}

TEST(user_action_names_the_page_to_open) {
  Bench ca({"a.example"});
  Json json = Json::object()
                  .set("type", "urn:ietf:params:acme:error:userActionRequired")
                  .set("detail", "terms have changed")
                  .set("instance", "https://ca.example/agree/1");
  ca.answer_with(answer(403, json.compact()));
  CHECK_EQ(ca.failure().kind, Kind::action_required);
  CHECK_EQ(ca.failure().url, "https://ca.example/agree/1");
}

TEST(an_answer_that_is_no_json_is_quoted_with_its_status) {
  Bench ca({"a.example"});
  ca.answer_with(answer(502, "<html>\n<h1>Bad Gateway</h1>"));
  CHECK_EQ(ca.failure().kind, Kind::busy);
  CHECK_EQ(ca.failure().words,
           "HTTP status 502 without a problem document: \"<html>\\x0a<h1>Bad Gateway</h1>\"");
}

// ---- answers that break RFC 8555

TEST(newOrder_without_a_usable_location_is_malformed) {
  for (Headers headers : {Headers{}, Headers{{"Location", ""}}, Headers{{"Location", "http://x/y"}},
                          Headers{{"Location", "https://evil.example/order/1"}}}) {
    Bench ca({"a.example"});
    Answer a = created("pending", ca.names);
    a.headers = headers;
    if (!headers.empty() && headers[0].value.empty()) a.url = "not a URL";
    ca.answer_with(a);
    CHECK_EQ(ca.failure().kind, Kind::malformed);
    CHECK_CONTAINS(ca.failure().words, "Location");
  }
}

TEST(an_order_that_is_no_order_is_malformed) {
  for (const char* body : {"", "[]", "null", "{", "<html>"}) {
    Bench ca({"a.example"});
    ca.answer_with(answer(201, body, {{"Location", kOrderUrl}}));
    CHECK_EQ(ca.failure().kind, Kind::malformed);
  }
}

TEST(urls_of_other_origins_are_refused) {
  for (const char* member : {"finalize", "authorizations"}) {
    Bench ca({"a.example"});
    Json order = order_json("pending", ca.names);
    if (std::string(member) == "finalize")
      order.set(member, "https://evil.example/finalize");
    else
      order.set(member, Json::array().append("https://evil.example/authz"));
    ca.answer_with(answer(201, order.compact(), {{"Location", kOrderUrl}}));
    CHECK_EQ(ca.failure().kind, Kind::malformed);
    CHECK_CONTAINS(ca.failure().words, "https://evil.example/");
  }
  Bench challenge({"a.example"});
  Json authz = authorization_json(0, "a.example", "pending", {});
  authz.set("challenges", Json::array().append(
                              challenge_json(0, "http-01").set("url", "https://evil.example/c")));
  challenge.create().answer_with(answer(200, authz.compact()));
  CHECK_CONTAINS(challenge.failure().words, "not its own");

  Bench certificate({"a.example"});
  Json order = order_json("valid", certificate.names).set("certificate", "http://ca.example/cert");
  certificate.to_finalize().answer_with(answer(200, order.compact()));
  CHECK_EQ(certificate.failure().kind, Kind::malformed);
}

TEST(an_order_for_other_names_is_refused) {
  Bench ca({"a.example"});
  ca.answer_with(created("pending", {"a.example", "evil.example"}));
  CHECK_EQ(ca.failure().kind, Kind::malformed);
  CHECK_CONTAINS(ca.failure().words, "evil.example");
}

TEST(an_authorization_for_a_name_that_was_not_ordered_is_refused) {
  Bench ca({"a.example"});
  ca.create().answer_with(authorization(0, "b.example", "pending"));
  CHECK_EQ(ca.failure().kind, Kind::malformed);
  CHECK_CONTAINS(ca.failure().words, "b.example");
}

TEST(an_order_with_a_flood_of_authorizations_is_refused) {
  Bench ca({"a.example"});
  Json many = Json::array();
  for (std::size_t i = 0; i < 100; ++i) many.append(authorization_url(i));
  Json order = order_json("pending", ca.names).set("authorizations", many);
  ca.answer_with(answer(201, order.compact(), {{"Location", kOrderUrl}}));
  CHECK_EQ(ca.wishes.size(), 1);
  CHECK_CONTAINS(ca.failure().words, "100 authorizations for 1 names");
}

TEST(a_pending_order_without_authorizations_is_malformed) {
  Bench ca({"a.example"});
  Json order = order_json("pending", ca.names).set("authorizations", Json::array());
  ca.answer_with(answer(201, order.compact(), {{"Location", kOrderUrl}}));
  CHECK_EQ(ca.failure().kind, Kind::malformed);
}

TEST(unknown_statuses_are_malformed) {
  Bench order({"a.example"});
  order.answer_with(created("dreaming", order.names));
  CHECK_CONTAINS(order.failure().words, "unknown status \"dreaming\"");
  Bench authz({"a.example"});
  authz.create().answer_with(authorization(0, "a.example", "dreaming"));
  CHECK_CONTAINS(authz.failure().words, "unknown status \"dreaming\"");
}

TEST(an_authorization_that_is_none_is_malformed) {
  Bench ca({"a.example"});
  ca.create().answer_with(answer(200, "garbage"));
  CHECK_EQ(ca.failure().kind, Kind::malformed);
  CHECK_CONTAINS(ca.failure().words, authorization_url(0));
}

TEST(a_poll_that_is_answered_with_something_else_is_malformed) {
  Bench ca({"a.example"});
  ca.to_polling().time_passes().answer_with(answer(200, "garbage"));
  CHECK_EQ(ca.failure().kind, Kind::malformed);
  CHECK(!ca.failure().order_kept);
}

TEST(a_certificate_that_is_no_pem_is_malformed) {
  Bench ca({"a.example"});
  ca.to_download().answer_with(answer(200, "MIIB", {{"Content-Type", "application/pkix-cert"}}));
  CHECK_EQ(ca.failure().kind, Kind::malformed);
  CHECK_CONTAINS(ca.failure().words, "application/pkix-cert");
}

TEST(a_valid_order_that_never_names_its_certificate_is_malformed) {
  Bench ca({"a.example"});
  Json order = order_json("processing", ca.names).set("status", "valid");
  ca.to_finalize().answer_with(answer(200, order.compact()));
  for (int i = 0; i < 10 && !all_of<Wait>(ca.wishes).empty(); ++i)
    ca.time_passes().answer_with(answer(200, order.compact()));
  CHECK_CONTAINS(ca.failure().words, "no usable certificate URL");
}

// ---- challenges and finalize that are refused

TEST(a_challenge_that_could_not_be_started_ends_the_order_while_it_is_pending) {
  Bench ca({"a.example", "b.example"});
  ca.create().authorize().presented();
  ca.answer_all({problem(400, "malformed", "no such challenge"), answer(200, "{}")});
  ca.poll("pending");
  CHECK_EQ(ca.failure().kind, Kind::refused);
  CHECK_CONTAINS(ca.failure().words, "no such challenge");
  CHECK_EQ(deactivated(ca).size(), 2);
}

TEST(a_challenge_that_was_started_twice_does_not_end_an_order_that_goes_on) {
  Bench ca({"a.example"});
  ca.create().authorize().presented();
  ca.answer_with(problem(400, "malformed", "already valid")).poll("ready");
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
}

TEST(a_rate_limit_at_a_challenge_ends_the_try_at_once) {
  Bench ca({"a.example"});
  ca.create().authorize().presented();
  ca.answer_with(problem(429, "rateLimited", "slow down", {{"Retry-After", "60"}}));
  CHECK_EQ(ca.failure().kind, Kind::rate_limited);
  CHECK(ca.failure().order_kept);
}

TEST(finalize_that_is_never_ready_is_given_up) {
  Bench ca({"a.example"});
  ca.to_finalize();
  int tries = 0;
  while (all_of<Failure>(ca.wishes).empty()) {
    CHECK(++tries < 50);
    ca.answer_with(problem(403, "orderNotReady", "not yet")).poll("ready");
  }
  CHECK_EQ(tries, 10);
  CHECK_EQ(ca.failure().kind, Kind::busy);
}

TEST(a_refused_csr_ends_the_order_for_good) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(problem(400, "badCSR", "weak key"));
  CHECK_EQ(ca.failure().kind, Kind::refused);
  CHECK_EQ(ca.failure().words, "badCSR: weak key");
  CHECK(!ca.failure().order_kept);
}

TEST(an_unauthorized_finalize_is_no_lost_account) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(problem(403, "unauthorized", "authorizations expired"));
  CHECK_EQ(ca.failure().kind, Kind::refused);
}

// ---- patience

TEST(validation_that_takes_an_hour_is_given_up) {
  Bench ca({"a.example"});
  ca.to_polling();
  Millis waited = 0;
  int steps = 0;
  while (all_of<Failure>(ca.wishes).empty()) {
    waited += only<Wait>(ca.wishes).duration;
    CHECK(++steps < 1000);
    ca.time_passes();
    if (urls(ca.wishes).at(0) != kOrderUrl)
      ca.answer_with(authorization(0, "a.example", "pending"));
    ca.answer_with(order_answer("pending", ca.names));
  }
  CHECK_EQ(ca.failure().kind, Kind::busy);
  CHECK(waited >= 3'600'000 && waited < 3'700'000);
}

TEST(issuance_is_waited_for_up_to_a_week) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(order_answer("processing", ca.names));
  Millis waited = 0;
  while (all_of<Failure>(ca.wishes).empty()) {
    waited += only<Wait>(ca.wishes).duration;
    ca.poll("processing", {{"Retry-After", "86400"}});
  }
  CHECK_EQ(ca.failure().kind, Kind::busy);
  CHECK(ca.failure().order_kept);
  CHECK(waited >= 7 * kDay * 1000);
}

// ---- which orders are kept for the next try

TEST(an_order_outlives_the_trouble_of_its_ca) {
  for (const Answer& trouble :
       {answer(503), answer(500), problem(429, "rateLimited", "slow"),
        problem(403, "userActionRequired", "agree"), problem(500, "serverInternal", "oops")}) {
    Bench ca({"a.example"});
    ca.to_polling().time_passes().answer_with(trouble);
    CHECK(ca.failure().order_kept);
    CHECK(!ca.failure().order_gone);
    CHECK_EQ(ca.wishes.size(), 1);
  }
}

TEST(a_certificate_that_cannot_be_stored_is_downloaded_again_at_the_next_try) {
  Bench ca({"a.example"});
  ca.to_download().answer_with(answer(200, kPem));
  ca.wishes = ca.order.on_refused("no space left on device");
  CHECK_EQ(ca.failure().kind, Kind::local);
  CHECK(ca.failure().order_kept);

  Bench again({"a.example"}, kOrderUrl);
  again.answer_with(order_answer("valid", again.names)).answer_with(answer(200, kPem));
  again.wishes = again.order.on_refused("wrong key");
  CHECK(!again.failure().order_kept);
  CHECK(!again.failure().order_gone);
}

// FIELD.md, fault 6: a disk may be full for longer than two tries.
TEST(what_is_issued_waits_at_the_ca_as_long_as_a_fault_of_the_environment_lasts) {
  Bench ca({"a.example"}, kOrderUrl);
  ca.answer_with(order_answer("valid", ca.names)).answer_with(answer(200, kPem));
  ca.wishes = ca.order.on_refused("no space left on device", true);
  CHECK_EQ(ca.failure().kind, Kind::environment);
  CHECK(ca.failure().order_kept);
  CHECK(!ca.failure().order_gone);
  CHECK_EQ(ca.wishes.size(), 1);  // nothing is deactivated
}

TEST(an_order_whose_finalize_was_answered_with_nonsense_may_be_a_certificate) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(answer(307, "<html>moved</html>"));
  CHECK_EQ(ca.failure().kind, Kind::malformed);
  CHECK(ca.failure().order_kept);

  Bench large({"a.example"});
  large.to_finalize();
  large.wishes = large.order.on_failed(malformed("the answer is larger than 1 MiB"));
  CHECK(large.failure().order_kept);
  CHECK(large.order.on_failed(malformed("once more")).empty());
}

TEST(an_invalid_order_is_never_kept) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(invalid_order(ca.names, "serverInternal", "lint failed"));
  ca.answer_with(authorization(0, "a.example", "valid"));
  CHECK_EQ(ca.failure().kind, Kind::busy);
  CHECK(!ca.failure().order_kept);
}

TEST(an_order_that_cannot_be_journalled_is_not_gone_on_with) {
  Bench ca({"a.example"});
  ca.create();
  std::uint32_t tag = all_of<Post>(ca.wishes)[0].tag;
  ca.wishes = ca.order.on_refused("the journal is read-only");
  CHECK_EQ(ca.failure().kind, Kind::local);
  CHECK(ca.order.on_answer(tag, authorization(0, "a.example", "pending"), kNow).empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
