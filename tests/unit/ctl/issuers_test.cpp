// CAs and accounts as people read them.
#include "ctl/issuers.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

Json issuers() {
  Json list = Json::array();
  Json first = Json::object();
  first.set("id", "le").set("directory_url", "https://ca.example/dir");
  first.set("account", "https://ca.example/acct/1").set("key", "rsa:2048");
  first.set("terms_of_service", "https://ca.example/tos");
  first.set("new_terms_of_service", "https://ca.example/tos\x1b[2J");
  Json contacts = Json::array();
  contacts.append("mailto:a@example.com");
  first.set("contacts", contacts).set("created", "2026-11-23T07:00:00Z");
  list.append(first);
  list.append(Json::object()
                  .set("id", "other")
                  .set("directory_url", "https://other.example/dir")
                  .set("account", Json::null())
                  .set("external_account", "kid-1"));
  return list;
}

TEST(a_line_for_each_ca) {
  CHECK_EQ(issuer_table(issuers()),
           "ISSUER  ACCOUNT                    DIRECTORY                  \n"
           "le      https://ca.example/acct/1  https://ca.example/dir     new terms of service\n"
           "other   none yet                   https://other.example/dir  \n");
}

TEST(a_page_for_each_account) {
  std::string text = account_pages(issuers());
  CHECK_CONTAINS(text, "le\n  directory:          https://ca.example/dir\n");
  CHECK_CONTAINS(text, "  contact:            mailto:a@example.com\n");
  CHECK_CONTAINS(text, "  key:                rsa:2048\n");
  CHECK_CONTAINS(text, "acmectl account agree le)\n");
  CHECK_CONTAINS(text, "\nother\n");
  CHECK_CONTAINS(text, "  account:            none yet: it is made with the first order\n");
  CHECK_CONTAINS(text, "  external account:   kid-1\n");
  CHECK(text.find('\x1b') == std::string::npos);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
