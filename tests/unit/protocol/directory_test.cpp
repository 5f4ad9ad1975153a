#include "protocol/directory.h"

#include "protocol/account.h"
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;

namespace {

const std::string kUrl = kCa + "/dir";

Json full() {
  Json json = Json::object();
  for (const char* member : {"newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"})
    json.set(member, kCa + "/" + member);
  return json;
}

std::string refused(const Json& json) {
  return REQUIRE_ERROR(read_directory(json.compact(), kUrl), Errc::protocol);
}

}  // namespace

TEST(a_directory_is_read_and_its_unknown_fields_are_ignored) {
  Json meta = Json::object();
  meta.set("termsOfService", "https://ca.example/terms.pdf").set("website", "https://ca.example");
  meta.set("externalAccountRequired", Json::boolean(true));
  meta.set("profiles", Json::object().set("shortlived", "six days").set("classic", "long"));
  meta.set("caaIdentities", Json::array().append("ca.example"));
  Json json = full().set("renewalInfo", kCa + "/ari").set("meta", meta).set("aXX5", Json::null());
  Directory d = REQUIRE_OK(read_directory(json.compact(), kUrl));
  CHECK_EQ(d.new_nonce, kCa + "/newNonce");
  CHECK_EQ(d.new_account, kCa + "/newAccount");
  CHECK_EQ(d.new_order, kCa + "/newOrder");
  CHECK_EQ(d.revoke_cert, kCa + "/revokeCert");
  CHECK_EQ(d.key_change, kCa + "/keyChange");
  CHECK_EQ(d.renewal_info, kCa + "/ari");
  CHECK_EQ(d.terms_of_service, "https://ca.example/terms.pdf");
  CHECK_EQ(d.website, "https://ca.example");
  CHECK(d.external_account_required);
  CHECK_EQ(d.profiles, (std::vector<std::string>{"classic", "shortlived"}));
}

TEST(a_directory_without_what_every_order_needs_is_a_clear_error) {
  for (const char* member : {"newNonce", "newAccount", "newOrder"}) {
    std::string why = refused(full().set(member, Json::null()));
    CHECK_CONTAINS(why, kUrl);
    CHECK_CONTAINS(why, std::string("names no ") + member);
    CHECK_CONTAINS(refused(full().set(member, Json::integer(3))), member);
  }
}

TEST(a_directory_may_lack_what_no_order_needs) {
  Json json = full().set("revokeCert", Json::null()).set("keyChange", Json::integer(1));
  Directory d = REQUIRE_OK(read_directory(json.compact(), kUrl));
  CHECK_EQ(d.revoke_cert, "");
  CHECK_EQ(d.key_change, "");
  CHECK(!d.external_account_required);
  CHECK(d.profiles.empty());
}

TEST(endpoints_must_be_https_and_no_longer_than_2_kib) {
  for (const std::string& url :
       {std::string("http://ca.example/x"), std::string("/x"), std::string("https://u@ca.example"),
        kCa + "/" + std::string(2048, 'x'), std::string("https://ca.example/\n")}) {
    CHECK_CONTAINS(refused(full().set("newOrder", url)), "newOrder");
    CHECK_CONTAINS(refused(full().set("renewalInfo", url)), "renewalInfo");
  }
}

TEST(what_is_no_directory_is_quoted) {
  for (const char* body : {"", "<html>no", "[]", "42", "{\"a\":1"}) {
    std::string why = REQUIRE_ERROR(read_directory(body, kUrl), Errc::protocol);
    CHECK_CONTAINS(why, "is no directory");
    CHECK_CONTAINS(why, std::string("begins \"") + body);
  }
  REQUIRE_ERROR(read_directory(full().compact(), "http://ca.example/dir"), Errc::protocol);
}

TEST(a_key_that_stands_twice_is_no_json) {
  std::string body = full().compact();
  body.insert(1, "\"newOrder\":\"https://evil.example/\",");
  REQUIRE_ERROR(read_directory(body, kUrl), Errc::protocol);
}

TEST(every_origin_of_the_directory_is_listed_its_own_first) {
  Json json = full().set("newNonce", "https://EU.ca.example:443/nonce");
  json.set("newAccount", "https://eu.ca.example/account").set("newOrder", kCa + ":14000/order");
  Directory d = REQUIRE_OK(read_directory(json.compact(), kUrl));
  CHECK_EQ(d.origins, (std::vector<std::string>{kCa, "https://eu.ca.example", kCa + ":14000"}));
  CHECK(d.has_origin_of(kCa + "/anything"));
  CHECK(d.has_origin_of("https://eu.ca.example/x"));
  CHECK(!d.has_origin_of("https://evil.example/x"));
  CHECK(!d.has_origin_of("http://ca.example/x"));
  CHECK(!d.has_origin_of("https://ca.example:14001/x"));
}

TEST(strange_things_in_meta_are_left_out) {
  Json meta = Json::object();
  meta.set("termsOfService", "javascript:alert(1)").set("website", Json::integer(1));
  meta.set("externalAccountRequired", "yes").set("profiles", Json::array());
  Directory d = REQUIRE_OK(read_directory(full().set("meta", meta).compact(), kUrl));
  CHECK_EQ(d.terms_of_service, "");
  CHECK_EQ(d.website, "");
  CHECK(!d.external_account_required);
  CHECK(d.profiles.empty());
  REQUIRE_OK(read_directory(full().set("meta", "no").compact(), kUrl));
}

// ---- accounts

TEST(an_account_is_201_or_200_with_a_location) {
  Answer a = answer(201, R"({"status":"valid"})", {{"Location", "/acct/7"}});
  auto made = read_account(a, kNow);
  CHECK_EQ(std::get<Account>(made).url, kCa + "/acct/7");
  CHECK_EQ(std::get<Account>(made).status, "valid");
  CHECK(!std::get<Account>(made).existed);
  a.status = 200;
  auto found = read_account(a, kNow);
  CHECK(std::get<Account>(found).existed);
}

TEST(an_account_whose_answer_says_little_is_believed) {
  for (const char* body : {"", "{}", "<html>"}) {
    auto account = read_account(answer(200, body, {{"Location", kCa + "/acct/7"}}), kNow);
    CHECK_EQ(std::get<Account>(account).status, "valid");
  }
}

TEST(an_account_without_a_usable_location_is_malformed) {
  for (Headers headers : {Headers{}, Headers{{"Location", "http://ca.example/acct"}},
                          Headers{{"Location", "https://ca.example/ acct"}}}) {
    auto account = read_account(answer(201, "{}", headers), kNow);
    CHECK_EQ(std::get<Failure>(account).kind, Failure::Kind::malformed);
  }
}

TEST(an_account_that_was_deactivated_is_a_failure_in_words) {
  Answer a = answer(200, R"({"status":"deactivated"})", {{"Location", kCa + "/acct/7"}});
  auto account = read_account(a, kNow);
  CHECK_EQ(std::get<Failure>(account).kind, Failure::Kind::account);
  CHECK_CONTAINS(std::get<Failure>(account).words, kCa + "/acct/7 is deactivated");
}

TEST(an_account_that_is_refused_is_a_failure_in_the_cas_words) {
  auto refused = read_account(problem(403, "externalAccountRequired", "bring a key"), kNow);
  CHECK_EQ(std::get<Failure>(refused).kind, Failure::Kind::refused);
  CHECK_EQ(std::get<Failure>(refused).words, "externalAccountRequired: bring a key");
  auto busy = read_account(answer(503, "", {{"Retry-After", "9"}}), kNow);
  CHECK_EQ(std::get<Failure>(busy).retry_after, 9);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
