// What is told of one certificate: its page, its history, how its order ends.
#include "ctl/pages.h"

#include "ctl/chosen.h"
#include "ctl/following.h"
#include "ctl/history.h"
#include "ctl/table.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

constexpr WallTime kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z

Json names(const std::vector<std::string>& all) {
  Json list = Json::array();
  for (const std::string& name : all) list.append(name);
  return list;
}

Json certificate(const std::string& id) {
  return Json::object()
      .set("id", id)
      .set("key", "ecdsa:256")
      .set("names", names({"www." + id, "*." + id}))
      .set("state", "valid")
      .set("issuer", "ca")
      .set("serial", "04a1")
      .set("not_after", "2027-03-16T08:00:00Z")
      .set("failures", std::int64_t{0});
}

Json status(const std::vector<Json>& certificates, const char* server = "nginx") {
  Json list = Json::array();
  for (const Json& one : certificates) list.append(one);
  return Json::object()
      .set("server", server)
      .set("helper_up", Json::boolean(true))
      .set("certificates", list);
}

TEST(a_page_tells_all_that_is_known) {
  Json one = certificate("a.example");
  one.set("stage", "validating").set("failures", std::int64_t{2}).set("last_error", "no\nway");
  one.set("next_try", "2027-01-15T08:10:00Z");
  const std::string page = certificate_pages(status({one}), kNow);
  CHECK_CONTAINS(page, "a.example (ecdsa:256)\n  state           valid\n");
  CHECK_CONTAINS(page, "  under way       validating\n");
  CHECK_CONTAINS(page, "  names           www.a.example\n                  *.a.example\n");
  CHECK_CONTAINS(page, "  ends            2027-03-16T08:00:00Z (in 60 d)\n");
  CHECK_CONTAINS(page, "  failures        2 in a row\n  last error      no\\x0away\n");
  CHECK_CONTAINS(page, "  next try        2027-01-15T08:10:00Z (in 10 min)\n");
}

TEST(a_page_tells_what_is_shown) {
  const auto page_of = [](Json shown) {
    return certificate_pages(
        status({certificate("a.example")
                    .set("shown", std::move(shown.set("at", "2027-01-15T07:59:00Z")))}),
        kNow, 200);
  };
  CHECK_CONTAINS(page_of(Json::object().set("state", "current").set("where", "127.0.0.1:443")),
                 "  shown           yes, at 127.0.0.1:443, 2027-01-15T07:59:00Z (60 s ago)\n");
  CHECK_CONTAINS(page_of(Json::object()
                             .set("state", "no handshake")
                             .set("where", "127.0.0.1:443")
                             .set("seen", "wrong\nversion")),
                 "  shown           no handshake, at 127.0.0.1:443: wrong\\x0aversion, 2027");
}

TEST(a_status_that_is_none_is_no_page) {
  CHECK_CONTAINS(certificate_pages(Json(), kNow), "No server is running");
  CHECK_CONTAINS(certificate_pages(status({Json::null()}), kNow, 20), "? (?)");
}

TEST(certificates_are_chosen_by_id_by_name_and_by_wildcard) {
  auto chosen = [](const std::vector<std::string>& by) {
    auto found = with_certificates(status({certificate("a"), certificate("b")}), by);
    return found ? (*found)["certificates"].items().size() : 0;
  };
  CHECK_EQ(chosen({}), 2);
  CHECK_EQ(chosen({"a"}), 1);
  CHECK_EQ(chosen({"a", "WWW.b"}), 2);
  CHECK_EQ(chosen({"x.b"}), 1);
  CHECK_EQ(chosen({"a", "x.y.b"}), 0);
}

TEST(history_is_told_oldest_first) {
  Json events = Json::array();
  events.append(
      Json::object().set("at", "2027-01-01T00:00:00Z").set("event", "issued").set("issuer", "ca"));
  events.append(Json::object()
                    .set("at", "2027-01-02T00:00:00Z")
                    .set("event", "failed")
                    .set("issuer", "ca")
                    .set("words", "no\x1b")
                    .set("times", std::int64_t{3})
                    .set("since", "2027-01-01T12:00:00Z"));
  Json log = Json::object().set(
      "certificates",
      Json::array().append(
          Json::object().set("id", "a").set("key", "rsa:2048").set("history", events)));
  CHECK_EQ(history_pages(log),
           "a (rsa:2048)\n"
           "2027-01-01T00:00:00Z  issued  ca\n"
           "2027-01-02T00:00:00Z  failed  ca: no\\x1b (3 times since 2027-01-01T12:00:00Z)\n");
  CHECK_EQ(history_pages(Json()), "");
}

TEST(an_order_is_followed_to_its_end) {
  const Json before = certificate("a");
  auto end = [&](const Json& now) { return follow({before}, status({now})).front(); };
  Json now = certificate("a");
  CHECK(end(now.set("stage", "validating")).end == End::under_way);
  CHECK_EQ(end(now).line, "a (ecdsa:256): validating");
  now.set("failures", std::int64_t{1}).set("last_error", "no");
  CHECK(end(now).end == End::failed);
  CHECK_EQ(end(now).line, "a (ecdsa:256): failed: no");
  now.set("renew_at", "2027-02-14T08:00:00Z");
  CHECK_EQ(end(now).line,
           "a (ecdsa:256): failed: no; the one in use is valid until 2027-03-16T08:00:00Z and "
           "renewed as planned, at 2027-02-14T08:00:00Z");
  now.set("next_try", "2027-01-15T08:01:00Z");
  CHECK_EQ(end(now).line, "a (ecdsa:256): failed: no; tried again at 2027-01-15T08:01:00Z");
  CHECK(end(certificate("a").set("serial", "05")).end == End::obtained);
  CHECK(end(certificate("b")).end == End::failed);
  // A failure from before is none of this order.
  Json failing = now;
  CHECK(follow({failing}, status({failing})).front().end == End::under_way);
}

TEST(rows_fit_a_terminal) {
  const std::vector<Row> rows = {{"NAME", "X"}, {std::string(100, 'a'), "b"}};
  const std::string cut = aligned(rows, 40);
  CHECK_CONTAINS(cut, std::string(35, 'a') + "..  b\n");
  CHECK_CONTAINS(aligned(rows, 0), std::string(100, 'a') + "  b\n");
  CHECK_CONTAINS(aligned(rows, 1), "aaaaaaaa..  b\n");  // still says something
}

TEST(lines_are_broken_between_words) {
  CHECK_EQ(wrapped("one two three", 8, 2), "one two\n  three\n");
  CHECK_EQ(wrapped("one two three", 0, 2), "one two three\n");
  CHECK_EQ(wrapped("aaaaaaaaaa", 4, 2), "aaaa\n  aa\n  aa\n  aa\n");
  CHECK_EQ(wrapped("  ab cdefghijk", 6, 4), "  ab c\n   def\n   ghi\n   jk\n");
  CHECK_EQ(wrapped("", 4, 2), "\n");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
