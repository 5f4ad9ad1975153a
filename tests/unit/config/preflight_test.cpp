// `preflight on|off [port=N]`
#include "config/preflight.h"

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
  for (const Values& words : std::vector<Values>{{"perhaps"},
                                                 {"on", "80"},
                                                 {"on", "port="},
                                                 {"on", "port=0"},
                                                 {"on", "port=65536"},
                                                 {"on", "port=80x"},
                                                 {"on", "host=a"}})
    (void)REQUIRE_ERROR(parse_preflight(words), Errc::invalid_config);
  CHECK_CONTAINS(parse_preflight({"on", "80"}).error().message, "write port=N");
}

TEST(it_is_on_where_nobody_says_otherwise) {
  SiteConfig config;
  config.main("acme", {"letsencrypt", "other"});
  auto other = config.issuer("other");
  config.set(other, "directory_url", {"https://other.example/dir"});
  config.set(other, "preflight", {"off", "port=5002"});
  config.site({"example.com"});
  CHECK(config.resolved().issuer("letsencrypt")->preflight.on);
  CHECK_EQ(config.resolved().issuer("letsencrypt")->preflight.port, 80);
  CHECK(!config.resolved().issuer("other")->preflight.on);
  CHECK_EQ(config.resolved().issuer("other")->preflight.port, 5002);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
