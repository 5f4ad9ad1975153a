// The status as people read it.
#include "ctl/table.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

constexpr WallTime kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z

Json certificate(const std::string& id) {
  return Json::object()
      .set("id", id)
      .set("key", "ecdsa:256")
      .set("state", "valid")
      .set("issuer", "letsencrypt")
      .set("not_after", "2027-03-16T08:00:00Z")
      .set("renew_at", "2027-02-14T08:00:00Z")
      .set("failures", std::int64_t{0});
}

std::string table(std::vector<Json> certificates, bool helper_up = true) {
  Json list = Json::array();
  for (Json& one : certificates) list.append(std::move(one));
  Json status = Json::object().set("helper_up", Json::boolean(helper_up)).set("certificates", list);
  return status_table(status, kNow);
}

TEST(columns_are_as_wide_as_their_widest_cell) {
  CHECK_EQ(table({certificate("a.example"), certificate("a-much-longer-name.example")}),
           "CERTIFICATE                 KEY        STATE  ISSUER       ENDS     NEXT\n"
           "a.example                   ecdsa:256  valid  letsencrypt  in 60 d  in 30 d\n"
           "a-much-longer-name.example  ecdsa:256  valid  letsencrypt  in 60 d  in 30 d\n");
}

TEST(a_failure_is_told_with_its_words_and_the_next_try) {
  Json failing = certificate("a.example");
  failing.set("state", "renewal failing")
      .set("failures", std::int64_t{2})
      .set("next_try", "2027-01-15T08:10:00Z")
      .set("last_error", "unauthorized: no such host")
      .set("last_error_at", "2027-01-15T07:00:00Z");
  std::string text = table({failing});
  CHECK_CONTAINS(text, "try in 10 min\n");
  CHECK_CONTAINS(table({failing.set("next_try", Json::null())}), "in 60 d  in 30 d\n");
  CHECK_CONTAINS(text, "\na.example: unauthorized: no such host (60 min ago)\n");
}

TEST(an_error_of_the_past_is_not_told) {
  Json healed = certificate("a.example");
  healed.set("last_error", "it was nothing");
  CHECK(table({healed}).find("nothing") == std::string::npos);
}

TEST(why_the_ca_wants_a_renewal_is_told) {
  Json pressed = certificate("a.example");
  pressed.set("renewal_info", Json::object()
                                  .set("window_start", "2027-01-14T08:00:00Z")
                                  .set("window_end", "2027-01-15T08:00:00Z"));
  CHECK(table({pressed}).find("suggests") == std::string::npos);
  Json info = pressed["renewal_info"];
  pressed.set("renewal_info", info.set("explanation_url", "https://ca.example/why"));
  CHECK_CONTAINS(table({pressed}),
                 "\na.example: the CA suggests renewal between 2027-01-14T08:00:00Z and "
                 "2027-01-15T08:00:00Z: https://ca.example/why\n");
}

TEST(a_clock_that_is_off_is_told_first) {
  Json clock =
      Json::object().set("issuer", "letsencrypt").set("ahead_seconds", std::int64_t{-7200});
  Json status = Json::object()
                    .set("helper_up", Json::boolean(true))
                    .set("certificates", Json::array())
                    .set("clocks_off", Json::array().append(clock));
  CHECK(status_table(status, kNow)
            .starts_with("This machine's clock is 2 h behind that of letsencrypt: renewals wait"));
}

TEST(what_waits_for_a_reload_is_told) {
  Json waiting = certificate("a.example");
  waiting.set("waiting_for_reload", Json::boolean(true));
  CHECK_CONTAINS(table({waiting}), "valid, waits for a reload  letsencrypt");
}

TEST(what_is_under_way_stands_beside_the_state) {
  Json ordering = certificate("a.example");
  ordering.set("state", "pending").set("stage", "validating").set("not_after", Json::null());
  std::string text = table({ordering});
  CHECK_CONTAINS(text, "pending (validating)");
  CHECK_CONTAINS(text, "letsencrypt  -     in 30 d");
}

TEST(hostile_words_are_escaped_everywhere) {
  const std::string hostile =
      "x\x1b[2J\r\n\xc2\x9b"
      "31m\xe2\x80\xae\xff";
  Json bad = Json::object();
  for (const char* key : {"id", "key", "state", "issuer", "stage", "not_after", "renew_at",
                          "next_try", "last_error", "last_error_at"})
    bad.set(key,
            "x\x1b[2J\r\n\xc2\x9b"
            "31m\xe2\x80\xae");
  bad.set("failures", std::int64_t{1});
  bad.set("last_error", hostile);
  std::string text = table({bad});
  std::size_t lines = 0;
  for (char c : text) {
    CHECK(c == '\n' || (c >= 0x20 && c < 0x7f));
    lines += c == '\n';
  }
  CHECK_EQ(lines, 4);  // head, certificate, blank, error
}

TEST(a_cell_without_end_is_cut) {
  CHECK(table({certificate(std::string(100'000, 'x'))}).size() < 2000);
}

TEST(a_status_that_is_none_is_an_empty_table) {
  const std::string head = "CERTIFICATE  KEY  STATE  ISSUER  ENDS  NEXT\n";
  CHECK_EQ(table({}), head);
  CHECK_CONTAINS(status_table(Json(), kNow), head);
  CHECK_CONTAINS(status_table(Json::array(), kNow), head);
  CHECK_CONTAINS(table({Json::null()}), "?            ?    ?      -       -     -\n");
}

TEST(without_a_server_that_is_said_first) {
  CHECK(table({}, false).starts_with("No server is running here"));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
