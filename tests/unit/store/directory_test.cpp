#include "store/directory.h"

#include <unistd.h>

#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr uid_t kSomebody = 65534;

struct Umask {
  explicit Umask(mode_t mask) : old(umask(mask)) {}
  ~Umask() { umask(old); }
  mode_t old;
};

Result<Directory> walk(const std::string& path,
                       Directory::Missing missing = Directory::Missing::fail) {
  return Directory::open_trusted(system_env(), path, missing);
}

bool give_away(const std::string& path) {
  return geteuid() == 0 && chown(path.c_str(), kSomebody, kSomebody) == 0;
}

}  // namespace

TEST(a_safe_name_is_one_plain_component) {
  for (const char* name : {"example.com", "_.example.com", "2001-db8--1", "--1", "a@b+c", "A"})
    CHECK(is_safe_name(name));
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "/", "a b", "a\nb", "a\\b", "ä", "a:b"})
    CHECK(!is_safe_name(name));
  CHECK(!is_safe_name(std::string_view("a\0b", 3)));
  CHECK(is_safe_name(std::string(255, 'a')));
  CHECK(!is_safe_name(std::string(256, 'a')));
}

TEST(the_path_must_be_absolute_and_plain) {
  for (const char* path : {"", "relative/store", "/var/../etc"})
    REQUIRE_ERROR(walk(path), Errc::invalid_argument);
  REQUIRE_ERROR(walk(std::string("/tmp/a\0b", 8)), Errc::invalid_argument);
}

TEST(a_missing_folder_is_not_found_and_not_made) {
  TempFolder temp;
  CHECK_CONTAINS(REQUIRE_ERROR(walk(temp.path("a/b")), Errc::not_found), temp.path("a"));
  CHECK(names_in(temp.path()).empty());
}

TEST(missing_folders_are_made_whatever_the_umask) {
  for (mode_t mask : {0, 0022, 0077}) {
    TempFolder temp;
    Umask umask(mask);
    REQUIRE_OK(walk(temp.path() + "//a/./b/", Directory::Missing::make));
    CHECK_EQ(mode_of(temp.path("a")), 0755);
    CHECK_EQ(mode_of(temp.path("a/b")), 0700);
  }
}

TEST(a_parent_that_others_can_write_is_unsafe) {
  TempFolder temp;
  fs::create_directories(temp.path("parent/store"));
  for (mode_t mode : {0770, 0707, 0777}) {
    CHECK_EQ(chmod(temp.path("parent").c_str(), mode), 0);
    CHECK_CONTAINS(REQUIRE_ERROR(walk(temp.path("parent/store")), Errc::unsafe),
                   "chmod go-w " + temp.path("parent"));
  }
  CHECK_EQ(chmod(temp.path("parent").c_str(), 01777), 0);
  REQUIRE_OK(walk(temp.path("parent/store")));
  REQUIRE_ERROR(walk(temp.path("parent")), Errc::unsafe);  // sticky is for what is passed through
}

TEST(a_folder_of_somebody_else_is_unsafe) {
  TempFolder temp;
  fs::create_directories(temp.path("parent/store"));
  if (!give_away(temp.path("parent"))) return;  // only root can
  CHECK_CONTAINS(REQUIRE_ERROR(walk(temp.path("parent/store")), Errc::unsafe), "uid 65534");
}

TEST(in_a_sticky_folder_only_our_own_is_safe) {
  TempFolder temp;
  fs::create_directories(temp.path("parent/store"));
  CHECK_EQ(chmod(temp.path("parent").c_str(), 01777), 0);
  if (!give_away(temp.path("parent/store"))) return;
  REQUIRE_ERROR(walk(temp.path("parent/store")), Errc::unsafe);
}

TEST(a_link_on_the_way_is_unsafe) {
  TempFolder temp;
  fs::create_directories(temp.path("real/store"));
  fs::create_directory_symlink("real", temp.path("link"));
  fs::create_directory_symlink("store", temp.path("real/link"));
  for (const char* below : {"link/store", "real/link"})
    CHECK_CONTAINS(REQUIRE_ERROR(walk(temp.path(below)), Errc::unsafe), "symbolic link");
}

TEST(a_file_on_the_way_is_no_folder) {
  TempFolder temp;
  put_text(temp.path("file"), "x");
  REQUIRE_ERROR(walk(temp.path("file/store"), Directory::Missing::make), Errc::unsafe);
}

TEST(only_whole_regular_files_are_read) {
  TempFolder temp;
  put_text(temp.path("file"), std::string("a\0b", 3));
  put_text(temp.path("empty"), "");
  fs::create_symlink("file", temp.path("link"));
  fs::create_directory(temp.path("folder"));
  CHECK_EQ(mkfifo(temp.path("fifo").c_str(), 0600), 0);
  put_text(temp.path("huge"), "");
  CHECK_EQ(truncate(temp.path("huge").c_str(), Directory::kLargestFile + 1), 0);

  Directory dir = REQUIRE_OK(walk(temp.path()));
  CHECK_EQ(REQUIRE_OK(dir.read("file")), std::string("a\0b", 3));
  CHECK_EQ(REQUIRE_OK(dir.read_secret("file")).view(), std::string_view("a\0b", 3));
  CHECK_EQ(REQUIRE_OK(dir.read("empty")), "");
  REQUIRE_ERROR(dir.read("link"), Errc::unsafe);
  REQUIRE_ERROR(dir.read("folder"), Errc::damaged);
  REQUIRE_ERROR(dir.read("fifo"), Errc::damaged);
  REQUIRE_ERROR(dir.read("huge"), Errc::damaged);
  CHECK_EQ(REQUIRE_ERROR(dir.read("none"), Errc::not_found),
           "cannot open " + temp.path("none") + ": No such file or directory");
}

TEST(a_list_is_sorted_and_tells_folders) {
  TempFolder temp;
  for (const char* name : {"b", "a", ".c"}) fs::create_directory(temp.path(name));
  put_text(temp.path("file"), "");
  fs::create_directory_symlink("a", temp.path("link"));
  Directory dir = REQUIRE_OK(walk(temp.path()));
  for (int again = 0; again < 2; ++again) {
    std::string text;
    for (const DirectoryEntry& entry : REQUIRE_OK(dir.list()))
      text += entry.name + (entry.is_folder ? "/ " : " ");
    CHECK_EQ(text, ".c/ a/ b/ file link ");
  }
}

TEST(links_are_read_and_not_followed) {
  TempFolder temp;
  fs::create_symlink("target", temp.path("link"));
  Directory dir = REQUIRE_OK(walk(temp.path()));
  CHECK_EQ(REQUIRE_OK(dir.read_link("link")), "target");
  REQUIRE_ERROR(dir.read_link("none"), Errc::not_found);
  REQUIRE_ERROR(dir.open("link"), Errc::unsafe);
  CHECK(dir.has("link"));
  CHECK(!dir.has("target"));
}

TEST(a_folder_is_made_once) {
  TempFolder temp;
  Directory dir = REQUIRE_OK(walk(temp.path()));
  REQUIRE_OK(dir.make("a"));
  put_text(temp.path("a/file"), "x");
  CHECK_EQ(REQUIRE_OK(REQUIRE_OK(dir.make("a")).read("file")), "x");
  CHECK_EQ(mode_of(temp.path("a")), 0700);
  put_text(temp.path("file"), "x");
  REQUIRE_ERROR(dir.make("file"), Errc::unsafe);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
