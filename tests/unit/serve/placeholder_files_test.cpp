// Placeholder certificates as files: for mod_ssl, which makes no context without.
#include "serve/placeholder_files.h"

#include <sys/stat.h>

#include "crypto/cert.h"
#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::serve;
using namespace acme::test;

namespace {

using Issuer = PlaceholderFiles::Issuer;

CertificateConfig certificate(const std::string& id, std::vector<std::string> names) {
  CertificateConfig config;
  config.id = id;
  config.names = std::move(names);
  return config;
}

struct Files {
  TempFolder folder;
  std::string state = folder.path("state");
  RecordingLog log;
  PlaceholderFiles files{system_env(), log};

  PlaceholderFiles::Paths of(const std::string& id, std::vector<std::string> names) {
    return *of(files, certificate(id, std::move(names)));
  }
  const PlaceholderFiles::Paths* of(PlaceholderFiles& in, const CertificateConfig& wanted,
                                    Issuer issuer = Issuer::left_out) {
    Config config;
    config.state_path = state;
    config.certificates = {wanted};
    return REQUIRE_OK(in.of_certificate(config, wanted, issuer));
  }
};

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

CertificateInfo certificate_in(const std::string& path) {
  auto chain = REQUIRE_OK(chain_from_pem(text_of(path)));
  CHECK_EQ(chain.size(), 1U);
  return REQUIRE_OK(inspect_certificate(chain.front()));
}

}  // namespace

TEST(a_certificates_file_has_its_names_and_one_key_fits_all) {
  Files f;
  auto a = f.of("a.example", {"a.example", "b.example"});
  auto c = f.of("c.example", {"c.example"});
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
  auto* first = f.of(f.files, certificate("a.example", {"a.example"}));
  auto* again = f.of(f.files, certificate("a.example", {"a.example"}));
  CHECK(first == again);
}

TEST(the_next_configuration_writes_its_own_over_whatever_is_there) {
  Files f;
  f.of("gone.example", {"gone.example"});
  auto before = f.of("a.example", {"a.example"});
  std::ofstream(before.certificate)
      << "damaged, and much longer than it was: " << std::string(10'000, 'x');
  PlaceholderFiles next(system_env(), f.log);
  auto a = *f.of(next, certificate("a.example", {"a.example"}));
  CHECK_EQ(a.certificate, before.certificate);
  CHECK((certificate_in(a.certificate).names == std::vector<std::string>{"a.example"}));
  CHECK(!fs::exists(f.state + "/placeholders/gone.example.crt"));
}

TEST(the_issuer_is_the_certificate_itself) {
  Files f;
  auto* a = f.of(f.files, certificate("a.example", {"a.example"}), Issuer::included);
  auto chain = REQUIRE_OK(chain_from_pem(text_of(a->certificate)));
  CHECK_EQ(chain.size(), 2U);
  CHECK(chain[0] == chain[1]);
}

TEST(a_store_that_cannot_be_written_costs_the_name_and_nothing_else) {
  Files f;
  std::ofstream(f.state) << "a file, where a folder should be";
  auto a = f.of("a.example", {"a.example"});
  auto b = f.of("b.example", {"b.example"});
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
  f.of("a.example", {"a.example"});
  CHECK(fs::exists(f.state + "/placeholders/precious"));
  CHECK_EQ(f.log.errors.size(), 1U);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
