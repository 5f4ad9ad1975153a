// Placeholder certificates as files: for mod_ssl, which makes no context without.
#include "serve/placeholder_files.h"

#include <sys/stat.h>

#include "crypto/cert.h"
#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::serve;
using namespace acme::test;

namespace {

struct Files {
  TempFolder folder;
  std::string state = folder.path("state");
  RecordingLog log;
  PlaceholderFiles files{system_env(), log};
};

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

CertificateInfo certificate_in(const std::string& path) {
  auto chain = REQUIRE_OK(chain_from_pem(text_of(path)));
  CHECK_EQ(chain.size(), 2U);
  CHECK(chain[0] == chain[1]);
  return REQUIRE_OK(inspect_certificate(chain.front()));
}

}  // namespace

TEST(a_certificates_file_has_its_names_and_one_key_fits_all) {
  Files f;
  auto a = *REQUIRE_OK(f.files.of_certificate(f.state, "a.example", {"a.example", "b.example"}));
  auto c = *REQUIRE_OK(f.files.of_certificate(f.state, "c.example", {"c.example"}));
  CHECK(a.certificate != c.certificate);
  CHECK_EQ(a.key, c.key);
  CHECK(
      (certificate_in(a.certificate).names == std::vector<std::string>{"a.example", "b.example"}));
  CHECK((certificate_in(c.certificate).names == std::vector<std::string>{"c.example"}));
  auto key = REQUIRE_OK(PrivateKey::from_pem(text_of(a.key)));
  CHECK_EQ(*key.type(), KeyType::ecdsa256);
  struct stat info {};
  CHECK_EQ(stat(a.key.c_str(), &info), 0);
  CHECK_EQ(info.st_mode & 0777, 0600U);
  CHECK(f.log.errors.empty());
}

TEST(the_same_certificate_has_the_same_path_each_time) {
  Files f;
  auto* first = REQUIRE_OK(f.files.of_certificate(f.state, "a.example", {"a.example"}));
  auto* again = REQUIRE_OK(f.files.of_certificate(f.state, "a.example", {"a.example"}));
  CHECK(first == again);
}

TEST(the_next_configuration_begins_with_an_empty_folder) {
  Files f;
  REQUIRE_OK(f.files.of_certificate(f.state, "gone.example", {"gone.example"}));
  PlaceholderFiles next(system_env(), f.log);
  auto a = *REQUIRE_OK(next.of_certificate(f.state, "a.example", {"a.example"}));
  CHECK(!fs::exists(f.state + "/placeholders/gone.example.crt"));
  certificate_in(a.certificate);
}

TEST(a_store_that_cannot_be_written_costs_the_name_and_nothing_else) {
  Files f;
  std::ofstream(f.state) << "a file, where a folder should be";
  auto a = *REQUIRE_OK(f.files.of_certificate(f.state, "a.example", {"a.example"}));
  auto b = *REQUIRE_OK(f.files.of_certificate(f.state, "b.example", {"b.example"}));
  CHECK_EQ(a.certificate, b.certificate);
  CHECK_EQ(f.log.errors.size(), 1U);
  std::string pem = text_of(a.certificate);
  CHECK_CONTAINS(pem, "BEGIN CERTIFICATE");
  REQUIRE_OK(PrivateKey::from_pem(pem.substr(pem.find("-----BEGIN PRIVATE KEY"))));
}

TEST(a_mistyped_path_is_left_alone) {
  Files f;
  fs::create_directories(f.state + "/placeholders");
  std::ofstream(f.state + "/placeholders/precious") << "theirs";
  std::ofstream(f.state + "/somebody") << "else's";
  REQUIRE_OK(f.files.of_certificate(f.state, "a.example", {"a.example"}));
  CHECK(fs::exists(f.state + "/placeholders/precious"));
  CHECK_EQ(f.log.errors.size(), 1U);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
