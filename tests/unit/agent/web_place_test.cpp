// Where redirects lead.
#include "agent/preflight/web_place.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::agent;

namespace {

std::string place(const std::string& url) {
  auto found = web_place(url);
  return found ? found->host + " " + std::to_string(found->port) : "none";
}

TEST(host_and_port_are_read) {
  CHECK_EQ(place("http://Example.com/.well-known/x"), "example.com 80");
  CHECK_EQ(place("HTTPS://example.com"), "example.com 443");
  CHECK_EQ(place("https://example.com:8443?x=http://other/"), "example.com 8443");
  CHECK_EQ(place("http://[2001:DB8:0::1]/"), "2001:db8::1 80");
  CHECK_EQ(place("http://[2001:db8::1]:81/"), "2001:db8::1 81");
  CHECK_EQ(place("http://192.0.2.1"), "192.0.2.1 80");
}

TEST(what_is_no_place_is_none) {
  for (const char* url :
       {"", "ftp://example.com/", "//example.com/", "http://", "http:///x",
        "http://user@example.com/", "http://example.com:/", "http://example.com:0x50/",
        "http://example.com:65536/", "http://example.com:-1/", "http://exa mple.com/",
        "http://example.com\\@other/", "http://:80/", "javascript:alert(1)"})
    CHECK_EQ(place(url), "none");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
