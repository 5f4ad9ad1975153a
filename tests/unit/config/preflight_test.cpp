// `preflight`, and the name servers that it asks.
#include "config/preflight.h"

#include "config/resolvers.h"
#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

TEST(it_is_on_or_off_and_has_a_port) {
  PreflightConfig on = REQUIRE_OK(parse_preflight({"on"}));
  CHECK(on.on);
  CHECK_EQ(on.port, 80);
  CHECK(!REQUIRE_OK(parse_preflight({"off"})).on);
  CHECK_EQ(REQUIRE_OK(parse_preflight({"on", "port=5002"})).port, 5002);
}

TEST(what_is_neither_is_told_with_what_to_write) {
  for (const Values& words : std::vector<Values>{
           {"perhaps"}, {"on", "80"}, {"on", "port="}, {"on", "port=0"}, {"on", "port=65536"},
           {"on", "port=80x"}, {"on", "host=a"}})
    (void)REQUIRE_ERROR(parse_preflight(words), Errc::invalid_config);
  CHECK_CONTAINS(parse_preflight({"on", "80"}).error().message, "write port=N");
}

TEST(name_servers_are_given_by_their_addresses) {
  auto one = [](const std::string& word) {
    auto all = REQUIRE_OK(parse_resolvers({word}));
    CHECK_EQ(all.size(), 1);
    return all[0];
  };
  CHECK_EQ(one("192.0.2.1"), "192.0.2.1:53");
  CHECK_EQ(one("192.0.2.1:5353"), "192.0.2.1:5353");
  CHECK_EQ(one("2001:DB8::1"), "[2001:db8::1]:53");
  CHECK_EQ(one("[2001:db8::1]"), "[2001:db8::1]:53");
  CHECK_EQ(one("[2001:db8::1]:5353"), "[2001:db8::1]:5353");
  CHECK_EQ(REQUIRE_OK(parse_resolvers({"192.0.2.1", "192.0.2.2"})).size(), 2);
  for (std::string word : {"", "ns.example", "ns.example:53", "192.0.2.1:", "192.0.2.1:0",
                           "192.0.2.1:65536", "192.0.2.256", "[2001:db8::1]:x", ":53"})
    CHECK_CONTAINS(REQUIRE_ERROR(parse_resolvers({word}), Errc::invalid_config).message,
                   "no name server's address");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
