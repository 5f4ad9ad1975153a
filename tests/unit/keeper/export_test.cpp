// Certificates leave the store whole, with a key that nobody else reads, and through no link.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "keeper/export_command.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace fs = std::filesystem;

namespace {

Result<Json> write_out(Bench& bench, const std::vector<std::string>& what) {
  return keeper::export_certificates(bench.env, bench.certificates(), bench.store(), what);
}

std::string text_in(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Failure("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

int mode_of(const fs::path& path) {
  struct stat st {};
  CHECK_EQ(lstat(path.c_str(), &st), 0);
  return st.st_mode & 07777;
}

TEST(four_files_are_written_for_their_readers) {
  Bench bench;
  bench.install();
  const std::string folder = bench.folder / "out/tls";
  const auto rows = REQUIRE_OK(write_out(bench, {folder, "www.site.example"})).items();
  CHECK_EQ(rows.size(), 1);
  CHECK_EQ(rows[0]["folder"].text_or(""), folder);
  const Version stored = REQUIRE_OK(bench.store().load_current(kSite));
  CHECK_EQ(text_in(folder + "/fullchain.pem"), stored.chain_pem);
  CHECK_EQ(text_in(folder + "/privkey.pem"), stored.key_pem.view());
  CHECK_EQ(text_in(folder + "/cert.pem") + text_in(folder + "/chain.pem"), stored.chain_pem);
  CHECK(text_in(folder + "/chain.pem").starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK_EQ(mode_of(folder), 0700);
  CHECK_EQ(mode_of(folder + "/privkey.pem"), 0600);
  for (const char* name : {"fullchain.pem", "chain.pem", "cert.pem"})
    CHECK_EQ(mode_of(folder + "/" + name), 0644);
  CHECK_EQ(std::distance(fs::directory_iterator(folder), {}), 4);  // and nothing half-made
}

TEST(a_key_that_others_read_is_replaced_by_one_that_they_do_not) {
  Bench bench;
  bench.install();
  const std::string folder = bench.folder / "out";
  REQUIRE_OK(write_out(bench, {folder, "site"}));
  const std::string before = text_in(folder + "/privkey.pem");
  fs::permissions(folder + "/privkey.pem", fs::perms(0644));
  fs::permissions(folder, fs::perms(0755));  // the operator's own choice
  bench.install();
  REQUIRE_OK(write_out(bench, {folder, "site"}));
  CHECK(text_in(folder + "/privkey.pem") != before);
  CHECK_EQ(mode_of(folder + "/privkey.pem"), 0600);
  CHECK_EQ(mode_of(folder), 0755);
}

TEST(links_and_folders_of_others_are_refused) {
  Bench bench;
  bench.install();
  const fs::path real = bench.folder / "real";
  fs::create_directory(real);
  fs::permissions(real, fs::perms(0700));
  fs::create_directory_symlink(real, fs::path(bench.folder / "link"));
  (void)REQUIRE_ERROR(write_out(bench, {bench.folder / "link", "site"}), Errc::unsafe);
  fs::create_symlink("/dev/null", real / "privkey.pem");
  (void)REQUIRE_ERROR(write_out(bench, {real, "site"}), Errc::unsafe);
  fs::remove(real / "privkey.pem");
  CHECK(fs::is_empty(real));
  fs::permissions(real, fs::perms(0777));
  (void)REQUIRE_ERROR(write_out(bench, {real, "site"}), Errc::unsafe);
  CHECK(fs::is_empty(real));
  (void)REQUIRE_ERROR(write_out(bench, {"relative", "site"}), Errc::invalid_argument);
}

TEST(what_is_not_there_is_said) {
  Bench bench;
  const std::string folder = bench.folder / "out";
  CHECK_CONTAINS(REQUIRE_ERROR(write_out(bench, {folder, "site"}), Errc::not_found),
                 "has no certificate yet");
  CHECK_CONTAINS(REQUIRE_ERROR(write_out(bench, {folder, "nobody"}), Errc::not_found), "nobody");
  CHECK(!fs::exists(folder));
}

TEST(all_are_written_each_into_a_folder_of_its_own) {
  Bench bench;
  bench.config.certificates[0].keys = {KeyType::ecdsa256, KeyType::ecdsa384};
  bench.restart();
  bench.install();
  bench.install(kTwin);
  const std::string folder = bench.folder / "out";
  CHECK_EQ(REQUIRE_OK(write_out(bench, {folder})).items().size(), 2);
  CHECK(fs::exists(folder + "/site/ecdsa-256/privkey.pem"));
  CHECK(fs::exists(folder + "/twin/privkey.pem"));
  bench.install({"site", KeyType::ecdsa384});
  REQUIRE_OK(write_out(bench, {folder + "2", "site"}));
  CHECK(fs::exists(folder + "2/ecdsa-256/privkey.pem"));
  CHECK(fs::exists(folder + "2/ecdsa-384/privkey.pem"));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
