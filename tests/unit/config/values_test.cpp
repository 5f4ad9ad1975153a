// One parser per kind of value.
#include "config/values.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::test;

namespace {

template <class T>
std::string refused(Result<T> result) {
  return REQUIRE_ERROR(result, Errc::invalid_config);
}

}  // namespace

TEST(a_switch_is_on_or_off) {
  CHECK_EQ(REQUIRE_OK(parse_switch("on")), true);
  CHECK_EQ(REQUIRE_OK(parse_switch("OFF")), false);
  CHECK_CONTAINS(refused(parse_switch("yes")), "neither on nor off");
  CHECK_CONTAINS(refused(parse_switch("")), "neither on nor off");
}

TEST(a_directory_is_an_https_url) {
  for (const char* url :
       {"https://ca.example/directory", "https://ca.example:14000/dir", "https://127.0.0.1/d",
        "https://[::1]:14000/dir", "https://ca.example", "https://ca.example/?a=b"})
    CHECK_EQ(REQUIRE_OK(parse_url(url)), url);
  CHECK_EQ(REQUIRE_OK(parse_url("HTTPS://ca.example/d")), "https://ca.example/d");
}

TEST(other_urls_are_refused_with_the_form_that_is_wanted) {
  for (const char* url : {"http://ca.example/", "ca.example", "", "ftp://x/", "https:/x"})
    CHECK_CONTAINS(refused(parse_url(url)), "https://");
  for (const char* url :
       {"https://", "https:///x", "https://user@ca.example/", "https://ca:x/", "https://ca:0/",
        "https://ca:65536/", "https://[::1", "https://[]/", "https://[::1]x/", "https://ca:/"})
    CHECK_CONTAINS(refused(parse_url(url)), "valid host");
  CHECK_CONTAINS(refused(parse_url("https://ca.example/a b")), "space");
  CHECK_CONTAINS(refused(parse_url("https://ca.example/a\nb")), "control");
  CHECK_CONTAINS(refused(parse_url("https://ca.example/#x")), "fragment");
  CHECK_CONTAINS(refused(parse_url("https://ca.example/" + std::string(2048, 'a'))), "2048");
}

TEST(a_contact_is_a_mail_address_with_or_without_its_scheme) {
  CHECK_EQ(REQUIRE_OK(parse_contact("me@example.com")), "mailto:me@example.com");
  CHECK_EQ(REQUIRE_OK(parse_contact("mailto:me@example.com")), "mailto:me@example.com");
  for (const char* text : {"me", "@example.com", "me@", "me@a@b", "tel:12@3", "me@a.b,you@a.b",
                           "me@a.b?subject=x", "m e@example.com", ""})
    CHECK_CONTAINS(refused(parse_contact(text)), "name@example.com");
}

TEST(kinds_of_keys_are_few_and_none_is_given_twice) {
  CHECK_EQ(REQUIRE_OK(parse_key("ecdsa:384")), KeyType::ecdsa384);
  CHECK_EQ(REQUIRE_OK(parse_key("rsa")), KeyType::rsa2048);
  CHECK_CONTAINS(refused(parse_key("rsa:1024")), "rsa:2048");
  CHECK_CONTAINS(refused(parse_key("ed25519")), "ecdsa:256");
  CHECK_EQ(REQUIRE_OK(parse_keys({"ecdsa", "rsa"})).size(), 2);
  CHECK_CONTAINS(refused(parse_keys({"ecdsa", "ecdsa:256"})), "twice");
}

TEST(challenge_types_keep_their_order) {
  using Types = std::vector<ChallengeType>;
  CHECK(REQUIRE_OK(parse_challenges({"http-01"})) == Types{ChallengeType::http01});
  CHECK(REQUIRE_OK(parse_challenges({"tls-alpn-01", "http-01"})) ==
        (Types{ChallengeType::tlsalpn01, ChallengeType::http01}));
  CHECK(REQUIRE_OK(parse_challenges({"dns-01", "dns-account-01", "dns-persist-01"})) ==
        (Types{ChallengeType::dns01, ChallengeType::dnsaccount01, ChallengeType::dnspersist01}));
  CHECK_CONTAINS(refused(parse_challenges({"http-1"})), "unknown challenge type \"http-1\"");
  // As nginx-acme has it: without a version.
  CHECK(REQUIRE_OK(parse_challenges({"http", "tls-alpn"})) ==
        (Types{ChallengeType::http01, ChallengeType::tlsalpn01}));
  CHECK_CONTAINS(refused(parse_challenges({"http", "http-01"})), "twice");
  CHECK_CONTAINS(refused(parse_challenges({"http-01", "http-01"})), "twice");
}

TEST(a_renewal_is_automatic_a_share_or_a_time_with_its_unit) {
  CHECK_EQ(REQUIRE_OK(parse_renew("auto")).kind, RenewPolicy::Kind::automatic);
  RenewPolicy share = REQUIRE_OK(parse_renew("33%"));
  CHECK_EQ(share.kind, RenewPolicy::Kind::share_left);
  CHECK_EQ(share.per_mille, 330);
  CHECK_EQ(REQUIRE_OK(parse_renew("12.5%")).per_mille, 125);
  RenewPolicy days = REQUIRE_OK(parse_renew("30d"));
  CHECK_EQ(days.kind, RenewPolicy::Kind::time_left);
  CHECK_EQ(days.seconds, 30 * kDay);
  CHECK_EQ(REQUIRE_OK(parse_renew("12h")).seconds, 12 * kHour);
  CHECK_EQ(REQUIRE_OK(parse_renew("90m")).seconds, 90 * kMinute);
  CHECK_EQ(REQUIRE_OK(parse_renew("45s")).seconds, 45);
  CHECK_EQ(REQUIRE_OK(parse_renew("2w")).seconds, 14 * kDay);
}

TEST(a_renewal_without_unit_or_out_of_range_is_refused) {
  for (const char* text : {"30", "", "d", "%", "0d", "-1d", "0%", "100%", "1.25%", "1.%", "33 %",
                           "30x", "1.5d", "99999999999999999999d", "auto1"})
    CHECK_CONTAINS(refused(parse_renew(text)), "33%");
  CHECK_CONTAINS(refused(parse_renew("3651d")), "ten years");
  CHECK_CONTAINS(refused(parse_renew("9223372036854775807d")), "ten years");
}

TEST(ids_are_safe_names_of_folders) {
  CHECK_EQ(REQUIRE_OK(parse_id("an issuer", "my-CA_2.x")), "my-CA_2.x");
  for (const char* text : {"", ".", "..", ".x", "-x", "a/b", "a b", "a\nb", "\xc3\xbc"})
    CHECK_CONTAINS(refused(parse_id("an issuer", text)), "cannot be the name of an issuer");
  CHECK_CONTAINS(refused(parse_id("an issuer", std::string(129, 'a'))), "cannot be the name");
}

TEST(paths_are_relative_to_the_servers_root) {
  CHECK_EQ(REQUIRE_OK(parse_path("/etc/nginx/", "acme")), "/etc/nginx/acme");
  CHECK_EQ(REQUIRE_OK(parse_path("/", "acme/")), "/acme");
  CHECK_EQ(REQUIRE_OK(parse_path("/etc/nginx", "/var/lib/x//")), "/var/lib/x");
  CHECK_EQ(REQUIRE_OK(parse_path("/etc/nginx", "/")), "/");
  CHECK_CONTAINS(refused(parse_path("/etc", "")), "empty");
  CHECK_CONTAINS(refused(parse_path("/etc", "a\tb")), "control character");
}

TEST(foreign_bytes_in_messages_are_made_printable) {
  CHECK_CONTAINS(refused(parse_switch("\x1b[31m")), "\\x1b[31m");
  CHECK_CONTAINS(refused(parse_profile("tls server")), "\"tls server\"");
  CHECK_CONTAINS(refused(parse_profile("")), "profile");
  CHECK_EQ(REQUIRE_OK(parse_profile("shortlived")), "shortlived");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
