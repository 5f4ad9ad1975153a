#include "base/json_member.h"

#include <string>

#include "base/json.h"
#include "unit/check.h"

using namespace acme;

namespace {

std::string found(std::string_view text, std::string_view key) {
  auto value = json_member(text, key);
  return value ? std::string(*value) : "nothing";
}

}  // namespace

TEST(a_member_is_found_as_it_stands) {
  constexpr std::string_view kText = R"( { "a" : "x\"}," , "b":{"c": [1, "]", {"d":2}] },"e":-1.5,
    "f" :true ,"g":null, "h":[] } )";
  CHECK_EQ(found(kText, "a"), R"("x\"},")");
  CHECK_EQ(found(kText, "b"), R"({"c": [1, "]", {"d":2}] })");
  CHECK_EQ(found(kText, "e"), "-1.5");
  CHECK_EQ(found(kText, "f"), "true");
  CHECK_EQ(found(kText, "g"), "null");
  CHECK_EQ(found(kText, "h"), "[]");
  CHECK_EQ(found(kText, "c"), "nothing");
  CHECK_EQ(found(kText, "d"), "nothing");
  CHECK_EQ(found(found(kText, "b"), "c"), R"([1, "]", {"d":2}])");
}

TEST(what_is_no_object_has_no_members) {
  for (std::string_view text : {"",
                                " ",
                                "{",
                                "{}",
                                "[]",
                                "[\"k\",1]",
                                "\"k\"",
                                "k",
                                "{\"k",
                                "{\"k\"",
                                "{\"k\":",
                                "{\"k\":}",
                                "{\"k\":,}",
                                "{k:1}",
                                "{\"a\":1 \"k\":2}",
                                "{\"a\":[\"k\":1}",
                                "{\"a\":\"\\",
                                "{\"a\":{",
                                "{\"a\":1,,\"k\":2}",
                                "{\"a\":1}\"k\":2}",
                                "{\"k\" 1}",
                                "{\"k\":\"x",
                                "{\"k\":{\"x\":1"})
    CHECK_EQ(found(text, "k"), "nothing");
}

TEST(it_agrees_with_the_whole_reader_and_never_reads_past_the_end) {
  const std::string text = Json::object()
                               .set("one", "a\\b\"c")
                               .set("two", Json::object().set("x", Json::array().append("{[")))
                               .set("three", std::int64_t{7})
                               .pretty();
  Json whole = REQUIRE_OK(Json::parse(text));
  CHECK_EQ(found(text, "three"), "7");
  CHECK_EQ(REQUIRE_OK(Json::parse(found(text, "two"))).compact(), whole["two"].compact());
  for (std::size_t n = 0; n < text.size(); ++n) {
    const std::string cut = text.substr(0, n);
    (void)json_member(cut, "three");
    (void)json_member(cut, "absent");
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
