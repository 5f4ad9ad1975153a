// The way of an order that goes well, with every turn that RFC 8555 allows.
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;
using What = Post::What;

TEST(a_new_order_goes_from_newOrder_to_the_certificate) {
  Bench ca({"a.example"});
  CHECK_EQ(only<Post>(ca.wishes).url, kCa + "/new-order");
  CHECK_EQ(only<Post>(ca.wishes).what, What::new_order);
  CHECK_EQ(ca.order.stage(), "ordering");

  ca.create();
  CHECK_EQ(std::get<Created>(ca.wishes.at(0)).order_url, kOrderUrl);
  CHECK_EQ(std::get<Created>(ca.wishes.at(0)).finalize_url, kFinalizeUrl);
  CHECK_EQ(ca.order.url(), kOrderUrl);
  CHECK_EQ(only<Post>(ca.wishes).what, What::fetch);
  CHECK_EQ(only<Post>(ca.wishes).url, authorization_url(0));

  ca.authorize();
  CHECK_EQ(ca.order.stage(), "validating");
  Present present = only<Present>(ca.wishes);
  CHECK_EQ(present.challenges.size(), 1);
  CHECK_EQ(present.challenges[0].identifier, "a.example");
  CHECK_EQ(present.challenges[0].token, token(0));
  CHECK(present.challenges[0].type == ChallengeType::http01);

  ca.presented();
  CHECK_EQ(only<Post>(ca.wishes).what, What::start_challenge);
  CHECK_EQ(only<Post>(ca.wishes).url, challenge_url(0));
  ca.answer_with(answer(200, "{}")).time_passes();
  CHECK_EQ(only<Post>(ca.wishes).url, kOrderUrl);

  ca.answer_with(order_answer("ready", ca.names));
  CHECK_EQ(ca.order.stage(), "finalizing");
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
  CHECK_EQ(only<Post>(ca.wishes).url, kFinalizeUrl);

  ca.answer_with(order_answer("processing", ca.names)).poll("valid");
  CHECK_EQ(ca.order.stage(), "downloading");
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
  ca.answer_with(answer(200, kPem));
  CHECK_EQ(only<Install>(ca.wishes).chains, std::vector<std::string>{kPem});
  CHECK(std::holds_alternative<Finished>(ca.order.on_installed().at(0)));
}

TEST(an_order_is_journalled_before_anything_else_is_wished_for) {
  Bench ca({"a.example", "b.example"});
  ca.create();
  CHECK(std::holds_alternative<Created>(ca.wishes.front()));
  CHECK_EQ(ca.wishes.size(), 3);
}

TEST(an_order_may_be_created_ready) {
  Bench ca({"a.example"});
  ca.answer_with(created("ready", ca.names));
  CHECK(std::holds_alternative<Created>(ca.wishes.at(0)));
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
}

TEST(an_order_may_be_created_valid) {
  Bench ca({"a.example"});
  ca.answer_with(created("valid", ca.names));
  CHECK_EQ(only<Created>(ca.wishes).order_url, kOrderUrl);
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
}

TEST(an_order_may_be_created_processing) {
  Bench ca({"a.example"});
  ca.answer_with(created("processing", ca.names)).poll("valid");
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
}

TEST(an_order_may_be_answered_with_status_200) {
  Bench ca({"a.example"});
  Answer a = created("pending", ca.names);
  a.status = 200;
  ca.answer_with(a);
  CHECK_EQ(ca.order.url(), kOrderUrl);
}

TEST(a_relative_location_is_resolved_against_newOrder) {
  Bench ca({"a.example"});
  Answer a = created("pending", ca.names);
  a.url = kCa + "/acme/new-order";
  a.headers = {{"location", " order/7 "}};
  ca.answer_with(a);
  CHECK_EQ(ca.order.url(), kCa + "/acme/order/7");
}

TEST(all_authorizations_are_fetched_at_once) {
  Bench ca({"a.example", "b.example", "c.example"});
  ca.create();
  CHECK_EQ(urls(ca.wishes), (std::vector<std::string>{authorization_url(0), authorization_url(1),
                                                      authorization_url(2)}));
}

TEST(authorizations_may_be_answered_in_any_order) {
  Bench ca({"a.example", "b.example"});
  ca.create();
  std::vector<Post> posts = all_of<Post>(ca.wishes);
  CHECK(ca.order.on_answer(posts[1].tag, authorization(1, "b.example", "pending"), kNow).empty());
  ca.wishes = ca.order.on_answer(posts[0].tag, authorization(0, "a.example", "pending"), kNow);
  CHECK_EQ(only<Present>(ca.wishes).challenges.size(), 2);
}

TEST(authorizations_are_matched_by_value_and_not_by_place) {
  Bench ca({"a.example", "b.example"});
  ca.answer_with(created("pending", {"b.example", "a.example"}));
  ca.answer_all({authorization(0, "b.example", "pending"), authorization(1, "A.Example", "valid")});
  Present present = only<Present>(ca.wishes);
  CHECK_EQ(present.challenges.size(), 1);
  CHECK_EQ(present.challenges[0].identifier, "b.example");
}

TEST(authorizations_that_are_valid_already_are_skipped) {
  Bench ca({"a.example", "b.example"});
  ca.create().answer_all(
      {authorization(0, "a.example", "valid"), authorization(1, "b.example", "pending")});
  CHECK_EQ(only<Present>(ca.wishes).challenges.at(0).token, token(1));
  ca.presented();
  CHECK_EQ(urls(ca.wishes), std::vector<std::string>{challenge_url(1)});
}

TEST(with_all_authorizations_valid_the_order_is_looked_at_again) {
  Bench ca({"a.example"});
  ca.create().answer_with(authorization(0, "a.example", "valid"));
  CHECK_EQ(ca.wishes.size(), 1);
  ca.poll("ready");
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
}

TEST(a_wildcards_authorization_names_the_base_and_is_told_from_it) {
  Bench ca({"*.example.com", "example.com"}, {}, {ChallengeType::dns01});
  ca.create().authorize({"dns-01"});
  Present present = only<Present>(ca.wishes);
  CHECK_EQ(present.challenges.size(), 2);
  CHECK_EQ(present.challenges[0].identifier, "example.com");
  CHECK_EQ(present.challenges[1].identifier, "example.com");
  CHECK(present.challenges[0].token != present.challenges[1].token);
}

TEST(a_wildcard_whose_authorization_lacks_the_flag_is_understood) {
  Bench ca({"*.example.com"}, {}, {ChallengeType::dns01});
  ca.create().answer_with(authorization(0, "example.com", "pending", {"dns-01"}));
  CHECK_EQ(only<Present>(ca.wishes).challenges.at(0).identifier, "example.com");
}

TEST(an_authorization_that_names_the_wildcard_itself_is_understood) {
  Bench ca({"*.example.com"}, {}, {ChallengeType::dns01});
  Json authz = authorization_json(0, "example.com", "pending", {"dns-01"});
  authz.set("identifier", Json::object().set("type", "dns").set("value", "*.Example.com"));
  ca.create().answer_with(answer(200, authz.compact()));
  CHECK_EQ(only<Present>(ca.wishes).challenges.at(0).identifier, "example.com");
}

TEST(an_authorization_listed_twice_is_fetched_once) {
  Bench ca({"a.example"});
  Json order = order_json("pending", ca.names);
  order.set("authorizations",
            Json::array().append(authorization_url(0)).append(authorization_url(0)));
  ca.answer_with(answer(201, order.compact(), {{"Location", kOrderUrl}}));
  CHECK_EQ(urls(ca.wishes), std::vector<std::string>{authorization_url(0)});
}

TEST(unknown_challenge_types_and_missing_tokens_are_ignored) {
  Bench ca({"a.example"});
  Json authz = authorization_json(0, "a.example", "pending", {});
  Json no_token = Json::object().set("type", "http-01").set("url", challenge_url(9));
  Json persist = Json::object().set("type", "dns-persist-01").set("url", challenge_url(8));
  authz.set("challenges", Json::array()
                              .append(Json::null())
                              .append(Json::integer(3))
                              .append(persist)
                              .append(no_token)
                              .append(challenge_json(0, "http-01")));
  ca.create().answer_with(answer(200, authz.compact()));
  CHECK_EQ(only<Present>(ca.wishes).challenges.at(0).token, token(0));
}

TEST(a_token_is_22_to_256_characters_of_base64url) {
  CHECK(is_token(std::string(22, 'a')));
  CHECK(is_token(std::string(256, '_')));
  CHECK(is_token("ABCxyz-_0123456789abcd"));
  CHECK(!is_token(std::string(21, 'a')));
  CHECK(!is_token(std::string(257, 'a')));
  for (char bad : {'/', '.', '+', '=', ' ', '\0', '\n', '\xc3', '%', '<'})
    CHECK(!is_token(std::string(22, 'a') + bad));
}

TEST(a_challenge_with_a_token_that_climbs_out_of_its_folder_is_ignored) {
  Bench ca({"a.example"});
  Json authz = authorization_json(0, "a.example", "pending", {});
  Json evil = challenge_json(0, "http-01").set("token", "../../../../etc/passwd-and-more");
  authz.set("challenges", Json::array().append(evil));
  ca.create().answer_with(answer(200, authz.compact()));
  Failure failure = ca.failure();
  CHECK_EQ(failure.kind, Failure::Kind::refused);
  CHECK_CONTAINS(failure.words, "http-01 (without a usable token)");
}

TEST(the_challenge_is_chosen_by_the_preference_list) {
  std::vector<std::string> offers = {"dns-01", "http-01", "tls-alpn-01"};
  Bench one({"a.example"}, {}, {ChallengeType::tlsalpn01, ChallengeType::http01});
  one.create().authorize(offers);
  CHECK(only<Present>(one.wishes).challenges.at(0).type == ChallengeType::tlsalpn01);
  one.presented();
  CHECK_EQ(only<Post>(one.wishes).url, challenge_url(0, "tls-alpn-01"));

  Bench two({"a.example"}, {}, {ChallengeType::dns01, ChallengeType::tlsalpn01});
  two.create().authorize(offers);
  CHECK(only<Present>(two.wishes).challenges.at(0).type == ChallengeType::dns01);

  Bench three({"a.example"}, {}, {ChallengeType::dns01, ChallengeType::http01});
  three.create().authorize({"http-01"});
  CHECK(only<Present>(three.wishes).challenges.at(0).type == ChallengeType::http01);
}

TEST(a_type_that_failed_for_a_name_is_its_last_choice) {
  const std::vector<ChallengeType> both = {ChallengeType::http01, ChallengeType::tlsalpn01};
  const std::vector<FailedChallenge> failed = {{"a.example", ChallengeType::http01, kNow - 5},
                                               {"c.example", ChallengeType::tlsalpn01, kNow - 5}};
  Bench ca({"a.example", "b.example", "c.example"}, {}, both, false, failed);
  ca.create().authorize({"tls-alpn-01", "http-01"});
  auto chosen = only<Present>(ca.wishes).challenges;
  CHECK(chosen.at(0).type == ChallengeType::tlsalpn01);
  CHECK(chosen.at(1).type == ChallengeType::http01);
  CHECK(chosen.at(2).type == ChallengeType::http01);

  // A CA that offers nothing else is answered with it.
  Bench one({"a.example"}, {}, both, false, failed);
  one.create().authorize({"http-01"});
  CHECK(only<Present>(one.wishes).challenges.at(0).type == ChallengeType::http01);
}

TEST(all_challenges_are_presented_before_any_is_started) {
  Bench ca({"a.example", "b.example", "c.example"});
  ca.create().authorize();
  CHECK_EQ(ca.wishes.size(), 1);
  CHECK_EQ(only<Present>(ca.wishes).challenges.size(), 3);
  ca.presented();
  CHECK_EQ(ca.wishes.size(), 3);
  for (const Post& post : all_of<Post>(ca.wishes)) CHECK_EQ(post.what, What::start_challenge);
}

TEST(one_request_polls_an_order_of_many_names) {
  Bench ca({"a.example", "b.example", "c.example"});
  ca.to_polling().time_passes();
  CHECK_EQ(urls(ca.wishes), std::vector<std::string>{kOrderUrl});
}

TEST(without_retry_after_polling_begins_at_25_ms_and_doubles_to_5_s) {
  Bench ca({"a.example"});
  ca.to_polling();
  for (Millis expected : {25, 50, 100, 200, 400, 800, 1600, 3200, 5000}) {
    CHECK_EQ(only<Wait>(ca.wishes).duration, expected);
    ca.poll("pending");
  }
}

TEST(retry_after_in_seconds_is_waited_for) {
  Bench ca({"a.example"});
  ca.to_polling().poll("pending", {{"Retry-After", "7"}});
  CHECK_EQ(only<Wait>(ca.wishes).duration, 7000);
}

TEST(retry_after_as_a_date_is_waited_for) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(
      order_answer("processing", ca.names, {{"Retry-After", "Mon, 21 Sep 2026 14:13:30 GMT"}}));
  CHECK_EQ(only<Wait>(ca.wishes).duration, 10'000);
}

TEST(retry_after_is_capped_at_a_day) {
  Bench ca({"a.example"});
  ca.to_polling().poll("pending", {{"Retry-After", "99999999999999999999"}});
  CHECK_EQ(only<Wait>(ca.wishes).duration, kDay * 1000);
}

TEST(retry_after_of_nothing_or_of_the_past_has_a_floor) {
  for (const char* value : {"0", "Mon, 21 Sep 2020 14:13:30 GMT", "-5", "soon"}) {
    Bench ca({"a.example"});
    ca.to_polling().poll("pending", {{"Retry-After", value}});
    CHECK_EQ(only<Wait>(ca.wishes).duration, 50);
  }
}

TEST(retry_after_of_a_started_challenge_delays_the_first_poll) {
  Bench ca({"a.example", "b.example"});
  ca.create().authorize().presented();
  ca.answer_all({answer(200, "{}", {{"Retry-After", "4"}}), answer(200, "{}")});
  CHECK_EQ(only<Wait>(ca.wishes).duration, 4000);
}

TEST(after_ten_minutes_an_order_is_polled_once_a_minute_at_most) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(order_answer("processing", ca.names, {{"Retry-After", "1"}}));
  Millis waited = 0;
  while (waited < 10 * 60 * 1000) {
    CHECK_EQ(only<Wait>(ca.wishes).duration, 1000);
    waited += 1000;
    ca.poll("processing", {{"Retry-After", "1"}});
  }
  CHECK_EQ(only<Wait>(ca.wishes).duration, 60'000);
  ca.poll("processing");
  CHECK_EQ(only<Wait>(ca.wishes).duration, 60'000);
  ca.poll("processing", {{"Retry-After", "3600"}});
  CHECK_EQ(only<Wait>(ca.wishes).duration, 3'600'000);
}

TEST(an_order_that_stays_pending_has_its_authorizations_looked_at_too) {
  Bench ca({"a.example", "b.example"});
  ca.to_polling();
  Millis waited = 0;
  for (;;) {
    waited += only<Wait>(ca.wishes).duration;
    ca.time_passes();
    if (urls(ca.wishes).size() == 2) break;
    CHECK(waited < 20'000);
    ca.answer_with(order_answer("pending", ca.names));
  }
  CHECK(waited >= 10'000);
  ca.answer_all({authorization(0, "a.example", "valid"), authorization(1, "b.example", "pending")});
  CHECK_EQ(urls(ca.wishes), std::vector<std::string>{kOrderUrl});
  ca.answer_with(order_answer("pending", ca.names));

  // The second look leaves out what is valid by now.
  for (waited = 0; urls(ca.wishes) != std::vector<std::string>{authorization_url(1)};) {
    waited += only<Wait>(ca.wishes).duration;
    CHECK(waited <= 45'000);
    ca.time_passes();
    if (urls(ca.wishes).at(0) == kOrderUrl) ca.answer_with(order_answer("pending", ca.names));
  }
  CHECK(waited >= 25'000);
  ca.answer_with(authorization(1, "b.example", "valid"));
  CHECK_EQ(urls(ca.wishes), std::vector<std::string>{kOrderUrl});
}

TEST(retry_after_of_an_authorization_delays_the_look_at_it) {
  Bench ca({"a.example"});
  Answer slow = authorization(0, "a.example", "pending");
  slow.headers.push_back({"Retry-After", "3600"});
  ca.create().answer_with(slow).start();
  for (Millis waited = 0; waited < 3'500'000;) {
    waited += only<Wait>(ca.wishes).duration;
    ca.time_passes();
    CHECK_EQ(urls(ca.wishes), std::vector<std::string>{kOrderUrl});
    ca.answer_with(order_answer("pending", ca.names));
  }
}

TEST(an_order_that_is_not_ready_yet_is_polled_and_finalized_again) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(problem(403, "orderNotReady", "not yet"));
  CHECK_EQ(only<Wait>(ca.wishes).duration, 25);
  ca.poll("ready");
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
  ca.answer_with(problem(403, "orderNotReady", "not yet")).poll("pending").poll("ready");
  CHECK_EQ(only<Post>(ca.wishes).what, What::finalize);
  ca.answer_with(order_answer("valid", ca.names));
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
}

TEST(finalize_that_was_heard_twice_ends_in_the_download) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(problem(403, "orderNotReady", "status is \"valid\"")).poll("valid");
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
}

TEST(an_order_that_is_called_ready_after_finalize_is_given_time) {
  Bench ca({"a.example"});
  ca.to_finalize().answer_with(order_answer("ready", ca.names));
  CHECK_EQ(only<Wait>(ca.wishes).duration, 25);
  ca.poll("processing").poll("valid");
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
}

TEST(finalize_answered_with_something_odd_is_looked_up_in_the_order) {
  for (const char* body : {"", "{}", "<html>", "{\"status\":\"pending\"}"}) {
    Bench ca({"a.example"});
    ca.to_finalize().answer_with(answer(200, body)).poll("valid");
    CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
  }
}

TEST(a_valid_order_that_has_no_certificate_yet_is_polled) {
  Bench ca({"a.example"});
  Json order = order_json("processing", ca.names).set("status", "valid");
  ca.to_finalize().answer_with(answer(200, order.compact())).poll("valid");
  CHECK_EQ(only<Post>(ca.wishes).url, kCertificateUrl);
}

TEST(alternate_chains_are_fetched_when_they_are_asked_for) {
  Bench ca({"a.example"}, {}, {ChallengeType::http01}, true);
  Headers links = {
      {"Link", "<" + kCa + "/directory>;rel=\"index\""},
      {"Link", "</cert/1/alt1>;rel=\"alternate\""},
      {"link", "<1/alt2>; rel=alternate, <https://evil.example/x>; rel=\"alternate\""}};
  ca.to_download().answer_with(answer(200, kPem + "0", links, kCertificateUrl));
  CHECK_EQ(urls(ca.wishes), (std::vector<std::string>{kCa + "/cert/1/alt1", kCa + "/cert/1/alt2"}));
  std::vector<Post> posts = all_of<Post>(ca.wishes);
  CHECK(ca.order.on_answer(posts[1].tag, answer(200, kPem + "2"), kNow).empty());
  ca.wishes = ca.order.on_answer(posts[0].tag, answer(200, kPem + "1"), kNow);
  CHECK_EQ(only<Install>(ca.wishes).chains,
           (std::vector<std::string>{kPem + "0", kPem + "1", kPem + "2"}));
}

TEST(alternate_chains_are_left_alone_when_nobody_asked) {
  Bench ca({"a.example"});
  ca.to_download().answer_with(
      answer(200, kPem, {{"Link", "</cert/1/alt>;rel=\"alternate\""}}, kCertificateUrl));
  CHECK_EQ(only<Install>(ca.wishes).chains.size(), 1);
}

TEST(an_alternate_that_cannot_be_had_is_left_out) {
  Bench ca({"a.example"}, {}, {ChallengeType::http01}, true);
  Headers links = {{"Link", "</a>;rel=\"alternate\", </b>;rel=\"alternate\""}};
  ca.to_download().answer_with(answer(200, kPem, links, kCertificateUrl));
  ca.answer_all({answer(404, "gone"), answer(200, "no PEM")});
  CHECK_EQ(only<Install>(ca.wishes).chains, std::vector<std::string>{kPem});
}

TEST(a_chain_may_come_without_a_final_newline_and_with_any_content_type) {
  Bench ca({"a.example"});
  std::string pem = kPem.substr(0, kPem.size() - 1);
  ca.to_download().answer_with(answer(200, pem, {{"Content-Type", "text/plain"}}));
  CHECK_EQ(only<Install>(ca.wishes).chains.at(0), pem);
}

TEST(an_ip_address_is_ordered_and_matched_like_a_name) {
  Bench ca({"192.0.2.7"});
  Json authz = authorization_json(0, "192.0.2.7", "pending");
  authz.set("identifier", Json::object().set("type", "ip").set("value", "192.0.2.7"));
  ca.create().answer_with(answer(200, authz.compact()));
  CHECK_EQ(only<Present>(ca.wishes).challenges.at(0).identifier, "192.0.2.7");
}

TEST(unknown_tags_and_calls_out_of_turn_are_ignored) {
  Bench ca({"a.example"});
  CHECK(ca.order.on_answer(4711, answer(200, "{}"), kNow).empty());
  CHECK(ca.order.on_timer().empty());
  CHECK(ca.order.on_presented().empty());
  CHECK(ca.order.on_installed().empty());
  std::uint32_t tag = only<Post>(ca.wishes).tag;
  ca.create();
  CHECK(ca.order.on_answer(tag, answer(200, "{}"), kNow).empty());  // a second time
  ca.authorize().start().poll("pending");
  CHECK(!ca.order.on_timer().empty());
  CHECK(ca.order.on_timer().empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
