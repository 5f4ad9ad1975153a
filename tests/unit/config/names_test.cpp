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

TEST(an_ip_address_is_a_name_in_one_form) {
  const std::pair<const char*, const char*> addresses[] = {
      {"9.9.9.9", "9.9.9.9"},
      {"2606:4700:4700:0:0:0:0:1111", "2606:4700:4700::1111"},
      {"[2606:4700:4700::1111]", "2606:4700:4700::1111"},
      {"2A00:1450:4001::8", "2a00:1450:4001::8"},
      {"::ffff:9.9.9.9", "9.9.9.9"}};
  for (const auto& [written, name] : addresses) {
    CheckedName checked = check_name(written);
    CHECK_EQ(checked.kind, NameKind::ip_address);
    CHECK_EQ(checked.name, name);
    CHECK_EQ(checked.reason, "");
  }
}

TEST(a_private_address_is_a_name_that_no_public_ca_takes) {
  for (const char* ip : {"127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "100.127.0.1",
                         "169.254.1.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "::1",
                         "::", "fe80::1", "fd00::1", "2001:db8::1", "ff02::1"})
    CHECK_CONTAINS(refused(ip, NameKind::ip_address), "private and reserved");
  for (const char* ip : {"172.32.0.1", "100.128.0.1", "192.0.3.1", "2001:db9::1"})
    CHECK_EQ(check_name(ip).reason, "");
}

TEST(what_only_looks_like_an_address_is_none) {
  for (const char* text : {"1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1:2:3", "[9.9.9.9",
                           "fe80::1%eth0", "*.9.9.9.9"})
    refused(text);
}

TEST(an_international_name_becomes_what_dns_knows) {
  CHECK_EQ(host("b\xc3\xbc"
                "cher.example"),
           "xn--bcher-kva.example");
  // Upper case, decomposed, with a final dot, and with the dot of another script.
  CHECK_EQ(host("B\xc3\x9c"
                "CHER.Example."),
           "xn--bcher-kva.example");
  CHECK_EQ(host("bu\xcc\x88"
                "cher.example"),
           "xn--bcher-kva.example");
  CHECK_EQ(host("b\xc3\xbc"
                "cher\xe3\x80\x82"
                "example"),
           "xn--bcher-kva.example");
  // Not "strasse": nontransitional.
  CHECK_EQ(host("stra\xc3\x9f"
                "e.example"),
           "xn--strae-oqa.example");
  CHECK_EQ(host("\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80."
                "\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5"),
           "xn--e1afmkfd.xn--80akhbyknj4f");
  CheckedName wildcard = check_name(
      "*.b\xc3\xbc"
      "cher.example");
  CHECK_EQ(wildcard.kind, NameKind::wildcard);
  CHECK_EQ(wildcard.name, "*.xn--bcher-kva.example");
  CheckedName dotted = check_name(
      ".b\xc3\xbc"
      "cher.example");
  CHECK_EQ(dotted.kind, NameKind::dotted);
  CHECK_EQ(dotted.name, "xn--bcher-kva.example");
}

TEST(what_is_no_international_name_is_refused_with_the_reason) {
  CHECK_CONTAINS(refused("b\xfc"
                         "cher.example"),
                 "no internationalized name");  // Latin-1
  CHECK_CONTAINS(refused("\xcc\x88"
                         "a.example"),
                 "no internationalized name");  // begins with a combining mark
  std::string label;
  for (int i = 0; i < 60; ++i) label += "\xc3\xbc";
  CHECK_CONTAINS(refused(label + ".example"), "no internationalized name");
  refused("b\xc3\xbc_a.example");
  refused("*b\xc3\xbc.example");
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
