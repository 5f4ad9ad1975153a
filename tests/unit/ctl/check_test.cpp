// What was seen of names, as people read it.
#include "ctl/check.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

Json sight(const char* what, const char* verdict, const char* words) {
  return Json::object().set("what", what).set("verdict", verdict).set("words", words);
}
Json check(Json sights) {
  Json name = Json::object().set("name", "www.example.com").set("checks", std::move(sights));
  return Json::object()
      .set("certificate", "example.com")
      .set("issuer", "letsencrypt")
      .set("names", Json::array().append(name));
}

TEST(each_thing_has_its_line_and_its_verdict) {
  Json all = check(Json::array()
                       .append(sight("A 192.0.2.1", "good", "answers"))
                       .append(sight("AAAA 2001:db8::7", "bad", "does \x1b not"))
                       .append(sight("CAA", "unknown", "?")));
  CHECK_EQ(check_status(all), 1);
  std::string text = check_table(all);
  CHECK_CONTAINS(text,
                 "NAME             WHAT              VERDICT  \n"
                 "www.example.com  A 192.0.2.1       ok       answers\n"
                 "www.example.com  AAAA 2001:db8::7  FAILS    does \\x1b not\n"
                 "www.example.com  CAA               ?        ?\n");
  CHECK_CONTAINS(text, "example.com at letsencrypt: the CA will probably fail");
}

TEST(on_a_terminal_words_are_broken_and_never_cut) {
  Json all = check(Json::array().append(
      sight("A 192.0.2.1", "bad", "does not answer at port 80, so the CA will not see it either")));
  CHECK_CONTAINS(check_table(all, 70), "FAILS    does not answer at port 80, so\n");
  const std::string narrow = check_table(all, 50);
  CHECK_CONTAINS(narrow, "\n    ");
  CHECK_CONTAINS(narrow, "either\n");
}

TEST(what_cannot_be_seen_is_no_failure) {
  Json all = check(Json::array().append(sight("CAA", "unknown", "no answer")));
  CHECK_EQ(check_status(all), 0);
  CHECK_CONTAINS(check_table(all), "nothing was found that would make the CA fail");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
