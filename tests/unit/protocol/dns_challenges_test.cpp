// Challenges that are answered in DNS: which name can have which, and what an order makes of it.
#include "protocol/document.h"
#include "protocol/failover.h"
#include "protocol/schedule.h"
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;
using namespace acme::test;
using enum ChallengeType;

namespace {

const std::vector<std::string> kOffers = {"http-01", "tls-alpn-01", "dns-01", "dns-account-01"};

std::vector<ChallengeType> types_of(const std::vector<Wish>& wishes) {
  std::vector<ChallengeType> out;
  for (const auto& challenge : only<Present>(wishes).challenges) out.push_back(challenge.type);
  return out;
}

TEST(types_are_mixed_in_one_order_as_each_name_can_have_them) {
  Bench ca({"*.example.com", "example.com", "www.example.org"}, {}, {http01, tlsalpn01, dns01});
  ca.create().authorize(kOffers);
  CHECK((types_of(ca.wishes) == std::vector{dns01, http01, http01}));
  const Present present = only<Present>(ca.wishes);
  CHECK(present.challenges[0].wildcard);
  CHECK(!present.challenges[1].wildcard);
  ca.start().poll("ready");
  CHECK_EQ(only<Post>(ca.wishes).what, Post::What::finalize);
}

TEST(another_type_is_left_for_a_wildcard_only_among_those_of_dns) {
  for (bool second : {false, true}) {
    std::vector<ChallengeType> configured = {http01, dns01};
    if (second) configured.push_back(dnsaccount01);
    Bench ca({"*.example.com"}, {}, configured);
    ca.create().authorize(kOffers).start().poll("invalid");
    Json json = authorization_json(0, "*.example.com", "invalid", {});
    Json failed = challenge_json(0, "dns-01", "invalid");
    failed.set("error", Json::object()
                            .set("type", "urn:ietf:params:acme:error:unauthorized")
                            .set("detail", "no TXT record"));
    json.set("challenges", Json::array().append(failed));
    ca.answer_with(answer(200, json.compact()));
    CHECK_EQ(ca.failure().can_try_another_type(), second);
  }
}

TEST(what_failed_for_a_wildcard_comes_last_among_those_of_dns) {
  Bench ca({"*.example.com"}, {}, {http01, dns01, dnsaccount01}, false,
           {{"*.example.com", dns01, kNow}});
  ca.create().authorize(kOffers);
  CHECK((types_of(ca.wishes) == std::vector{dnsaccount01}));
}

TEST(dns_persist_01_needs_no_token_and_says_whose_name_may_stand_in_the_record) {
  Bench ca({"*.example.com"}, {}, {dnspersist01});
  Json challenge = Json::object();
  challenge.set("type", "dns-persist-01").set("status", "pending");
  challenge.set("url", challenge_url(0, "dns-persist-01"));
  challenge.set("issuer-domain-names", Json::array().append("CA.example").append("bad name"));
  Json json = authorization_json(0, "*.example.com", "pending", {});
  json.set("challenges", Json::array().append(challenge));
  ca.create().answer_with(answer(200, json.compact()));
  const Present present = only<Present>(ca.wishes);
  CHECK(present.challenges.at(0).type == dnspersist01);
  CHECK(present.challenges[0].wildcard);
  CHECK_EQ(present.challenges[0].token, "");
  CHECK_EQ(present.challenges[0].issuer_domain_names, std::vector<std::string>{"ca.example"});
}

TEST(every_other_type_needs_its_token) {
  Bench ca({"a.example"}, {}, {dns01});
  Json challenge = challenge_json(0, "dns-01").set("token", "");
  Json json = authorization_json(0, "a.example", "pending", {});
  json.set("challenges", Json::array().append(challenge));
  ca.create().answer_with(answer(200, json.compact()));
  CHECK_CONTAINS(ca.failure().words, "dns-01 (without a usable token)");
}

TEST(records_that_cannot_be_set_keep_the_order_and_deactivate_nothing) {
  Bench ca({"*.example.com"}, {}, {dns01});
  ca.create().authorize(kOffers);
  protocol::Failure dns;
  dns.kind = protocol::Failure::Kind::dns;
  dns.words = "the DNS host is down";
  ca.wishes = ca.order.on_failed(dns);
  CHECK(all_of<Post>(ca.wishes).empty());
  CHECK(ca.failure().order_kept);
  CHECK(!ca.failure().can_try_another_type());
}

TEST(they_are_tried_again_after_a_minute_and_later_every_hour_and_are_no_failed_validation) {
  protocol::Failure dns;
  dns.kind = protocol::Failure::Kind::dns;
  ScheduleRecord schedule;
  WallTime now = kNow;
  for (std::int64_t wait : {kMinute, 10 * kMinute, 30 * kMinute, kHour, kHour}) {
    note_failure(schedule, dns, {}, now, 0);
    CHECK_EQ(schedule.next_try - now, wait);
    now = schedule.next_try;
  }
  CHECK(schedule.failed_validations.empty());
  CHECK(!refuses_for_good(dns));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
