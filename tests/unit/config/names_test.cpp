// What a name in a configuration is.
#include "config/names.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::test;

namespace {

std::string host(std::string_view text) {
  CheckedName checked = check_name(text);
  CHECK_EQ(checked.kind, NameKind::host);
  CHECK_EQ(checked.reason, "");
  return checked.name;
}

std::string refused(std::string_view text, NameKind kind = NameKind::no_name) {
  CheckedName checked = check_name(text);
  CHECK_EQ(checked.kind, kind);
  CHECK(!checked.reason.empty());
  return checked.reason;
}

}  // namespace

TEST(a_host_name_becomes_lower_case_and_loses_its_final_dot) {
  CHECK_EQ(host("example.com"), "example.com");
  CHECK_EQ(host("WWW.Example.COM."), "www.example.com");
  CHECK_EQ(host("xn--bcher-kva.example"), "xn--bcher-kva.example");
  CHECK_EQ(host("1.example.c0m"), "1.example.c0m");
}

TEST(a_host_name_keeps_the_length_limits_of_dns) {
  std::string label(63, 'a');
  host(label + ".example");
  CHECK_CONTAINS(refused(label + "a.example"), "63");
  std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  CHECK_EQ(host(longest).size(), 253);
  CHECK_CONTAINS(refused(longest + "b"), "253");
}

TEST(what_is_no_host_name_is_refused_with_the_reason) {
  CHECK_CONTAINS(refused(""), "empty");
  CHECK_CONTAINS(refused("_"), "catch-all");
  CHECK_CONTAINS(refused("~^www\\d+\\.example\\.com$"), "regular expression");
  CHECK_CONTAINS(refused("www.example.*"), "pattern");
  CHECK_CONTAINS(refused("a_b.example.com"), "underscores");
  CHECK_CONTAINS(refused("a..example.com"), "empty label");
  CHECK_CONTAINS(refused("example.com.."), "empty label");
  CHECK_CONTAINS(refused("."), "empty label");
  CHECK_CONTAINS(refused("-a.example.com"), "hyphen");
  CHECK_CONTAINS(refused("a-.example.com"), "hyphen");
  CHECK_CONTAINS(refused("a b.example.com"), "letters, digits and hyphens");
  CHECK_CONTAINS(refused("exam!ple.com"), "letters, digits and hyphens");
  CHECK_CONTAINS(refused("www.*.com"), "wildcard");
  CHECK_CONTAINS(refused("w*.example.com"), "wildcard");
  CHECK_CONTAINS(refused("example.123"), "number");
  CHECK_CONTAINS(refused(std::string_view("a\0b.example.com", 15)), "letters");
}

TEST(a_wildcard_is_one_leading_label_above_two_others) {
  CheckedName checked = check_name("*.Example.com.");
  CHECK_EQ(checked.kind, NameKind::wildcard);
  CHECK_EQ(checked.name, "*.example.com");
  CHECK_CONTAINS(refused("*.com"), "two labels");
  CHECK_CONTAINS(refused("*"), "two labels");
  CHECK_CONTAINS(refused("*."), "wildcard");
  CHECK_CONTAINS(refused("*.*.example.com"), "host name only");
  CHECK_CONTAINS(refused("*..example.com"), "host name only");
}

TEST(patterns_of_servers_are_no_names) {
  for (const char* pattern : {"www.example.*", "www?.example.com", "?"})
    CHECK_EQ(refused(pattern), "it is a pattern");
  CHECK_CONTAINS(refused("www*.example.com"), "whole first label");
  CHECK_CONTAINS(refused("*example.com"), "whole first label");
}

TEST(a_leading_dot_is_a_form_of_its_own) {
  CheckedName checked = check_name(".Example.com");
  CHECK_EQ(checked.kind, NameKind::dotted);
  CHECK_EQ(checked.name, "example.com");
  CHECK_CONTAINS(refused(".com"), "two labels");
}

TEST(ip_addresses_and_international_names_are_known_and_not_supported_yet) {
  for (const char* ip : {"192.0.2.1", "2001:db8::1", "[2001:db8::1]", "::"})
    CHECK_CONTAINS(refused(ip, NameKind::ip_address), "not supported by this version");
  CHECK_CONTAINS(refused("b\xc3\xbc"
                         "cher.example",
                         NameKind::international),
                 "xn--");
  CHECK_CONTAINS(refused("*.b\xc3\xbc"
                         "cher.example",
                         NameKind::international),
                 "xn--");
}

TEST(a_name_without_a_dot_is_a_kind_of_its_own) {
  CheckedName checked = check_name("LocalHost");
  CHECK_EQ(checked.kind, NameKind::single_label);
  CHECK_EQ(checked.name, "localhost");
  CHECK_CONTAINS(checked.reason, "without a dot");
}

TEST(exact_names_cover_before_one_label_wildcards) {
  std::vector<std::string> names = {"*.example.com", "www.example.com"};
  CHECK_EQ(coverage(names, "www.example.com"), Coverage::exact);
  CHECK_EQ(coverage(names, "api.example.com"), Coverage::wildcard);
  CHECK_EQ(coverage(names, "*.example.com"), Coverage::exact);
  CHECK_EQ(coverage(names, "a.b.example.com"), Coverage::none);
  CHECK_EQ(coverage(names, "example.com"), Coverage::none);
  CHECK_EQ(coverage(names, "localhost"), Coverage::none);
  CHECK_EQ(wildcard_for("www.example.com"), "*.example.com");
  CHECK_EQ(wildcard_for("localhost"), "");
  CHECK_EQ(wildcard_for("*.example.com"), "");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
