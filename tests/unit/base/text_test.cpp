#include "base/text.h"

#include "base/key_type.h"
#include "base/lineage.h"
#include "base/url.h"
#include "unit/check.h"

using namespace acme;

TEST(printable_text_stays_as_it_is) {
  CHECK_EQ(printable(""), "");
  CHECK_EQ(printable("NXDOMAIN looking up A for example.com"),
           "NXDOMAIN looking up A for example.com");
  CHECK_EQ(printable("Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x94\x92"),
           "Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x94\x92");
}

TEST(control_bytes_are_escaped) {
  CHECK_EQ(printable("a\nb\r\t\x1b[31m\x7f"), "a\\x0ab\\x0d\\x09\\x1b[31m\\x7f");
  CHECK_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  CHECK_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // C1: a terminal may take it for ESC [
}

TEST(invalid_utf8_is_escaped) {
  CHECK_EQ(printable("\xff"), "\\xff");
  CHECK_EQ(printable("\xc3"), "\\xc3");           // cut short
  CHECK_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");  // overlong
  CHECK_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80");
  CHECK_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  CHECK_EQ(printable("\xf0\x80\x80\x80"), "\\xf0\\x80\\x80\\x80");
  CHECK_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  CHECK_EQ(printable("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
  CHECK_EQ(printable("\x80x"), "\\x80x");
}

TEST(marks_that_reorder_or_hide_text_are_escaped) {
  CHECK_EQ(printable("a\xe2\x80\xae"
                     "b"),
           "a\\xe2\\x80\\xaeb");  // right-to-left override
  CHECK_EQ(printable("a\xe2\x80\x8b"
                     "b"),
           "a\\xe2\\x80\\x8bb");  // zero width space
  CHECK_EQ(printable("a\xe2\x81\xa6"
                     "b"),
           "a\\xe2\\x81\\xa6\x62");
}

TEST(printable_text_is_cut_at_512_bytes_and_never_within_a_character) {
  CHECK_EQ(printable(std::string(509, 'x')).size(), 509);
  std::string cut = printable(std::string(100'000, 'x'));
  CHECK_EQ(cut.size(), 512);
  CHECK(cut.ends_with("x..."));
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\xe2\x82\xac";
  std::string cut_euros = printable(euros);
  CHECK(cut_euros.size() <= 512);
  CHECK_EQ((cut_euros.size() - 3) % 3, 0);
  CHECK(printable(std::string(1000, '\n')).size() <= 512);
}

TEST(lower_case_touches_ascii_only) {
  CHECK_EQ(lower("ABCxyz-09_\xc3\x84"), "abcxyz-09_\xc3\x84");
  CHECK(equals_ignoring_case("Content-TYPE", "content-type"));
  CHECK(!equals_ignoring_case("content-type", "content-typ"));
  CHECK(!equals_ignoring_case("", "x"));
  CHECK(!equals_ignoring_case("[", "{"));
}

TEST(trim_split_and_join) {
  CHECK_EQ(trim("  a b\r\n\t"), "a b");
  CHECK_EQ(trim(" \t\r\n"), "");
  CHECK_EQ(trim(""), "");
  CHECK_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  CHECK_EQ(split("", ','), std::vector<std::string>{""});
  CHECK_EQ(join({"a", "", "b"}, ", "), "a, , b");
  CHECK_EQ(join({}, ","), "");
  CHECK_EQ(join({"x", "x"}, ""), "xx");
}

TEST(the_origin_of_an_https_url_is_in_lower_case_without_the_default_port) {
  CHECK_EQ(https_origin("HTTPS://CA.Example:443/dir"),
           std::optional<std::string>("https://ca.example"));
  CHECK_EQ(https_origin("https://[::1]:14000?x"),
           std::optional<std::string>("https://[::1]:14000"));
  for (const char* bad :
       {"", "http://a", "https://", "https://u@a", "https://a:b", "https://a:", "https://a:123456",
        "https://[::1", "https://a\n", "https://a b", "https://a<b", "https://a/{b}"})
    CHECK(!https_origin(bad));
  CHECK(!https_origin("https://a/" + std::string(kMaxUrl, 'x')));
}

TEST(key_types_have_names_and_slugs_that_are_read_back) {
  for (KeyType type : {KeyType::ecdsa256, KeyType::ecdsa384, KeyType::ecdsa521, KeyType::rsa2048,
                       KeyType::rsa3072, KeyType::rsa4096}) {
    CHECK(parse_key_type(key_type_name(type)) == type);
    CHECK(key_type_from_slug(key_type_slug(type)) == type);
  }
  CHECK(parse_key_type("ecdsa") == KeyType::ecdsa256);
  CHECK(parse_key_type("rsa") == KeyType::rsa2048);
  for (const char* bad : {"", "rsa:1024", "ecdsa-256", "ECDSA:256", "ed25519"})
    CHECK(!parse_key_type(bad));
  CHECK(!key_type_from_slug("rsa:2048"));
}

TEST(a_lineage_is_named_as_its_folder_is) {
  CHECK_EQ(to_string(Lineage{"example.com", KeyType::rsa3072}), "example.com/rsa-3072");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
