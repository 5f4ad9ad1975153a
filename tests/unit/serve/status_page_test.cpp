// The status page: what a person is shown, in which order, and that nothing foreign gets out of
// its place.
#include "base/text.h"
#include "crypto/digest.h"
#include "serve/status_advice.h"
#include "serve/status_rows.h"
#include "serve/status_style.h"
#include "unit/serve/status_example.h"

using namespace acme;
using namespace acme::test;

namespace {

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned value = 0;
    for (std::size_t k = 0; k < 3; ++k)
      value = value << 8 | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k > bytes.size() ? '=' : kDigits[value >> (18 - 6 * k) & 63];
  }
  return out;
}

}  // namespace

TEST(the_policy_allows_the_style_and_nothing_else) {
  const Sha256 digest = sha256(kStatusStyle);
  const std::string hash = base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  CHECK_CONTAINS(std::string(kStatusPolicy), "style-src 'sha256-" + hash + "'");
  CHECK_CONTAINS(std::string(kStatusPolicy), "default-src 'none'");
  // Two to a line on a telephone: what grows is the list's item, not what it holds.
  CHECK_CONTAINS(std::string(kStatusStyle), ".tiles li{flex:1 1 40%}");
  std::string page = StatusExample().add(StatusExample().certificate("a.example.org")).page();
  CHECK_CONTAINS(page, "<style>" + std::string(kStatusStyle) + "</style>");
  for (std::string_view outside : {"<script", " style=", " on", "http://", "<link rel=\"style"})
    CHECK(!contains(page.substr(0, page.find("<style>")) + page.substr(page.find("</style>")),
                    outside));
}

TEST(what_needs_attention_comes_first) {
  StatusExample example;
  example.add(example.certificate("fine.example.org"))
      .add(example.certificate("busy.example.org").set("stage", "validating"))
      .add(example.failing("new.example.org", "dns: no A record"))
      .add(example.certificate("old.example.org").set("not_after", time_json(kNow - kDay)))
      .add(example.certificate("bad.example.org").set("state", "revoked"));
  example.supply("/etc/ssl/soon.pem", "soon.example.net", 13 * kDay);
  std::vector<std::string> order;
  for (const StatusRow& row : example.view().rows) order.push_back(row.id + " " + row.state);
  CHECK_EQ(join(order, ", "),
           "old.example.org expired, bad.example.org revoked, new.example.org failing, "
           "/etc/ssl/soon.pem expiring, busy.example.org valid, fine.example.org valid");
  std::string page = example.page();
  CHECK_CONTAINS(page, "<h1>4 certificates need attention</h1>");
  CHECK(page.find("Needs attention<small>4") < page.find("Under way<small>1"));
  CHECK(page.find("Under way<small>1") < page.find("Fine<small>1"));
}

TEST(all_is_well_in_one_sentence) {
  StatusExample example;
  CHECK_CONTAINS(example.page(), "<h1>There are no certificates yet</h1>");
  example.add(example.certificate("a.example.org"));
  CHECK_CONTAINS(example.page(), "<h1>The certificate is in order</h1>");
  example.add(example.certificate("b.example.org"));
  CHECK_CONTAINS(example.page(), "<h1>All 2 certificates are in order</h1>");
  CHECK_CONTAINS(example.page(), "60 days");
  CHECK_CONTAINS(example.page(), "renewal in 30 d");
}

TEST(nothing_foreign_becomes_markup) {
  const std::string evil = "<script>alert('1')</script>&\"x";
  StatusExample example;
  example.add(example.failing(evil, "unauthorized: " + evil))
      .add(example.certificate("a.example.org")
               .set("issuer", evil)
               .set("issuer_name", evil)
               .set("stage", evil)
               .set("state", evil)
               .set("revocation_reason", evil));
  SuppliedCertificate& supplied = example.supply("/etc/ssl/" + evil, evil, 3 * kDay);
  supplied.issuer_name = evil;
  for (const std::string& page :
       {example.page(), example.page("q=%3Cscript%3Ealert('1')%3C/script%3E%26%22"),
        StatusExample::written([&](StatusOutput& out) { write_section(out, example.view()); })}) {
    CHECK(!contains(page, "<script"));
    CHECK(!contains(page, "&\"x"));
    CHECK_CONTAINS(page, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;");
  }
}

TEST(an_error_is_told_in_the_cas_words_with_what_to_do) {
  StatusExample example;
  example.add(example.failing("a.example.org", "connection: 192.0.2.1: Timeout during connect"));
  std::string page = example.page();
  CHECK_CONTAINS(page,
                 "connection: 192.0.2.1: Timeout during connect <span class=\"soft\">(60 min ago)");
  CHECK_CONTAINS(page, "acmectl check a.example.org");
  CHECK_CONTAINS(page, "3 tries failed");
  CHECK_CONTAINS(page, "next try in");
  StatusExample early;
  early.add(early.certificate("a.example.org")
                .set("state", "renewal failing")
                .set("failures", std::int64_t{1})
                .set("next_try", Json::null()));
  CHECK_CONTAINS(early.page(), "renewal in 30 d");
  CHECK_CONTAINS(std::string(advice_on("rateLimited: too many certificates")), "limits");
  CHECK_CONTAINS(std::string(advice_on("caa: forbidden by CAA")), "CAA record");
  // Our own words of a connection are not the CA's of ours.
  CHECK_CONTAINS(std::string(advice_on("a.example: http-01: connection: refused")), "reach this");
  CHECK_CONTAINS(std::string(advice_on("connection to ca.example refused")), "reached from here");
  CHECK_CONTAINS(std::string(advice_on("the name ca.example cannot be resolved")),
                 "cannot resolve");
  CHECK_CONTAINS(std::string(advice_on("the TXT records do not show: … (the CA was not asked)")),
                 "before the CA was asked");
  CHECK(advice_on("something new").empty());
}

TEST(an_order_is_shown_by_its_steps) {
  StatusExample example;
  example.add(example.certificate("a.example.org").set("stage", "finalizing"));
  CHECK_CONTAINS(example.page(),
                 "<li class=\"done\">order</li><li class=\"done\">prove the names</li>"
                 "<li class=\"now\">request the certificate</li><li>fetch it</li>");
  StatusExample dns;
  dns.add(dns.certificate("a.example.org").set("stage", "waiting for DNS: ns1 does not show it"));
  CHECK_CONTAINS(dns.page(), "<li class=\"now\">prove the names</li>");
  CHECK_CONTAINS(dns.page(), "Now: waiting for DNS: ns1 does not show it");
}

TEST(what_expires_unrenewed_is_told_early) {
  StatusExample example;
  example.add(example.certificate("late.example.org")
                  .set("not_after", time_json(kNow + 10 * kDay))
                  .set("renew_at", time_json(kNow - 5 * kDay)));
  CHECK_EQ(example.view().rows.front().state, "expiring");
  // One of six days is renewed when it has three left, as planned.
  StatusExample brief;
  brief.add(brief.certificate("brief.example.org")
                .set("not_before", time_json(kNow - 2 * kDay))
                .set("not_after", time_json(kNow + 4 * kDay))
                .set("renew_at", time_json(kNow + kDay)));
  CHECK_EQ(brief.view().rows.front().state, "valid");
}

TEST(a_first_certificate_whose_ca_is_not_there_needs_attention) {
  StatusExample example;
  Json pending = example.certificate("a.example.org")
                     .set("state", "pending")
                     .set("not_after", Json::null())
                     .set("renew_at", Json::null())
                     .set("stage", "waiting for the CA: connection refused");
  example.add(pending).add(
      example.certificate("b.example.org").set("stage", "waiting for the CA: connection refused"));
  CHECK_EQ(example.view().count(StatusRow::Group::attention), 1);
  CHECK_EQ(example.view().count(StatusRow::Group::under_way), 1);
}

TEST(another_certificate_at_a_listener_needs_attention) {
  StatusExample status;
  Json shown = Json::object()
                   .set("state", "another certificate")
                   .set("where", "127.0.0.1:443")
                   .set("seen", "for x by <Y>");
  status.add(status.certificate("a.example").set("shown", shown));
  const std::string page = status.page();
  CHECK_CONTAINS(page, "another certificate is shown at 127.0.0.1:443: one for x by &lt;Y&gt;");
}

TEST(a_bridge_that_is_over_is_nobodys_trouble) {
  StatusExample example;
  example.supply("/etc/ssl/a.pem", "a.example.org", -3 * kDay);
  CHECK_EQ(example.view().rows.front().state, "expired");
  example.replaced = "/etc/ssl/a.pem";
  CHECK_EQ(example.view().rows.front().state, "replaced");
  CHECK_CONTAINS(example.page(), "a managed certificate answers instead");
  CHECK_EQ(example.view().count(StatusRow::Group::attention), 0);
}

TEST(a_helper_that_is_gone_is_said) {
  StatusExample example;
  example.add(example.certificate("a.example.org"));
  CHECK(!contains(example.page(), "class=\"note"));
  example.helper_pid = 0x7ffffffe;  // killed: what it wrote last is not true any more
  CHECK_CONTAINS(example.page(), "<h1>The helper is not running</h1>");
  CHECK_CONTAINS(example.page(), "What is shown was true at 2027-01-15T07:59:40Z");
  CHECK(!status_document(example.view(), {})["helper_up"].truth());
  StatusSource source = example.source();
  source.helper_needed = false;
  CHECK(!contains(StatusExample::written(
                      [&](StatusOutput& out) { write_page(out, make_status_view(source), {}); }),
                  "helper is not running"));
}

TEST(many_are_shown_in_pages_and_found_by_a_word) {
  StatusExample example;
  for (int i = 0; i < 450; ++i)
    example.add(example.certificate("site" + std::to_string(i) + ".example.org"));
  CHECK_EQ(count(example.page(), "scope=\"row\""), 200 + 1);  // and an issuer
  CHECK_CONTAINS(example.page(), "page 1 of 3");
  CHECK_EQ(count(example.page("page=3"), "scope=\"row\""), 50 + 1);
  CHECK_EQ(count(example.page("page=99999999999999999999"), "scope=\"row\""), 200 + 1);
  CHECK_EQ(count(example.page("page=99"), "scope=\"row\""), 50 + 1);
  CHECK_EQ(count(example.page("page=all"), "scope=\"row\""), 450 + 1);
  CHECK_EQ(count(example.page("q=SITE44"), "scope=\"row\""), 11 + 1);
  CHECK_CONTAINS(example.page("q=site4&page=1"), "value=\"site4\"");
  CHECK_CONTAINS(example.page("q=nowhere"), "No certificate is like that");
  CHECK_EQ(count(example.page("group=attention"), "scope=\"row\""), 0 + 1);
  CHECK_CONTAINS(example.page("group=fine&q=a%26b+c"), "value=\"a&amp;b c\"");
}

TEST(links_carry_what_was_asked_for) {
  StatusQuery query = REQUIRE_OK(parse_status_query("q=a%26b&group=fine&page=2&x=y&group=bogus"));
  CHECK_EQ(to_string(query), "q=a%26b&group=fine&page=2");
  CHECK_EQ(query.words, "a&b");
  CHECK_CONTAINS(REQUIRE_ERROR(parse_status_query("format=xml"), Errc::unsupported), "json");
  for (const char* odd : {"", "&", "=", "q", "q=%", "q=%4", "q=%zz", "page=-1", "page=0", "%71=x"})
    CHECK_EQ(REQUIRE_OK(parse_status_query(odd)).page, 1);
}

TEST(the_document_has_the_supplied_ones) {
  StatusExample example;
  example.add(example.certificate("a.example.org"));
  example.supply("/etc/ssl/b.pem", "b.example.net", 100 * kDay);
  SuppliedCertificate gone;
  gone.file = "/etc/ssl/gone.pem";
  gone.error = "No such file or directory";
  example.supplied.push_back(gone);
  const StatusSource source = example.source();
  Json document =
      REQUIRE_OK(Json::parse(status_document(make_status_view(source), source.supplied).compact()));
  CHECK_EQ(document["version"].number_or(0), 1);
  CHECK_EQ(document["certificates"].items().size(), 1);
  const std::vector<Json> supplied = document["supplied"].items();
  CHECK_EQ(supplied.size(), 2);
  CHECK_EQ(supplied[0]["file"].text_or(""), "/etc/ssl/b.pem");
  CHECK_EQ(supplied[0]["names"].items()[0].text_or(""), "b.example.net");
  CHECK_EQ(supplied[0]["state"].text_or(""), "valid");
  CHECK_EQ(supplied[0]["not_after"].text_or(""), format_rfc3339(kNow + 100 * kDay));
  CHECK_EQ(supplied[1]["state"].text_or(""), "unreadable");
  CHECK_EQ(supplied[1]["error"].text_or(""), "No such file or directory");
}

TEST(a_section_of_another_page_has_what_is_not_fine) {
  StatusExample example;
  example.add(example.certificate("fine.example.org"))
      .add(example.failing("bad.example.org", "dns: none"));
  std::string section =
      StatusExample::written([&](StatusOutput& out) { write_section(out, example.view()); });
  CHECK_CONTAINS(section, "1 certificate needs attention");
  CHECK_CONTAINS(section, "bad.example.org");
  CHECK(!contains(section, "fine.example.org"));
  CHECK_EQ(StatusExample::written([&](StatusOutput& out) { write_lines(out, example.view()); }),
           "ACMECertificates: 2\nACMENeedAttention: 1\nACMEUnderWay: 0\nACMEFine: 1\n"
           "ACMEHelperUp: 1\n");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
