// Where a configuration has what is ours: kept for acmectl eject, without a value of a directive.
#include "config/layout.h"

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

TEST(sites_and_directives_are_kept_with_their_places) {
  SiteConfig config;
  auto mine = config.issuer("mine");                              // 1
  config.set(mine, "directory_url", {"https://ca.example/dir"});  // 2
  config.main("acme", {"mine"});                                  // 3
  config.site({"a.example.com", "b.example.com"});                // 4
  config.site({"plain.example.com"}, {.tls = false});
  config.site({"c.example.com"}, {.own_certificate = true}).set("acme", {"on"});
  const ConfigLayout& layout = config.resolved().layout;
  CHECK_EQ(layout.root, "/etc/server");

  const auto directives = rows_of<DirectivePlace>(layout.directives);
  CHECK_EQ(directives.size(), 3);
  CHECK_EQ(directives[0].name, "acme_issuer");
  CHECK(directives[0].is_block && !directives[1].is_block);
  CHECK_EQ(directives[1].name, "acme");
  CHECK_EQ(directives[1].file, "/etc/server.conf");
  CHECK_EQ(directives[1].line, 3);

  const auto sites = rows_of<SitePlace>(layout.sites);
  CHECK_EQ(sites.size(), 2);
  CHECK(sites[0].names == Words({"a.example.com", "b.example.com"}));
  CHECK(sites[0].certificates == Words({"a.example.com"}));
  CHECK_EQ(sites[0].line, 4);
  CHECK(!sites[0].own_certificate && sites[1].own_certificate && !sites[0].is_main);
}

TEST(a_virtual_host_has_its_certificates_in_their_order) {
  SiteConfig config(ServerKind::httpd);
  config.main("domain", {"b.example.com", "name=second"});
  config.main("domain", {"a.example.com", "name=first"});
  config.site({"main.example.com"}, {.tls = false, .scope = false});
  config.site({"a.example.com", "b.example.com"});
  const auto sites = rows_of<SitePlace>(config.resolved().layout.sites);
  CHECK_EQ(sites.size(), 1);
  CHECK(sites[0].certificates == Words({"first", "second"}));
  CHECK(!sites[0].is_main);
}

TEST(the_store_has_it_and_the_agent_has_not) {
  SiteConfig config;
  auto mine = config.issuer("mine");
  config.set(mine, "directory_url", {"https://ca.example/dir"});
  config.set(mine, "external_account",
             {"kid", "data:c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQ"});
  config.main("acme", {"mine"});
  config.main("notify", {"https://hooks.example/very-secret"});
  config.site({"a.example.com"});
  const Config& resolved = config.resolved();
  const Secret stored = encode_config(without_secrets(resolved));
  CHECK(stored.view().find("secret") == std::string_view::npos);
  CHECK(stored.view().find("c2VjcmV0") == std::string_view::npos);
  const Config read = REQUIRE_OK(decode_config(stored.view()));
  CHECK_EQ(rows_of<SitePlace>(read.layout.sites).size(), 1);
  CHECK_EQ(rows_of<DirectivePlace>(read.layout.directives).size(), 3);
  CHECK(reduced_for_agent(resolved).layout.sites.empty());
}

TEST(bytes_that_break_off_are_no_row) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"a.example.com"});
  const std::string bytes = config.resolved().layout.sites;
  CHECK_EQ(rows_of<SitePlace>(bytes).size(), 1);
  CHECK_EQ(rows_of<SitePlace>(bytes.substr(0, bytes.size() - 1)).size(), 0);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
