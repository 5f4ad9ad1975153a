// Domain files: their lines, how they are read, and what their certificates are for.
#include "config/domain_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;
using Kind = SitePlan::Kind;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/acme-domains-XXXXXX";
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

DomainFile parse(std::string_view text) {
  return parse_domain_file(text, "/etc/domains");
}

}  // namespace

// ---- lines

TEST(each_line_is_a_certificate_in_the_words_of_a_domain) {
  DomainFile file = parse(
      "a.example.com\n"
      "B.example.com www.b.example.com name=b issuer=mine,letsencrypt key=rsa:2048\n");
  CHECK(file.faults.empty());
  CHECK_EQ(file.certificates.size(), 2);
  CHECK_EQ(file.certificates[0].names, Words{"a.example.com"});
  const CertificateDirective& b = file.certificates[1];
  CHECK_EQ(b.names, (Words{"b.example.com", "www.b.example.com"}));
  CHECK_EQ(b.id, "b");
  CHECK_EQ(b.issuers, (Words{"mine", "letsencrypt"}));
  CHECK_EQ(b.keys, std::vector{KeyType::rsa2048});
  CHECK_EQ(to_string(b.place), "/etc/domains:2");
}

TEST(comments_empty_lines_and_any_white_space_mean_nothing) {
  DomainFile file = parse(
      "# customers\n"
      "\n"
      " \t \r\n"
      "\ta.example.com   www.a.example.com\t# the first one\r\n"
      "#b.example.com\n"
      "c.example.com");
  CHECK(file.faults.empty());
  CHECK_EQ(file.certificates.size(), 2);
  CHECK_EQ(file.certificates[0].names, (Words{"a.example.com", "www.a.example.com"}));
  CHECK_EQ(file.certificates[0].place.line, 4);
  CHECK_EQ(file.certificates[1].place.line, 6);
}

TEST(an_empty_file_has_no_certificates) {
  for (const char* text : {"", "\n", "# nothing"}) {
    CHECK(parse(text).certificates.empty());
    CHECK(parse(text).faults.empty());
  }
}

TEST(a_wrong_line_is_told_with_its_place_and_the_others_stand) {
  DomainFile file = parse("a.example.com\n.example.com\nname=x\nb.example.com keys=rsa\n_\n");
  CHECK_EQ(file.certificates.size(), 1);
  CHECK_EQ(file.faults.size(), 4);
  CHECK_EQ(file.faults[0].message,
           "\".example.com\" is no name: write example.com and www.example.com, in /etc/domains:2");
  CHECK_CONTAINS(file.faults[1].message, "there is no name");
  CHECK_CONTAINS(file.faults[2].message, "\"keys=\"");
  CHECK_CONTAINS(file.faults[3].message, "in /etc/domains:5");
}

TEST(only_the_first_of_many_wrong_lines_are_told) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string("\x7f\0\xff\n", 4);
  DomainFile file = parse(text);
  CHECK_EQ(file.faults.size(), 11);
  CHECK_EQ(file.faults.back().message, "990 more lines are wrong, in /etc/domains");
}

// ---- the file

TEST(a_file_is_read_whole) {
  Folder folder;
  std::string text(200000, 'x');
  CHECK_EQ(REQUIRE_OK(read_domain_file(folder.write(text))), text);
  CHECK_EQ(REQUIRE_OK(read_domain_file(folder.write("", "empty"))), "");
  std::filesystem::create_symlink("domains", folder.path + "/link");
  CHECK_EQ(REQUIRE_OK(read_domain_file(folder.path + "/link")).size(), text.size());
}

TEST(a_file_that_cannot_be_read_is_a_typing_error) {
  Folder folder;
  auto why = [](const std::string& path) {
    return REQUIRE_ERROR(read_domain_file(path), Errc::invalid_config);
  };
  CHECK_EQ(why(folder.path + "/none"), "the domain file \"" + folder.path +
                                           "/none\" cannot be read: No such file or directory");
  CHECK_CONTAINS(why(folder.path), "no regular file");
  std::string pipe = folder.path + "/pipe";
  CHECK_EQ(mkfifo(pipe.c_str(), 0600), 0);
  CHECK_CONTAINS(why(pipe), "no regular file");
  std::string huge = folder.write("");
  std::filesystem::resize_file(huge, kMaxDomainFile);
  CHECK_EQ(REQUIRE_OK(read_domain_file(huge)).size(), kMaxDomainFile);
  std::filesystem::resize_file(huge, kMaxDomainFile + 1);
  CHECK_CONTAINS(why(huge), "larger than 64 MiB");
}

// ---- the directive

TEST(the_path_is_relative_to_the_servers_root) {
  SiteConfig config;
  CHECK_CONTAINS(config.wrong("domain_file", {"domains"}), "\"/etc/server/domains\"");
}

TEST(wrong_lines_are_refused_when_the_whole_is_resolved) {
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    Folder folder;
    std::string path = folder.write("a.example.com\nunder_score.example.com\n");
    SiteConfig config(server);
    config.main("domain_file", {path});
    CHECK_EQ(config.refused(),
             "\"under_score.example.com\" cannot be in a certificate: host names have no "
             "underscores, in " +
                 path + ":2");
  }
}

TEST(an_unknown_issuer_is_told_with_the_line_of_the_file) {
  Folder folder;
  std::string path = folder.write("\na.example.com issuer=mine\n");
  SiteConfig config;
  config.main("domain_file", {path});
  std::string why = config.refused();
  CHECK_CONTAINS(why, "unknown issuer \"mine\"");
  CHECK_CONTAINS(why, "in " + path + ":2");
}

TEST(several_files_may_stand_at_a_level) {
  Folder folder;
  SiteConfig config;
  config.main("domain_file", {folder.write("a.example.com\n", "one")});
  config.main("domain_file", {folder.write("b.example.com\n", "two")});
  CHECK_EQ(config.resolved().certificates.size(), 2);
}

TEST(in_httpd_lines_are_domains_of_the_level_that_the_file_stands_at) {
  Folder folder;
  SiteConfig config(ServerKind::httpd);
  config.main("domain_file", {folder.write("a.example.com\nb.example.com\n")});
  auto a = config.site({"a.example.com"}, {.own_certificate = true});
  auto c = config.site({"c.example.com"})
               .set("domain_file", {folder.write("x.example.com\ny.example.com\n", "more")});
  CHECK_EQ(config.resolved().certificates.size(), 4);
  CHECK_EQ(a.plan().kind, Kind::bridge);
  CHECK_EQ(certificates_of(c), (Words{"x.example.com", "y.example.com"}));
  CHECK_EQ(config.log.warnings.size(), 2);
  CHECK_CONTAINS(config.log.warnings[0], "\"c.example.com\" of the virtual host");
  CHECK_CONTAINS(config.log.warnings[1], "\"b.example.com\" in " + folder.path + "/domains:2");
}

TEST(in_httpd_names_may_not_overlap_between_lines_and_directives) {
  Folder folder;
  SiteConfig config(ServerKind::httpd);
  config.main("domain", {"a.example.com", "b.example.com"});
  std::string path = folder.write("b.example.com\n");
  config.main("domain_file", {path});
  CHECK_CONTAINS(config.refused(), "in /etc/server.conf:1 and in " + path + ":1");
}

TEST(in_nginx_lines_at_http_level_are_for_the_servers_that_carry_their_names) {
  Folder folder;
  SiteConfig config;
  config.main("domain_file", {folder.write("a.example.com\nb.example.com c.example.com key=rsa\n"
                                           "a.example.com other.example.com\n")});
  auto a = config.site({"a.example.com"});
  auto b = config.site({"c.example.com"});
  auto own = config.site({"a.example.com"}, {.own_certificate = true});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates.size(), 3);
  CHECK_EQ(resolved.certificates[0].issuers, Words{"letsencrypt"});
  CHECK_EQ(certificates_of(a).size(), 2);
  CHECK_EQ(certificates_of(b), Words{"b.example.com"});
  CHECK_EQ(own.plan().kind, Kind::off);
  CHECK(config.log.warnings.empty());
}

TEST(in_nginx_lines_at_http_level_have_the_issuers_of_acme_there) {
  Folder folder;
  SiteConfig config;
  config.main("domain_file", {folder.write("a.example.com\nb.example.com issuer=letsencrypt\n")});
  config.main("acme", {"mine"});
  config.issuer("mine");
  auto site = config.site({"a.example.com"});
  const Config& resolved = config.resolved();
  CHECK_EQ(resolved.certificates.size(), 2);
  CHECK_EQ(resolved.certificate("a.example.com")->issuers, Words{"mine"});
  CHECK_EQ(resolved.certificate("b.example.com")->issuers, Words{"letsencrypt"});
  CHECK_EQ(certificates_of(site), Words{"a.example.com"});
}

TEST(in_nginx_lines_in_a_server_are_all_its_own) {
  Folder folder;
  SiteConfig config;
  auto site = config.site({"www.example.com"}, {.own_certificate = true})
                  .set("domain_file", {folder.write("a.example.com\nb.example.com\n")});
  config.resolved();
  CHECK_EQ(site.plan().kind, Kind::bridge);
  CHECK_EQ(certificates_of(site), (Words{"a.example.com", "b.example.com"}));
}

TEST(a_site_whose_file_has_no_line_yet_is_ours_all_the_same) {
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    Folder folder;
    SiteConfig config(server);
    const std::string path = folder.write("# customers\n");
    config.main("domain_file", {path});
    auto site = config.site({"www.example.com"}).set("domain_file", {path});
    auto bridge =
        config.site({"x.example.com"}, {.own_certificate = true}).set("domain_file", {path});
    auto plain = config.site({"y.example.com"}, {.tls = false}).set("domain_file", {path});
    auto other = config.site({"z.example.com"});
    CHECK(config.resolved().certificates.empty());
    CHECK_EQ(site.plan().kind, Kind::managed);
    CHECK(site.plan().certificates.empty());
    CHECK_EQ(bridge.plan().kind, Kind::bridge);
    CHECK_EQ(plain.plan().kind, Kind::off);
    CHECK_EQ(other.plan().kind, Kind::off);
    CHECK_EQ(config.log.warnings.size(), 1);
    CHECK_CONTAINS(config.log.warnings[0],
                   server == ServerKind::nginx ? "acme_domain_file" : "ACMEDomainFile");
    CHECK_CONTAINS(config.log.warnings[0], "has no effect");
  }
}

TEST(ten_thousand_lines_are_resolved_in_a_moment) {
  Folder folder;
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "n" + std::to_string(i) + ".example.com\n";
  std::string path = folder.write(text);
  for (ServerKind server : {ServerKind::nginx, ServerKind::httpd}) {
    SiteConfig config(server);
    auto site = config.site({"n0.example.com"}).set("domain_file", {path});
    config.resolved();
    CHECK_EQ(site.plan().certificates.size(), 10000);
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
