#include "store/codec.h"

#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr WallTime kYear2038 = 2'147'483'647;

StoredMeta stored_meta() {
  return {version_of(3).meta, seal_of("chain"), seal_of("key")};
}

StoredOrder stored_order() {
  StoredOrder stored;
  stored.order.issuer = "letsencrypt";
  stored.order.directory_url = "https://ca.example/directory";
  stored.order.names = {"example.com", "*.example.com"};
  stored.order.order_url = "https://ca.example/order/1";
  stored.order.finalize_url = "https://ca.example/order/1/finalize";
  stored.order.created = kNow;
  stored.order.key_authorizations = {{"example.com", "token", "token.thumbprint"},
                                     {"a", "b", "c", ChallengeType::tlsalpn01}};
  return stored;
}

ScheduleRecord schedule() {
  ScheduleRecord s;
  s.renew_at = kNow + 60 * kDay;
  s.next_try = kNow + kHour;
  s.last_try = kNow - kHour;
  s.retry_after = kNow + 2 * kHour;
  s.failures = 3;
  s.last_error = "urn:ietf:params:acme:error:rateLimited: \"too many\" – later";
  s.last_error_at = kNow - kMinute;
  s.configuration = "0123abcd";
  s.renewal_requested = true;
  s.failed_validations = {kNow - 50 * kMinute, kNow - kMinute};
  s.failed_challenges = {{"example.com", ChallengeType::http01, kNow - kMinute},
                         {"a.example", ChallengeType::tlsalpn01, kNow - 20 * kDay}};
  s.ari = {"aki.serial", kNow - 1, kNow + 1,         kNow + 9, kNow + 5, kNow + 5,
           kNow + 2,     kNow - 3, kNow + 6 * kHour, 4,        2,        "https://ca.example/why"};
  s.issuer = "other";
  s.failing_since = kNow - kHour;
  s.left = {{"first", kNow - kDay, kNow + 5, kNow + 6, 3, true, true, "caa: no", kNow - 7}};
  s.failed_names = {{"a.example", 2, kNow - 8, "dns: NXDOMAIN"}};
  return s;
}

}  // namespace

TEST(an_account_comes_back) {
  AccountRecord account{"le",
                        "https://ca.example/directory",
                        "https://ca.example/acct/1",
                        "https://ca.example/tos",
                        kNow,
                        kNow + kHour};
  AccountRecord back = REQUIRE_OK(decode_account(encode_account(account)));
  CHECK_EQ(back.issuer, "");  // that is the folder's name
  CHECK_EQ(back.directory_url, account.directory_url);
  CHECK_EQ(back.account_url, account.account_url);
  CHECK_EQ(back.terms_of_service, account.terms_of_service);
  CHECK_EQ(back.created, kNow);
  CHECK_EQ(back.not_before, kNow + kHour);
  CHECK_CONTAINS(encode_account(account), "\"created\": \"2026-11-23T07:00:00Z\"");
}

TEST(an_accounts_key_contacts_and_terms_come_back) {
  AccountRecord account;
  account.issuer = "le";
  account.directory_url = "https://ca.example/directory";
  account.account_url = "https://ca.example/acct/1";
  account.new_terms_of_service = "https://ca.example/tos-2";
  account.contacts = {"mailto:a@example.com"};
  account.key = {"/etc/own.pem", "", "thumb"};
  account.next_key = {"", "rsa:2048", "print"};
  AccountRecord back = REQUIRE_OK(decode_account(encode_account(account)));
  CHECK_EQ(back.new_terms_of_service, account.new_terms_of_service);
  CHECK(back.contacts == account.contacts);
  CHECK(back.key == account.key);
  CHECK(back.next_key == account.next_key);
  account.contacts = std::vector<std::string>();
  CHECK(REQUIRE_OK(decode_account(encode_account(account))).contacts == account.contacts);
  // What an older build wrote, or another client's account.
  back = REQUIRE_OK(decode_account(R"({"directory_url":"b"})"));
  CHECK(!back.contacts && !back.next_key && back.key == AccountKeyRecord{});
}

TEST(a_revocation_comes_back) {
  StoredMeta meta = stored_meta();
  CHECK(encode_meta(meta).find("revo") == std::string::npos);
  meta.meta.revoked = kNow;
  meta.meta.revocation_reason = "keyCompromise";
  meta.meta.to_be_replaced = true;
  StoredMeta back = REQUIRE_OK(decode_meta(encode_meta(meta)));
  CHECK_EQ(back.meta.revoked, kNow);
  CHECK_EQ(back.meta.revocation_reason, "keyCompromise");
  CHECK(back.meta.to_be_replaced);
}

TEST(seals_are_found_without_the_rest) {
  StoredMeta meta = stored_meta();
  meta.meta.names = {"\"fullchain\": {", "a\\"};
  const std::string text = encode_meta(meta);
  StoredMeta back = REQUIRE_OK(decode_seals(text));
  CHECK(back.chain == meta.chain && back.key == meta.key);
  CHECK(back.meta.names.empty());
  // Written by somebody else, but sound.
  std::string other = text;
  other.replace(other.find("\"sha256\""), 8, "\"sh\\u0061256\"");
  CHECK(REQUIRE_OK(decode_seals(other)).chain == meta.chain);
}

TEST(seals_that_are_not_there_are_refused_as_the_whole_is) {
  const std::string text = encode_meta(stored_meta());
  for (std::string bad : {std::string(), std::string("{}"), text.substr(0, text.size() / 2),
                          text.substr(0, text.rfind("\"privkey\"")) + "\"x\": 1}"})
    CHECK_EQ(REQUIRE_ERROR(decode_seals(bad), Errc::damaged),
             REQUIRE_ERROR(decode_meta(bad), Errc::damaged));
}

TEST(metadata_come_back) {
  StoredMeta meta = stored_meta();
  meta.meta.ari_id = "aki.serial";
  meta.meta.account_url = "https://ca.example/acct/1";
  meta.meta.issuer_name = "CN=R11";
  meta.meta.stored = kNow;
  StoredMeta back = REQUIRE_OK(decode_meta(encode_meta(meta)));
  CHECK(back.chain == meta.chain);
  CHECK(back.key == meta.key);
  CHECK_EQ(back.meta.names, meta.meta.names);
  CHECK_EQ(back.meta.not_before, meta.meta.not_before);
  CHECK_EQ(back.meta.not_after, meta.meta.not_after);
  CHECK_EQ(back.meta.serial, "3");
  CHECK_EQ(back.meta.issuer, "letsencrypt");
  CHECK_EQ(back.meta.issuer_name, "CN=R11");
  CHECK_EQ(back.meta.ari_id, "aki.serial");
  CHECK_EQ(back.meta.account_url, "https://ca.example/acct/1");
  CHECK_EQ(back.meta.directory_url, meta.meta.directory_url);
  CHECK_EQ(back.meta.order_url, meta.meta.order_url);
  CHECK_EQ(back.meta.stored, kNow);
}

TEST(a_schedule_comes_back) {
  ScheduleRecord back = REQUIRE_OK(decode_schedule(encode_schedule(schedule())));
  CHECK_EQ(back.renew_at, kNow + 60 * kDay);
  CHECK_EQ(back.next_try, kNow + kHour);
  CHECK_EQ(back.last_try, kNow - kHour);
  CHECK_EQ(back.retry_after, kNow + 2 * kHour);
  CHECK_EQ(back.failures, 3);
  CHECK_EQ(back.last_error, schedule().last_error);
  CHECK_EQ(back.last_error_at, kNow - kMinute);
  CHECK_EQ(back.configuration, "0123abcd");
  CHECK(back.renewal_requested);
  CHECK_EQ(back.failed_validations, schedule().failed_validations);
  const AriRecord ari = schedule().ari;
  CHECK_EQ(back.ari.id, ari.id);
  CHECK_EQ(back.ari.obtained, ari.obtained);
  CHECK_EQ(back.ari.window_start, ari.window_start);
  CHECK_EQ(back.ari.window_end, ari.window_end);
  CHECK_EQ(back.ari.pick, ari.pick);
  CHECK_EQ(back.ari.renew_at, ari.renew_at);
  CHECK_EQ(back.ari.not_before, ari.not_before);
  CHECK_EQ(back.ari.asked_at, ari.asked_at);
  CHECK_EQ(back.ari.ask_again, ari.ask_again);
  CHECK_EQ(back.ari.failures, ari.failures);
  CHECK_EQ(back.ari.early, ari.early);
  CHECK_EQ(back.ari.explanation_url, ari.explanation_url);
}

TEST(an_order_comes_back) {
  StoredOrder stored = stored_order();
  StoredOrder back = REQUIRE_OK(decode_order(encode_order(stored)));
  CHECK(!back.order.has_key);
  CHECK_EQ(back.order.issuer, stored.order.issuer);
  CHECK_EQ(back.order.directory_url, stored.order.directory_url);
  CHECK_EQ(back.order.names, stored.order.names);
  CHECK_EQ(back.order.order_url, stored.order.order_url);
  CHECK_EQ(back.order.finalize_url, stored.order.finalize_url);
  CHECK_EQ(back.order.created, kNow);
  CHECK_EQ(back.order.key_authorizations.size(), 2);
  CHECK_EQ(back.order.key_authorizations[0].identifier, "example.com");
  CHECK_EQ(back.order.key_authorizations[0].token, "token");
  CHECK_EQ(back.order.key_authorizations[0].key_authorization, "token.thumbprint");
  CHECK(back.order.key_authorizations[0].type == ChallengeType::http01);
  CHECK(back.order.key_authorizations[1].type == ChallengeType::tlsalpn01);

  stored.order.has_key = true;
  stored.key = seal_of("key");
  back = REQUIRE_OK(decode_order(encode_order(stored)));
  CHECK(back.order.has_key);
  CHECK(back.key == stored.key);
}

TEST(a_key_authorization_without_a_type_is_for_http_01_and_one_of_an_unknown_type_is_damage) {
  const std::string order = R"({"issuer":"a","directory_url":"b","key_authorizations":[{)";
  StoredOrder old = REQUIRE_OK(decode_order(order + R"("token":"t","key_authorization":"k"}]})"));
  CHECK(old.order.key_authorizations.at(0).type == ChallengeType::http01);
  REQUIRE_ERROR(decode_order(order + R"("token":"t","type":"dns-09"}]})"), Errc::damaged);
}

TEST(failed_challenges_of_an_unknown_type_are_forgotten_and_those_of_long_ago_too) {
  ScheduleRecord s = REQUIRE_OK(decode_schedule(
      R"({"failed_challenges":[{"name":"a","type":"smoke-01","at":"2026-11-23T06:00:00Z"},
          {"name":"a","type":"http-01","at":"2026-11-23T06:00:00Z"},
          {"name":"b","type":"http-01","at":"2026-10-01T06:00:00Z"},
          {"name":"c","type":"http-01","at":"2038-10-01T06:00:00Z"}, 7]})"));
  CHECK_EQ(s.failed_challenges.size(), 3);
  clamp_times(s, kNow);
  CHECK_EQ(s.failed_challenges.size(), 1);
  CHECK_EQ(s.failed_challenges[0].name, "a");
}

TEST(the_issuers_that_were_left_come_back_with_times_that_can_be) {
  ScheduleRecord before = schedule();
  ScheduleRecord s = REQUIRE_OK(decode_schedule(encode_schedule(before)));
  CHECK_EQ(s.issuer, "other");
  CHECK_EQ(s.failing_since, kNow - kHour);
  CHECK_EQ(s.left.size(), 1);
  CHECK_EQ(s.left[0].issuer, "first");
  CHECK_EQ(s.left[0].next_try, kNow + 5);
  CHECK_EQ(s.left[0].retry_after, kNow + 6);
  CHECK_EQ(s.left[0].failures, 3);
  CHECK(s.left[0].refused && s.left[0].unreachable);
  CHECK_EQ(s.left[0].last_error, "caa: no");
  CHECK_EQ(s.failed_names.size(), 1);
  CHECK_EQ(s.failed_names[0].name, "a.example");
  CHECK(s.failed_names[0].left_out());
  CHECK_EQ(s.failed_names[0].error, "dns: NXDOMAIN");
  clamp_times(s, kNow - 2 * kDay);
  CHECK_EQ(s.left[0].next_try, kNow - kDay);
  CHECK_EQ(s.left[0].failing_since, kNow - 2 * kDay);
  CHECK_EQ(s.failed_names[0].at, kNow - 2 * kDay);
}

TEST(what_is_absent_reads_as_empty) {
  ScheduleRecord empty = REQUIRE_OK(decode_schedule("{}"));
  CHECK_EQ(empty.next_try, 0);
  CHECK_EQ(empty.failures, 0);
  CHECK(!empty.renewal_requested);
  REQUIRE_OK(decode_order(R"({"issuer":"a","directory_url":"b","unknown":[1]})"));
  REQUIRE_OK(decode_account(R"({"directory_url":"b","created":5,"account_url":null})"));
}

TEST(what_could_not_be_acted_upon_is_damaged) {
  for (const char* text : {"", "{", "[]", "\"text\"", "null", "{\"a\":1,\"a\":2}", "{} x"}) {
    REQUIRE_ERROR(decode_account(text), Errc::damaged);
    REQUIRE_ERROR(decode_meta(text), Errc::damaged);
    REQUIRE_ERROR(decode_schedule(text), Errc::damaged);
    REQUIRE_ERROR(decode_order(text), Errc::damaged);
  }
  REQUIRE_ERROR(decode_account("{}"), Errc::damaged);
  REQUIRE_ERROR(decode_order(R"({"issuer":"a"})"), Errc::damaged);
  REQUIRE_ERROR(decode_meta("{}"), Errc::damaged);
  StoredMeta meta = stored_meta();
  meta.key = {};
  REQUIRE_ERROR(decode_meta(encode_meta(meta)), Errc::damaged);
}

TEST(foreign_text_never_makes_a_record_unreadable) {
  ScheduleRecord s = schedule();
  s.last_error = std::string("a\0b\xff\x1b[31m", 9);
  s.configuration = std::string("c\0d", 3);
  ScheduleRecord back = REQUIRE_OK(decode_schedule(encode_schedule(s)));
  CHECK_EQ(back.last_error, "a\\x00b\\xff\\x1b[31m");
  CHECK_EQ(back.configuration, "c\\x00d");
  s.last_error = std::string(1 << 20, 'x');
  CHECK(encode_schedule(s).size() < 3000);
}

TEST(times_that_cannot_be_are_unknown) {
  ScheduleRecord s;
  s.renew_at = -5;
  s.next_try = INT64_MAX;
  s.failed_validations = {-1, 0, INT64_MAX, kNow};
  ScheduleRecord back = REQUIRE_OK(decode_schedule(encode_schedule(s)));
  CHECK_EQ(back.renew_at, 0);
  CHECK_EQ(back.next_try, 0);
  CHECK_EQ(back.failed_validations, std::vector<WallTime>{kNow});
  back = REQUIRE_OK(decode_schedule(
      R"({"next_try":"1970-01-01T00:00:00+99:99","failures":-3,"last_try":"soon"})"));
  CHECK_EQ(back.next_try, 0);
  CHECK_EQ(back.failures, 0);
  CHECK_EQ(back.last_try, 0);
  CHECK_EQ(REQUIRE_OK(decode_schedule(R"({"failures":99999999999})")).failures, UINT32_MAX);
}

TEST(a_clock_that_was_once_in_2038_does_no_harm) {
  ScheduleRecord s;
  s.next_try = s.retry_after = s.last_try = s.last_error_at = kYear2038;
  s.renew_at = kNow + 60 * kDay;
  s.failed_validations = {kYear2038, kNow + 1, kNow, kNow - kHour, kNow - kHour - 1};
  clamp_times(s, kNow);
  CHECK_EQ(s.next_try, kNow + kDay);
  CHECK_EQ(s.retry_after, kNow + kDay);
  CHECK_EQ(s.last_try, kNow);
  CHECK_EQ(s.last_error_at, kNow);
  CHECK_EQ(s.renew_at, kNow + 60 * kDay);  // the caller knows not_after
  CHECK_EQ(s.failed_validations, (std::vector<WallTime>{kNow, kNow - kHour}));

  AccountRecord account;
  account.not_before = kYear2038;
  clamp_times(account, kNow);
  CHECK_EQ(account.not_before, kNow + kDay);
}

TEST(times_within_bounds_stay) {
  ScheduleRecord s = schedule();
  clamp_times(s, kNow);
  CHECK_EQ(encode_schedule(s), encode_schedule(schedule()));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
