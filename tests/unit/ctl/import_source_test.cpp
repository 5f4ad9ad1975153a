// Folders of the real certbot and the real mod_md, and one as nginx-acme's source
// has it, are read whole; what is wrong in them is said item by item.
#include "ctl/import_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crypto/cert.h"
#include "crypto/key.h"
#include "ctl/import_report.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::test;
using namespace acme::ctl;
namespace fs = std::filesystem;

namespace {

const std::string kDirectory = "https://localhost:12280/dir";
constexpr WallTime kNow = 1'800'000'000;

// A copy that may be spoiled.
class Tree {
 public:
  explicit Tree(const std::string& client) {
    char path[] = "/tmp/acme-import-XXXXXX";
    CHECK(mkdtemp(path) != nullptr);
    path_ = path;
    fs::copy(std::string(ACME_TEST_DATA) + "/import/" + client, path_ + "/x",
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  }
  ~Tree() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path() const { return path_ + "/x"; }
  // The one file of this name.
  std::string find(const std::string& name) const {
    for (const auto& entry : fs::recursive_directory_iterator(path()))
      if (entry.path().filename() == name) return entry.path();
    throw Failure("no " + name);
  }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(file, std::ios::trunc) << text;
  }

 private:
  std::string path_;
};

// Key and chain belong together.
void check_certificate(const ipc::ForeignCertificate& certificate) {
  PrivateKey key = REQUIRE_OK(PrivateKey::from_pem(certificate.key_pem.view()));
  auto chain = REQUIRE_OK(chain_from_pem(certificate.chain_pem));
  CertificateInfo leaf = REQUIRE_OK(inspect_certificate(chain.front()));
  REQUIRE_OK(check_chain(chain, {&key, leaf.names, kNow}));
}

std::vector<std::string> names_of(const ImportSource& source) {
  std::vector<std::string> names;
  for (const auto& certificate : source.import.certificates) names.push_back(certificate.name);
  return names;
}

}  // namespace

TEST(certbot) {
  ImportSource source = REQUIRE_OK(read_source("certbot", Tree("certbot").path()));
  CHECK(source.problems.empty());
  CHECK_EQ(names_of(source), (std::vector<std::string>{"shop.example.org", "www.example.org"}));
  for (const auto& certificate : source.import.certificates) {
    check_certificate(certificate);
    CHECK_EQ(certificate.directory_url, kDirectory);
  }
  CHECK_EQ(source.import.accounts.size(), 1);
  const ipc::ForeignAccount& account = source.import.accounts.front();
  CHECK_EQ(account.directory_url, kDirectory);
  CHECK_CONTAINS(account.account_url, "https://localhost:12280/my-account/");
  REQUIRE_OK(PrivateKey::from_pem(account.key_pem.view()));  // from a JWK
}

TEST(an_account_that_certificates_are_renewed_with_comes_first) {
  Tree tree("certbot");
  const fs::path used = fs::path(tree.find("regr.json")).parent_path();
  fs::copy(used, used.parent_path() / "00000000");
  tree.write(used.parent_path() / "00000000/regr.json", R"({"uri":"https://ca.example/a/2"})");
  ImportSource source = REQUIRE_OK(read_certbot(tree.path()));
  CHECK_EQ(source.import.accounts.size(), 2);
  CHECK_EQ(source.import.accounts[1].account_url, "https://ca.example/a/2");
}

TEST(mod_md) {
  ImportSource source = REQUIRE_OK(read_source("mod_md", Tree("mod_md").path()));
  CHECK(source.problems.empty());
  CHECK_EQ(source.import.certificates.size(), 4);  // two names, two kinds of keys
  for (const auto& certificate : source.import.certificates) {
    check_certificate(certificate);
    CHECK_EQ(certificate.directory_url, kDirectory);
  }
  CHECK_EQ(source.import.accounts.size(), 1);
  // Its key was encrypted by what stands in md_store.json.
  REQUIRE_OK(PrivateKey::from_pem(source.import.accounts.front().key_pem.view()));
  CHECK_EQ(source.import.accounts.front().directory_url, kDirectory);
}

TEST(nginx_acme) {
  Tree tree("nginx-acme");
  ImportSource source = REQUIRE_OK(read_source("nginx-acme", tree.path()));
  CHECK(source.problems.empty());
  CHECK_EQ(source.import.certificates.size(), 1);
  check_certificate(source.import.certificates.front());
  CHECK_EQ(source.import.accounts.size(), 1);
  CHECK_EQ(source.import.accounts.front().account_url,
           "https://localhost:12280/my-account/2468ace");
  // The folder of several issuers' state paths.
  ImportSource above = REQUIRE_OK(read_nginx_acme(fs::path(tree.path()).parent_path().string()));
  CHECK_EQ(above.import.certificates.size(), 1);
}

TEST(what_is_spoiled_is_said_and_the_rest_is_read) {
  Tree certbot("certbot");
  certbot.write(certbot.find("private_key.json"), R"({"kty":"RSA","n":"AQAB"})");
  fs::remove(certbot.path() + "/archive/shop.example.org/privkey1.pem");
  ImportSource source = REQUIRE_OK(read_certbot(certbot.path()));
  CHECK_EQ(source.problems.size(), 2);
  CHECK_EQ(names_of(source), std::vector<std::string>{"www.example.org"});

  Tree mod_md("mod_md");
  mod_md.write(mod_md.find("md_store.json"), R"({"key":"AAAA"})");
  source = REQUIRE_OK(read_mod_md(mod_md.path()));
  CHECK_EQ(source.problems.size(), 1);
  CHECK_CONTAINS(source.problems.front().words, "another passphrase");
  CHECK_EQ(source.import.certificates.size(), 4);

  Tree nginx("nginx-acme");
  fs::remove(nginx.path() + "/account.url");
  source = REQUIRE_OK(read_nginx_acme(nginx.path()));
  CHECK_CONTAINS(source.problems.front().words, "account.url");
  CHECK_EQ(source.import.certificates.size(), 1);
}

// Who is not root gets no empty table.
TEST(a_folder_that_cannot_be_opened_is_said) {
  Tree tree("certbot");
  fs::remove_all(tree.path() + "/accounts");
  fs::create_directory_symlink("accounts", tree.path() + "/accounts");  // to itself
  ImportSource source = REQUIRE_OK(read_source("certbot", tree.path()));
  CHECK_EQ(source.problems.size(), 1);
  CHECK_EQ(source.problems[0].what, "folder");
  CHECK_EQ(source.problems[0].words,
           "cannot open " + tree.path() + "/accounts: Too many levels of symbolic links");
  CHECK_EQ(source.import.certificates.empty(), false);
  CHECK_EQ(REQUIRE_ERROR(read_source("certbot", "/nonexistent"), Errc::not_found),
           "cannot open /nonexistent: No such file or directory");
}

TEST(a_renewed_certificate_that_httpd_has_not_activated_is_told_of) {
  Tree tree("mod_md");
  fs::create_directories(tree.path() + "/staging/www.example.org");
  tree.write(tree.path() + "/staging/www.example.org/pubcert.pem", "x");
  ImportSource source = REQUIRE_OK(read_mod_md(tree.path()));
  CHECK_CONTAINS(source.problems.front().words, "staging");
}

TEST(a_file_that_is_none_or_too_large_is_refused) {
  Tree tree("nginx-acme");
  fs::remove(tree.path() + "/account.key");
  CHECK_EQ(mkfifo((tree.path() + "/account.key").c_str(), 0600), 0);
  CHECK_CONTAINS(REQUIRE_OK(read_nginx_acme(tree.path())).problems.front().words,
                 "no regular file");
  fs::remove(tree.path() + "/account.key");
  tree.write(tree.path() + "/account.key", std::string(2 << 20, 'x'));
  CHECK_CONTAINS(REQUIRE_OK(read_nginx_acme(tree.path())).problems.front().words, "larger");
}

TEST(a_folder_of_something_else_is_an_error) {
  Tree tree("nginx-acme");
  REQUIRE_ERROR(read_certbot(tree.path()), Errc::not_found);
  REQUIRE_ERROR(read_mod_md(tree.path()), Errc::not_found);
  REQUIRE_ERROR(read_nginx_acme(tree.path() + "/nowhere"), Errc::not_found);
  REQUIRE_ERROR(read_source("caddy", tree.path()), Errc::invalid_argument);
}

TEST(the_report_is_a_table_and_a_status) {
  ImportSource source;
  Json rows = REQUIRE_OK(Json::parse(
      R"([{"what":"certificate","name":"a","result":"taken","words":"","into":"a/ecdsa-256",
           "ends":"2027-01-16T08:00:00Z"}])"));
  std::string table = import_table(rows, source, kNow);
  CHECK_CONTAINS(table, "certificate  a     in 24 h  a/ecdsa-256  taken\n");
  CHECK_EQ(import_status(rows, source), 0);
  source.problems.push_back({"account", "b\x1b", "why"});
  CHECK_EQ(import_status(rows, source), 3);
  CHECK_CONTAINS(import_table(rows, source, kNow), "not taken: why");
  CHECK(import_table(rows, source, kNow).find('\x1b') == std::string::npos);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
