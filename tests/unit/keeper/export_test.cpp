// Certificates leave the store whole, with a key that nobody else reads, and through no link.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "keeper/export_command.h"
#include "keeper/file_set.h"
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
  CHECK_EQ(stat(path.c_str(), &st), 0);
  return st.st_mode & 07777;
}

std::ptrdiff_t versions_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder / ".versions"), {});
}

// Each call fails in turn, or the disk is full from there on; and what readers find is looked at
// after every call that was let through.
class FailingEnv final : public ForwardingEnv {
 public:
  int fail_at = 0;  // counted from 1; 0: never
  bool lasting = false;
  mutable int calls = 0;
  std::function<void()> look = [] {};

  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    return refused() ? -ENOSPC : seen(ForwardingEnv::open_at(dir, name, flags, mode));
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    return refused() ? -ENOSPC : ForwardingEnv::write(fd, data, size);
  }
  int fsync(int) const override { return refused() ? -EIO : 0; }
  int rename_at(int a, const char* from, int b, const char* to) const override {
    return refused() ? -EIO : seen(ForwardingEnv::rename_at(a, from, b, to));
  }
  int mkdir_at(int dir, const char* name, mode_t mode) const override {
    return refused() ? -ENOSPC : seen(ForwardingEnv::mkdir_at(dir, name, mode));
  }
  int symlink_at(const char* target, int dir, const char* name) const override {
    return refused() ? -ENOSPC : seen(ForwardingEnv::symlink_at(target, dir, name));
  }
  int unlink_at(int dir, const char* name, int flags) const override {
    return refused() ? -EIO : seen(ForwardingEnv::unlink_at(dir, name, flags));
  }

 private:
  bool refused() const {
    ++calls;
    return fail_at > 0 && (lasting ? calls >= fail_at : calls == fail_at);
  }
  int seen(int result) const {
    look();
    return result;
  }
};

// Two files that belong together, as a daemon reads them.
Outcome write_pair(const Env& env, const std::string& folder, const std::string& text) {
  ACME_TRY(const Directory dir, Directory::open_trusted(env, folder, Directory::Missing::fail));
  const keeper::SetFile files[] = {{"privkey.pem", text, 0600}, {"fullchain.pem", text, 0644}};
  return keeper::replace_as_one(dir, files);
}
std::string pair_in(const std::string& folder) {
  const std::string key = text_in(folder + "/privkey.pem");
  CHECK_EQ(text_in(folder + "/fullchain.pem"), key);
  return key;
}

// Of an earlier version of ours, or of another program.
void lay_plain_files(const std::string& folder) {
  write_text(folder + "/privkey.pem", "old");
  write_text(folder + "/fullchain.pem", "old");
}
void lay_earlier_export(const std::string& folder) {
  REQUIRE_OK(write_pair(system_env(), folder, "old"));
}
// One of them was put there by hand since.
void lay_both(const std::string& folder) {
  lay_earlier_export(folder);
  fs::remove(folder + "/privkey.pem");
  write_text(folder + "/privkey.pem", "old");
}

void fail_at_each_call(void (*prepare)(const std::string&), bool lasting) {
  for (int n = 1;; ++n) {
    Folder folder;
    prepare(folder.path());
    FailingEnv env;
    env.fail_at = n;
    env.lasting = lasting;
    env.look = [&] { CHECK(pair_in(folder.path()) == "old" || pair_in(folder.path()) == "new"); };
    const Outcome first = write_pair(env, folder.path(), "new");
    if (first) CHECK_EQ(pair_in(folder.path()), "new");
    const bool over = env.calls < n;
    REQUIRE_OK(write_pair(system_env(), folder.path(), "newer"));
    CHECK_EQ(pair_in(folder.path()), "newer");
    CHECK(versions_in(folder.path()) <= 2);
    if (over) return;
  }
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
  // And nothing half-made.
  CHECK_EQ(std::distance(fs::directory_iterator(folder), {}), 6);
  CHECK_EQ(versions_in(folder), 1);
  CHECK_EQ(fs::read_symlink(folder + "/privkey.pem").string(), ".current/privkey.pem");
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

TEST(a_pair_always_fits_whatever_fails) {
  for (bool lasting : {false, true})
    for (auto prepare : {lay_plain_files, lay_earlier_export, lay_both})
      fail_at_each_call(prepare, lasting);
}

TEST(a_first_export_that_fails_leaves_no_file) {
  Folder folder;
  FailingEnv env;
  env.fail_at = 12;
  env.lasting = true;
  CHECK(!write_pair(env, folder.path(), "new"));
  CHECK(!fs::exists(folder / "privkey.pem"));
  REQUIRE_OK(write_pair(system_env(), folder.path(), "new"));
  CHECK_EQ(pair_in(folder.path()), "new");
}

TEST(plain_files_are_taken_over_and_the_version_before_goes_with_the_next) {
  Folder folder;
  lay_plain_files(folder.path());
  write_text(folder / "dhparam.pem", "the operator's");
  REQUIRE_OK(write_pair(system_env(), folder.path(), "one"));
  CHECK_EQ(versions_in(folder.path()), 2);  // the plain ones are still there for who reads them
  REQUIRE_OK(write_pair(system_env(), folder.path(), "two"));
  CHECK_EQ(versions_in(folder.path()), 2);
  CHECK_EQ(pair_in(folder.path()), "two");
  CHECK_EQ(text_in(folder / "dhparam.pem"), "the operator's");
  CHECK_EQ(mode_of(folder / ".current"), 0755);
  CHECK_EQ(mode_of(folder / "privkey.pem"), 0600);
  CHECK_EQ(mode_of(folder / "fullchain.pem"), 0644);
}

TEST(the_folder_may_be_moved_and_seen_from_a_chroot) {
  Folder folder;
  fs::create_directory(fs::path(folder / "a"));
  fs::permissions(folder / "a", fs::perms(0700));
  REQUIRE_OK(write_pair(system_env(), folder / "a", "one"));
  fs::rename(folder / "a", folder / "b");
  CHECK_EQ(pair_in(folder / "b"), "one");
}

TEST(two_exports_do_not_meet_in_a_folder) {
  Folder folder;
  const int other = open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK_EQ(flock(other, LOCK_EX), 0);
  (void)REQUIRE_ERROR(write_pair(system_env(), folder.path(), "one"), Errc::busy);
  close(other);
  REQUIRE_OK(write_pair(system_env(), folder.path(), "one"));
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
