// A configuration that is said again comes to the same, but for what domain files say now.
#include "config/source.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/acme-source-XXXXXX";
    if (!mkdtemp(name)) throw Failure("no temporary folder");
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(std::string_view text, const std::string& name = "domains") const {
    std::ofstream(path + "/" + name, std::ios::binary) << text;
    return path + "/" + name;
  }
  std::string path;
};

Result<Resolution> again(const Config& config) {
  RecordingLog log;
  Builder builder(config.server, config.source.root, log);
  ACME_CHECK(replay(config.source.steps.view(), builder));
  ACME_CHECK(builder.resolve());
  return builder.resolution();
}

bool is_same(const CertificateConfig& one, const CertificateConfig& other) {
  return encode(one).view() == encode(other).view();
}

// Blocks of issuers, inherited and own settings, two files.
void configure(SiteConfig& config, const Folder& folder) {
  auto mine = config.issuer("mine");
  config.set(mine, "directory_url", {"https://ca.example/dir"});
  config.set(mine, "key", {"rsa:2048", "ecdsa:256"});
  config.set(mine, "external_account",
             {"kid", "data:c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQ"});
  config.main("acme", {"mine"});
  config.main("renew", {"33%"});
  config.main("domain_file", {folder.write("a.example.com\nb.example.com issuer=letsencrypt\n")});
  auto site = config.site({"a.example.com", "c.example.com"});
  for (const char* address : {"0.0.0.0:443", "unix:/run/a.sock"})
    REQUIRE_OK(config.builder.add_listener(site.number, address, Builder::kListenerTls));
  config.site({"d.example.com"}, {.own_certificate = true});
  config.site({"plain.example.com"}, {.tls = false});
  config.site({"e.example.com"})
      .set("partial", {"on"})
      .set("renew", {"30d"})
      .set("domain_file", {folder.write("x.example.com\ny.example.com z.example.com\n", "more")});
}

}  // namespace

TEST(said_again_it_comes_to_the_same) {
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    Folder folder;
    SiteConfig config(server);
    configure(config, folder);
    const Config& resolved = config.resolved();
    CHECK_EQ(resolved.source.sites, "1001");
    Resolution anew = REQUIRE_OK(again(resolved));
    CHECK_EQ(anew.config.certificates.size(), resolved.certificates.size());
    std::size_t listeners = 0;
    for (const CertificateConfig& certificate : resolved.certificates)
      for (const LookConfig& look : certificate.looks) listeners += look.listeners.size();
    CHECK(listeners >= 2);
    for (std::size_t i = 0; i < resolved.certificates.size(); ++i)
      CHECK(is_same(anew.config.certificates[i], resolved.certificates[i]));
    const Resolution& first = config.builder.resolution();
    CHECK_EQ(anew.sites.size(), first.sites.size());
    for (std::size_t i = 0; i < first.sites.size(); ++i) {
      CHECK(anew.sites[i].kind == first.sites[i].kind);
      CHECK(anew.sites[i].certificates == first.sites[i].certificates);
    }
  }
}

TEST(what_the_files_say_now_counts) {
  Folder folder;
  SiteConfig config(ServerKind::httpd);
  config.main("acme", {"letsencrypt-staging"});
  config.site({"www.example.com"}).set("acme", {"off"});
  auto shop = config.site({"shop.example.com"});
  shop.set("domain_file", {folder.write("a.example.com\n")});
  const Config resolved = config.resolved();
  CHECK_EQ(resolved.source.sites, "01");
  CHECK_EQ(resolved.source.files.size(), 1);
  CHECK_EQ(resolved.source.files[0].certificates, 1);
  CHECK(resolved.source.files[0].same_file(state_of_domain_file(folder.path + "/domains")));
  folder.write("a.example.com\nb.example.com\n");
  CHECK(!resolved.source.files[0].same_file(state_of_domain_file(folder.path + "/domains")));
  Resolution anew = REQUIRE_OK(again(resolved));
  CHECK(anew.config.certificate("b.example.com") != nullptr);
  CHECK_EQ(anew.config.certificate("b.example.com")->issuers, Words{"letsencrypt-staging"});
  CHECK_EQ(anew.sites[shop.number].certificates.size(), 3);  // and the site's own

  std::filesystem::remove(folder.path + "/domains");
  CHECK_EQ(state_of_domain_file(folder.path + "/domains").changed, 0);
  CHECK_CONTAINS(REQUIRE_ERROR(again(resolved), Errc::invalid_config),
                 "cannot be read: No such file or directory, in /etc/server.conf:");
}

TEST(without_a_domain_file_nothing_is_kept) {
  SiteConfig config;
  config.main("acme", {"on"});
  config.site({"a.example.com"});
  const Config& resolved = config.resolved();
  CHECK(resolved.source.files.empty());
  CHECK(resolved.source.steps.empty());
  CHECK_EQ(resolved.issuers.size(), 2);  // the other one for dry runs
  CHECK_EQ(room_for_more(resolved), 0);
}

TEST(a_line_may_name_any_issuer_some_day) {
  Folder folder;
  SiteConfig config;
  config.main("domain_file", {folder.write("a.example.com\n")});
  const Config& resolved = config.resolved();
  CHECK(resolved.issuer("letsencrypt") != nullptr);
  CHECK(resolved.issuer("letsencrypt-staging") != nullptr);
  CHECK_EQ(room_for_more(resolved), 1024);
}

TEST(it_reaches_the_keeper_and_nobody_else) {
  Folder folder;
  SiteConfig config;
  configure(config, folder);
  const Config& resolved = config.resolved();
  Config kept = REQUIRE_OK(decode_config(encode_config(resolved).view()));
  CHECK_EQ(kept.source.steps.view(), resolved.source.steps.view());
  CHECK_EQ(kept.source.files.size(), 2);
  CHECK_EQ(kept.source.root, "/etc/server");
  const std::string key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQ";
  CHECK_CONTAINS(std::string(encode_config(resolved).view()), key);
  for (const Config& open : {reduced_for_agent(resolved), without_secrets(resolved)}) {
    CHECK_EQ(encode_config(open).view().find(key), std::string_view::npos);
    CHECK(open.source.files.empty());
  }
}

TEST(slots_with_gaps_are_numbered_anew_for_others) {
  Folder folder;
  SiteConfig config;
  configure(config, folder);
  Config grown = config.resolved();
  grown.certificates.back().first_slot = 77;
  REQUIRE_ERROR(decode_config(encode_config(grown).view()), Errc::protocol);
  for (const Config& open : {reduced_for_agent(grown), without_secrets(grown)})
    REQUIRE_OK(decode_config(encode_config(open).view()));
}

TEST(steps_that_break_off_are_refused) {
  Folder folder;
  SiteConfig config;
  configure(config, folder);
  const Config& resolved = config.resolved();
  const std::string_view steps = resolved.source.steps.view();
  RecordingLog log;
  Builder builder(ServerKind::nginx, "/etc/server", log);
  REQUIRE_ERROR(replay(steps.substr(0, steps.size() - 1), builder), Errc::protocol);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
