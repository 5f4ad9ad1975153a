// Addresses in one form. What is private is tested with the names of a configuration.
#include "base/ip_address.h"

#include "unit/check.h"

using namespace acme;

TEST(an_address_has_one_form) {
  CHECK_EQ(*canonical_ip("192.0.2.1"), "192.0.2.1");
  CHECK_EQ(*canonical_ip("2001:0DB8:0:0::1"), "2001:db8::1");
  CHECK_EQ(*canonical_ip("[::1]"), "::1");
  CHECK_EQ(*canonical_ip("::ffff:192.0.2.1"), "192.0.2.1");
  CHECK_EQ(*canonical_ip("::ffff:c000:201"), "192.0.2.1");
  CHECK_EQ(*canonical_ip("64:ff9b::192.0.2.1"), "64:ff9b::c000:201");
}

TEST(what_is_no_address_has_none) {
  using namespace std::string_view_literals;
  for (std::string_view text :
       {""sv, "example.com"sv, "1"sv, "1.2.3"sv, "1.2.3.4."sv, "1.2.3.4\0"sv, "[1.2.3.4"sv, "[]"sv,
        ":"sv, "::1%lo"sv, "a1"sv, "192.0.2.1/32"sv, "1:2:3:4:5:6:7:8:9"sv})
    CHECK(!canonical_ip(text));
  CHECK(!is_ip(std::string(1000, ':')));
}

TEST(only_routed_addresses_are_public) {
  for (const char* address : {"8.8.8.8", "192.0.3.1", "2001:4860:4860::8888", "2a00::1"})
    CHECK(is_public_ip(address));
  for (const char* address : {"0.0.0.0", "203.0.113.9", "239.0.0.1", "64:ff9b::1", "no"})
    CHECK(!is_public_ip(address));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
