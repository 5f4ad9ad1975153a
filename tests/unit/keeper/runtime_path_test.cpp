// The runtime path: made where absent, refused where somebody else could put
// things in our place.
#include "keeper/runtime_path.h"

#include <sys/stat.h>

#include "unit/keeper/keeper_env.h"

using namespace acme;
using namespace acme::test;
using keeper::open_runtime_path;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat info {};
  CHECK_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

TEST(it_is_made_with_all_above_it) {
  KeeperEnv env;
  Folder folder;
  const std::string path = folder / "run/acmecore/nginx";
  mode_t before = umask(077);
  UniqueFd dir = REQUIRE_OK(open_runtime_path(env, path));
  umask(before);
  CHECK_EQ(mode_of(folder / "run"), 0755);
  CHECK_EQ(mode_of(path), 0755);
  struct stat by_fd {};
  struct stat by_path {};
  CHECK_EQ(fstat(dir.get(), &by_fd), 0);
  CHECK_EQ(stat(path.c_str(), &by_path), 0);
  CHECK_EQ(by_fd.st_ino, by_path.st_ino);
  REQUIRE_OK(open_runtime_path(env, path + "/"));  // and again
}

TEST(what_is_there_keeps_its_mode) {
  KeeperEnv env;
  Folder folder;
  fs::create_directory(folder / "run");
  chmod((folder / "run").c_str(), 0750);
  REQUIRE_OK(open_runtime_path(env, folder / "run"));
  CHECK_EQ(mode_of(folder / "run"), 0750);
}

TEST(a_folder_that_others_can_write_to_is_refused) {
  KeeperEnv env;
  Folder folder;
  fs::create_directory(folder / "run");
  for (mode_t mode : {0777, 0775, 0757, 01777}) {
    chmod((folder / "run").c_str(), mode);
    CHECK_CONTAINS(REQUIRE_ERROR(open_runtime_path(env, folder / "run"), Errc::unsafe),
                   "not be writable by others");
  }
}

TEST(a_folder_below_one_that_others_can_write_to_is_refused) {
  KeeperEnv env;
  Folder folder;
  fs::create_directories(folder / "run/nginx");
  chmod((folder / "run").c_str(), 0777);
  (void)REQUIRE_ERROR(open_runtime_path(env, folder / "run/nginx"), Errc::unsafe);
  (void)REQUIRE_ERROR(open_runtime_path(env, folder / "run/new"), Errc::unsafe);
  CHECK(!fs::exists(folder / "run/new"));
}

TEST(a_link_leads_on_only_where_nobody_else_can_have_put_it) {
  KeeperEnv env;
  Folder folder;
  fs::create_directory(folder / "run");
  fs::create_directory_symlink(folder / "run", folder / "var-run");
  REQUIRE_OK(open_runtime_path(env, folder / "var-run/nginx"));
  CHECK(fs::is_directory(folder / "run/nginx"));

  const std::string sticky = folder / "tmp";
  fs::create_directory(sticky);
  chmod(sticky.c_str(), 01777);
  fs::create_directory_symlink(folder / "run", sticky + "/link");
  CHECK(!open_runtime_path(env, sticky + "/link/nginx"));
  CHECK(!open_runtime_path(env, sticky + "/link"));
}

TEST(a_folder_of_somebody_elses_is_refused) {
  if (geteuid() != 0) return;
  KeeperEnv env;
  Folder folder;
  fs::create_directories(folder / "run/nginx");
  CHECK_EQ(chown((folder / "run/nginx").c_str(), 65534, 65534), 0);
  (void)REQUIRE_ERROR(open_runtime_path(env, folder / "run/nginx"), Errc::unsafe);
  (void)REQUIRE_ERROR(open_runtime_path(env, folder / "run/nginx/below"), Errc::unsafe);
}

TEST(what_is_no_folder_is_said_so) {
  KeeperEnv env;
  Folder folder;
  std::ofstream(folder / "file") << "x";
  CHECK_CONTAINS(REQUIRE_ERROR(open_runtime_path(env, folder / "file"), Errc::io),
                 "Not a directory");
  (void)REQUIRE_ERROR(open_runtime_path(env, "run/nginx"), Errc::unsafe);
  (void)REQUIRE_ERROR(open_runtime_path(env, ""), Errc::unsafe);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
