#include "protocol/message.h"

#include "protocol/url.h"
#include "unit/protocol/order_help.h"

using namespace acme;
using namespace acme::protocol;

namespace {

std::vector<std::string> alternates(std::string value,
                                    const std::string& url = "https://ca.example/acme/cert/1") {
  return links(answer(200, "", {{"Link", std::move(value)}}, url), "alternate");
}

std::optional<std::int64_t> later(std::string value) {
  return retry_after(answer(503, "", {{"RETRY-AFTER", std::move(value)}}), kNow);
}

using Urls = std::vector<std::string>;

}  // namespace

TEST(the_first_header_of_a_name_is_found_whatever_its_case) {
  Answer a = answer(200, "", {{"X", "0"}, {"content-TYPE", "1"}, {"Content-Type", "2"}});
  CHECK_EQ(*a.header("Content-Type"), "1");
  CHECK(a.header("Location") == nullptr);
  CHECK(answer(299).ok() && !answer(300).ok() && !answer(199).ok());
}

TEST(links_of_several_headers_and_of_one_are_all_found) {
  Answer a = answer(200, "",
                    {{"Link", "<https://ca.example/dir>;rel=\"index\""},
                     {"link", "<https://ca.example/1>;rel=\"alternate\", </2>; rel=alternate"},
                     {"LINK", "<https://ca.example/3> ; title=\"a, b; c\" ; REL=\"Alternate\""}});
  CHECK_EQ(links(a, "alternate"),
           (Urls{"https://ca.example/1", "https://ca.example/2", "https://ca.example/3"}));
  CHECK_EQ(links(a, "index"), Urls{"https://ca.example/dir"});
  CHECK(links(a, "up").empty());
}

TEST(a_link_may_have_several_relations_but_only_its_first_rel_counts) {
  CHECK_EQ(alternates("</a>; rel=\"up alternate  index\"").size(), 1);
  CHECK_EQ(alternates("</a>; rel=up; rel=alternate").size(), 0);
  CHECK_EQ(alternates("</a>; rel=\"alter\\nate\"").size(), 1);  // a quoted pair
  CHECK_EQ(alternates("</a>; rel=alternates").size(), 0);
}

TEST(relative_links_are_resolved_as_rfc_3986_says) {
  for (auto [reference, expected] : std::vector<std::pair<std::string, std::string>>{
           {"1/alt", "https://ca.example/acme/cert/1/alt"},
           {"/x", "https://ca.example/x"},
           {"../up", "https://ca.example/acme/up"},
           {"../../../../up", "https://ca.example/up"},
           {"./a/./b/../c", "https://ca.example/acme/cert/a/c"},
           {"..", "https://ca.example/acme/"},
           {".", "https://ca.example/acme/cert/"},
           {"?n=2", "https://ca.example/acme/cert/1?n=2"},
           {"", "https://ca.example/acme/cert/1"},
           {"#part", "https://ca.example/acme/cert/1"},
           {"//other.example/x?y", "https://other.example/x?y"},
           {"http://plain.example/", "http://plain.example/"}}) {
    CHECK_EQ(alternates("<" + reference + ">;rel=alternate"), Urls{expected});
  }
  CHECK_EQ(alternates("<x>;rel=alternate", "https://ca.example"), Urls{"https://ca.example/x"});
  CHECK_EQ(*resolve("https://ca.example/a?q", "#x"), "https://ca.example/a?q");
}

TEST(what_is_no_link_is_left_out) {
  for (const char* bad :
       {"", "alternate", "<", "</a", "</a>", "</a>;", "</a>;rel", "</a>;rel=", "</a>; rel=\"",
        "</a b>; rel=alternate", "</a\x01>; rel=alternate", "/a; rel=alternate"})
    CHECK(alternates(bad).empty());
  CHECK(alternates("</a>;rel=alternate", "nonsense").empty());
  CHECK(alternates("<" + std::string(3000, 'a') + ">;rel=alternate").empty());
}

TEST(retry_after_is_an_integer_or_a_date) {
  CHECK_EQ(later("7"), std::optional<std::int64_t>(7));
  CHECK_EQ(later(" 007 "), std::optional<std::int64_t>(7));
  CHECK_EQ(later("0"), std::optional<std::int64_t>(0));
  CHECK_EQ(later("Mon, 21 Sep 2026 14:14:20 GMT"), std::optional<std::int64_t>(60));
}

TEST(retry_after_as_a_date_is_read_by_the_cas_own_clock) {
  Answer busy = answer(503);
  busy.headers = {{"Retry-After", "Mon, 21 Sep 2020 10:00:30 GMT"},
                  {"Date", "Mon, 21 Sep 2020 10:00:00 GMT"}};
  CHECK_EQ(retry_after(busy, kNow), std::optional<std::int64_t>(30));
  busy.headers[1].value = "no date";
  CHECK_EQ(retry_after(busy, kNow), std::optional<std::int64_t>(0));
}

TEST(retry_after_is_never_negative_and_at_most_a_day) {
  CHECK_EQ(later("Mon, 21 Sep 2025 14:14:20 GMT"), std::optional<std::int64_t>(0));
  CHECK_EQ(later("Mon, 21 Sep 2027 14:14:20 GMT"), std::optional<std::int64_t>(kDay));
  CHECK_EQ(later("86401"), std::optional<std::int64_t>(kDay));
  CHECK_EQ(later(std::string(500, '9')), std::optional<std::int64_t>(kDay));
  CHECK_EQ(later(std::string(500, '0')), std::optional<std::int64_t>(0));
}

TEST(retry_after_that_is_neither_is_as_if_it_were_absent) {
  for (const char* bad : {"", " ", "-1", "1.5", "soon", "7 seconds", "2026-09-21T14:14:20Z"})
    CHECK(!later(bad));
  CHECK(!retry_after(answer(503), kNow));
}

TEST(origins_are_in_lower_case_without_the_default_port) {
  for (auto [url, expected] : std::vector<std::pair<std::string, std::string>>{
           {"https://CA.Example/dir?x#y", "https://ca.example"},
           {"HTTPS://ca.example:443", "https://ca.example"},
           {"https://ca.example:14000/dir", "https://ca.example:14000"},
           {"https://[2001:DB8::1]:14000/dir", "https://[2001:db8::1]:14000"},
           {"https://192.0.2.7?x", "https://192.0.2.7"}}) {
    CHECK_EQ(origin(url), std::optional<std::string>(expected));
  }
}

TEST(what_is_no_plain_https_url_has_no_origin) {
  for (const char* bad :
       {"", "https", "https:", "https://", "https:///x", "http://ca.example/", "ftp://ca.example",
        "https://user@ca.example/", "https://user:pw@ca.example/", "https://ca.example:x/",
        "https://ca.example\\@evil", "https://ca .example", "https://ca.example/\n",
        "https://ca.example/\xc3\xa4", "//ca.example", "/x", "https://[::1",
        "https://ca.example/\""})
    CHECK(!origin(bad));
  std::string longest = "https://ca.example/";
  longest += std::string(2048 - longest.size(), 'a');
  CHECK(origin(longest));
  CHECK(!origin(longest + "a"));
}

TEST(web_urls_are_what_a_person_can_open) {
  CHECK(is_web_url("https://ca.example/terms"));
  CHECK(is_web_url("http://ca.example/terms"));
  for (const char* bad : {"", "javascript:alert(1)", "file:///etc/passwd", "https:", "https:///x",
                          "https://ca.example/ x", "x"})
    CHECK(!is_web_url(bad));
}

// ---- problems

TEST(a_problem_is_read_with_its_subproblems) {
  Problem p = read_problem(answer(403, R"({
    "type": "urn:ietf:params:acme:error:malformed",
    "detail": "Some of the identifiers requested were rejected",
    "instance": "https://ca.example/why",
    "subproblems": [
      {"type": "urn:ietf:params:acme:error:malformed", "detail": "Invalid underscore",
       "identifier": {"type": "dns", "value": "_example.org"}},
      {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "Not by policy",
       "identifier": {"type": "dns", "value": "example.net"}}]})",
                                  {{"Content-Type", "application/problem+json; charset=utf-8"}}));
  CHECK_EQ(p.type, "malformed");
  CHECK_EQ(p.instance, "https://ca.example/why");
  CHECK_EQ(p.subproblems.size(), 2);
  CHECK_EQ(p.in_words(),
           "malformed: Some of the identifiers requested were rejected (_example.org: malformed: "
           "Invalid underscore; example.net: rejectedIdentifier: Not by policy)");
}

TEST(a_problem_without_status_or_detail_is_still_one) {
  CHECK_EQ(read_problem(answer(400, R"({"type":"urn:ietf:params:acme:error:badCSR"})")).in_words(),
           "badCSR");
  CHECK_EQ(read_problem(answer(400, R"({"detail":"no","type":7})")).in_words(), "no");
  CHECK_EQ(read_problem(answer(400, R"({"type":"about:blank","title":"Not Found"})")).in_words(),
           "about:blank: Not Found");
  CHECK_EQ(read_problem(answer(400, R"({"type":"urn:acme:error:malformed","detail":"x"})")).type,
           "malformed");
}

TEST(what_is_no_problem_document_is_quoted_with_the_status) {
  CHECK_EQ(read_problem(answer(502, "  <html>Bad Gateway</html>\n")).in_words(),
           "HTTP status 502 without a problem document: \"<html>Bad Gateway</html>\"");
  CHECK_EQ(read_problem(answer(500, " \n")).in_words(),
           "HTTP status 500 without a problem document: an empty body");
  CHECK_CONTAINS(read_problem(answer(500, "{}")).in_words(), "HTTP status 500");
  CHECK_CONTAINS(read_problem(answer(500, "[1]")).in_words(), "\"[1]\"");
  CHECK(read_problem(answer(500, std::string(100'000, 'x'))).in_words().size() < 300);
}

TEST(words_of_a_problem_are_printable_and_short) {
  Json json = Json::object().set("type", "x\r\ny").set("detail", "\x1b]0;title\x07");
  CHECK_EQ(read_problem_json(json.compact()).in_words(), "x\\x0d\\x0ay: \\x1b]0;title\\x07");
  Json big = Json::object().set("detail", std::string(100'000, 'x'));
  CHECK(read_problem_json(big.compact()).in_words().size() <= 512);
  CHECK_CONTAINS(read_problem_json("{}").in_words(), "no reason");
}

TEST(a_flood_of_subproblems_is_cut) {
  Json subs = Json::array();
  for (int i = 0; i < 1000; ++i) subs.append(Json::object().set("detail", "x"));
  Json json = Json::object().set("type", "malformed").set("subproblems", subs);
  CHECK_EQ(read_problem_json(json.compact()).subproblems.size(), 100);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
