// How a server is told to go on without the module, and where its configuration mentions it.
#include "ctl/eject.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "ctl/mentions.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace fs = std::filesystem;

namespace {

constexpr WallTime kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z

Json list(const std::vector<std::string>& all) {
  Json out = Json::array();
  for (const std::string& each : all) out.append(each);
  return out;
}

Json certificate(const std::string& id, const char* key = "ecdsa:256",
                 const char* end = "2027-03-16T08:00:00Z") {
  return Json::object()
      .set("id", id)
      .set("key", key)
      .set("names", list({"www." + id}))
      .set("serial", "04a1")
      .set("not_after", end);
}

Json site(const char* file, std::int64_t line, const std::vector<std::string>& names,
          const std::vector<std::string>& certificates) {
  Json its = Json::array();
  for (const std::string& id : certificates)
    its.append(Json::object().set("id", id).set("names", list({"www." + id})));
  return Json::object()
      .set("file", file)
      .set("line", line)
      .set("names", list(names))
      .set("certificates", its);
}

Json directive(const char* name, const char* file, std::int64_t line) {
  return Json::object().set("name", name).set("file", file).set("line", line);
}

Ejection ejection(const char* server, const std::vector<Json>& certificates,
                  const std::vector<Json>& sites, const std::vector<Json>& directives = {}) {
  const auto array = [](const std::vector<Json>& all) {
    Json out = Json::array();
    for (const Json& each : all) out.append(each);
    return out;
  };
  Ejection out;
  out.status = Json::object().set("server", server).set("certificates", array(certificates));
  out.layout = Json::object()
                   .set("file", "/etc/main.conf")
                   .set("sites", array(sites))
                   .set("directives", array(directives));
  out.folder_of = [](const Json& one) { return folder_in_store("/s", one); };
  out.store = "/s";
  return out;
}

TEST(each_block_has_its_lines) {
  Ejection from =
      ejection("nginx", {certificate("a"), certificate("a", "rsa:2048"), certificate("b")},
               {site("/etc/b.conf", 7, {}, {"b"}), site("/etc/a.conf", 3, {"www.a"}, {"a"})});
  const std::string text = static_lines(from, kNow);
  CHECK_CONTAINS(text,
                 "\n# In /etc/a.conf:3, server www.a:\n"
                 "ssl_certificate     /s/certs/a/ecdsa-256/current/fullchain.pem;\n"
                 "ssl_certificate_key /s/certs/a/ecdsa-256/current/privkey.pem;\n"
                 "# a (ecdsa:256) ends 2027-03-16T08:00:00Z\n"
                 "ssl_certificate     /s/certs/a/rsa-2048/current/fullchain.pem;\n"
                 "ssl_certificate_key /s/certs/a/rsa-2048/current/privkey.pem;\n");
  const std::size_t second =
      text.find("\n# In /etc/b.conf:7, server:\nssl_certificate     /s/certs/b/");
  CHECK(second != std::string::npos && second > text.find("/etc/a.conf:3"));
  CHECK_CONTAINS(text, "in the module's store, /s.\n# Keep it ");
  CHECK_CONTAINS(text, "nginx -t && nginx -s reload\n");
}

TEST(httpd_has_its_own_words_and_copies_their_folder) {
  Json host = site("/etc/a.conf", 3, {"www.a"}, {"a"});
  host.set("own_certificate", Json::boolean(true));
  Json main = site("/etc/main.conf", 1, {}, {"a"});
  main.set("main", Json::boolean(true));
  Ejection from = ejection("httpd", {certificate("a")}, {host, main});
  from.folder_of = [](const Json&) { return std::string("/my folder"); };
  from.store.clear();
  const std::string text = static_lines(from, kNow);
  CHECK_CONTAINS(text,
                 "# In /etc/a.conf:3, <VirtualHost> www.a:\n"
                 "# Its own SSLCertificateFile and SSLCertificateKeyFile, if it has any, go.\n"
                 "SSLCertificateFile    \"/my folder/fullchain.pem\"\n"
                 "SSLCertificateKeyFile \"/my folder/privkey.pem\"\n");
  CHECK_CONTAINS(text, "the server configuration outside of every <VirtualHost>:\n");
  CHECK(text.find("Keep it") == std::string::npos);
}

TEST(the_first_end_is_told) {
  const std::string text = static_lines(
      ejection("nginx", {certificate("a"), certificate("b", "ecdsa:256", "2027-01-20T08:00:00Z")},
               {}),
      kNow);
  CHECK_CONTAINS(text, "The first one that ends is b: 2027-01-20T08:00:00Z (in 5 d)\n");
  CHECK_CONTAINS(text, "# Of no block here: b, for www.b\n#   ssl_certificate     /s/certs/b/");
}

TEST(a_block_with_many_certificates_has_to_be_split) {
  Json none = Json::object().set("id", "none").set("key", "ecdsa:256");
  const std::string text =
      static_lines(ejection("httpd", {none, certificate("a"), certificate("b")},
                            {site("/etc/a.conf", 3, {"www.a", "www.b"}, {"none", "a", "b"})}),
                   kNow);
  CHECK_CONTAINS(text, "# That one is for: www.a\n# The module chose among 3 certificates");
  CHECK_CONTAINS(text, "#   for: www.b\n#   SSLCertificateFile    /s/certs/b/");
  // The lines that are no remarks are what one block can have.
  std::size_t lines = 0;
  for (const std::string& line : split(text, '\n')) lines += line.starts_with("SSL") ? 1 : 0;
  CHECK_EQ(lines, 2);
}

TEST(a_block_without_a_certificate_is_said_to_hinder_the_start) {
  Json none = Json::object().set("id", "a").set("key", "ecdsa:256");
  const std::string text =
      static_lines(ejection("nginx", {none}, {site("/etc/a.conf", 3, {"www.a"}, {"a"})}), kNow);
  CHECK_CONTAINS(text, "does not start with a TLS server that has none");
  CHECK(text.find("\nssl_certificate") == std::string::npos);
}

TEST(what_has_to_go_is_listed_by_place) {
  Json block = directive("acme_issuer", "/etc/b.conf", 9);
  block.set("block", Json::boolean(true));
  Ejection from = ejection("nginx", {}, {}, {directive("acme", "/etc/b.conf", 12), block});
  const std::string before = static_lines(from, kNow);
  CHECK_CONTAINS(before,
                 "load_module that loads ngx_acme_module, which was not found in /etc/main");
  from.mentions = {{Mention::Kind::loads, "/etc/a.conf", 1, "load_module"},
                   {Mention::Kind::uses, "/etc/b.conf", 20, "$acme_state"},
                   {Mention::Kind::directive, "/etc/b.conf", 3, "acme_status"}};
  CHECK_CONTAINS(static_lines(from, kNow),
                 "#\n"
                 "# /etc/a.conf:1: load_module\n"
                 "# /etc/b.conf:3: acme_status\n"
                 "# /etc/b.conf:9: acme_issuer, its whole block\n"
                 "# /etc/b.conf:12: acme\n"
                 "# /etc/b.conf:20: $acme_state means nothing any more: write something else, or "
                 "nothing\n"
                 "#\n");
}

TEST(nothing_of_a_foreign_file_reaches_the_terminal) {
  const std::string text = static_lines(
      ejection("nginx", {certificate("a")}, {site("/etc/\x1b[2J\n", 3, {"w\x1b"}, {"a"})}), kNow);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_CONTAINS(static_lines(Ejection{}, kNow), "nginx -t");
}

// ---- mentions

class Files {
 public:
  Files() {
    char path[] = "/tmp/acme-eject-XXXXXX";
    CHECK(mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~Files() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  std::vector<std::string> mentions(const std::string& name, bool httpd) const {
    std::vector<std::string> out;
    for (const Mention& each : mentions_in(path_ / name, path_, httpd))
      out.push_back(fs::relative(each.file, path_).string() + ":" + std::to_string(each.line) +
                    " " + each.what);
    return out;
  }

 private:
  fs::path path_;
};

using Lines = std::vector<std::string>;

TEST(nginx_is_read_as_nginx_reads_itself) {
  Files files;
  files.write("nginx.conf",
              "# load_module modules/ngx_acme_module.so;\n"
              "include modules-enabled/*.conf;\n"
              "events { } http { include 'sites/*';\n"
              "include /nowhere/at/all; include nginx.conf;}\n");
  files.write("modules-enabled/50-acme.conf", "load_module modules/ngx_acme_module.so;\n");
  files.write("modules-enabled/50-other.conf", "load_module modules/ngx_other_module.so;\n");
  files.write("sites/a",
              "server { ssl_certificate $acme_certificate; return 200 \"x ${acme_state} #\"; }\n"
              "location /s { acme_status; }\n"
              "return 200 $acme_stateful; add_header X acme_status;  # $acme_state\n");
  const Lines found = files.mentions("nginx.conf", false);
  CHECK_EQ(found.front(), "modules-enabled/50-acme.conf:1 load_module");
  for (const char* line :
       {"sites/a:1 $acme_certificate", "sites/a:1 $acme_state", "sites/a:2 acme_status"})
    CHECK(std::find(found.begin(), found.end(), line) != found.end());
  for (const std::string& line : found) CHECK(line.find("sites/a:3") == std::string::npos);
}

TEST(httpd_is_read_as_httpd_reads_itself) {
  Files files;
  files.write("apache2.conf",
              "#LoadModule acme_module x\n"
              "IncludeOptional mods-enabled/*.load\n"
              "include conf.d\n"
              "Include ${SOMEWHERE}/else\n");
  files.write("mods-enabled/acme.load", "<IfModule !acme_module>\nloadmodule acme_module \\\n x\n");
  files.write("conf.d/deep/status.conf", "<Location /s>\n  SetHandler acme-status\n</Location>\n");
  files.write("conf.d/site.conf", "Header set X \"%{ACME_STATE}e\"\n");
  CHECK(files.mentions("apache2.conf", true) ==
        Lines({"mods-enabled/acme.load:3 LoadModule",
               "conf.d/deep/status.conf:2 SetHandler acme-status",
               "conf.d/site.conf:1 the variable ACME_STATE"}));
  CHECK(mentions_in("", "", true).empty());
  CHECK(mentions_in("/nowhere/at/all", "/", true).empty());
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
