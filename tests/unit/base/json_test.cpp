#include "base/json.h"

#include "unit/check.h"

using namespace acme;

TEST(members_are_read_by_type_and_what_is_absent_reads_as_empty) {
  Json json = REQUIRE_OK(Json::parse(
      R"({"text":"x","number":7,"yes":true,"list":[1,"a",null],"inner":{"k":"v"},"real":1.5})"));
  CHECK(json.present() && json.is_object() && !json.is_array());
  CHECK_EQ(json["text"].text_or("-"), "x");
  CHECK_EQ(json["number"].number_or(0), 7);
  CHECK(json["yes"].truth());
  CHECK_EQ(json["list"].items().size(), 3);
  CHECK_EQ(json["inner"]["k"].text_or("-"), "v");
  CHECK_EQ(json["inner"].keys(), std::vector<std::string>{"k"});

  CHECK(!json["nothing"].present());
  CHECK_EQ(json["nothing"]["deeper"]["still"].text_or("-"), "-");
  CHECK(!json["number"].text());
  CHECK(!json["text"].number());
  CHECK(!json["real"].number());
  CHECK(!json["text"].truth() && !json["number"].truth());
  CHECK(json["text"].items().empty() && json["text"].keys().empty());
  CHECK(!json["list"]["k"].present());
  CHECK(json["text"].is_string() && json["list"].is_array());
}

TEST(a_default_value_is_absent_and_safe) {
  Json json;
  CHECK(!json.present());
  CHECK(!json["x"].present());
  CHECK(json.items().empty());
  CHECK_EQ(json.compact(), "null");
  Json copy = json;
  copy = json;
  CHECK(!copy.present());
}

TEST(what_is_no_json_is_an_error_that_names_the_line) {
  for (std::string_view bad :
       {std::string_view(""), std::string_view("{"), std::string_view("{\"a\":1,}"),
        std::string_view("<html>"), std::string_view("{} x"), std::string_view("{\"a\" 1}"),
        std::string_view("\"\xff\""), std::string_view("{\"a\\u0000\":1}"),
        std::string_view("[1]\0", 4)}) {
    CHECK_CONTAINS(REQUIRE_ERROR(Json::parse(bad), Errc::protocol), "not valid JSON at line");
  }
}

TEST(duplicate_keys_are_refused) {
  REQUIRE_ERROR(Json::parse(R"({"url":"https://a","url":"https://b"})"), Errc::protocol);
}

TEST(deep_nesting_is_refused) {
  std::string deep(100'000, '[');
  REQUIRE_ERROR(Json::parse(deep), Errc::protocol);
  REQUIRE_ERROR(Json::parse(deep + std::string(100'000, ']')), Errc::protocol);
}

TEST(integers_beyond_64_bits_are_refused) {
  REQUIRE_ERROR(Json::parse("[92233720368547758080]"), Errc::protocol);
  CHECK_EQ(REQUIRE_OK(Json::parse("[-9223372036854775808]")).items()[0].number_or(0), INT64_MIN);
}

TEST(values_are_built_and_written) {
  Json json = Json::object();
  json.set("text", "a\"b").set("string", std::string("s")).set("number", std::int64_t{-3});
  json.set("list", Json::array().append("x").append(Json::boolean(false)).append(Json::null()));
  CHECK_EQ(json.compact(), R"({"text":"a\"b","string":"s","number":-3,"list":["x",false,null]})");
  CHECK_CONTAINS(json.pretty(), "\n  \"number\": -3");
  Json again = REQUIRE_OK(Json::parse(json.compact()));
  CHECK_EQ(again.compact(), json.compact());
}

TEST(text_that_is_no_utf8_is_escaped_instead_of_lost) {
  CHECK_EQ(Json::string("a\xff").compact(), "\"a\\\\xff\"");
  CHECK_EQ(Json::string(std::string_view("a\0b", 3)).text_or("-"), std::string_view("a\0b", 3));
}

TEST(copies_share_the_value_and_moves_leave_nothing) {
  Json json = Json::object().set("a", "b");
  Json copy = json;
  Json moved = std::move(json);
  CHECK(!json.present());  // NOLINT: that is what is tested
  CHECK_EQ(copy["a"].text_or("-"), "b");
  CHECK_EQ(moved["a"].text_or("-"), "b");
  moved = Json::array();
  CHECK(moved.is_array());
  CHECK_EQ(copy["a"].text_or("-"), "b");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
