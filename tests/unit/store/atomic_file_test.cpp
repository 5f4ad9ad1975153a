#include "store/atomic_file.h"

#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

// Writes down what happens, in its order; can be slow or full.
class Watched : public StoreEnv {
 public:
  mutable std::vector<std::string> calls;
  std::size_t most = SIZE_MAX;  // bytes that one write takes
  mutable int interruptions = 0;
  std::string refuse;  // this call
  int error = ENOSPC;

  ssize_t write(int fd, const void* data, std::size_t size) const override {
    if (interruptions > 0) return --interruptions, -EINTR;
    return StoreEnv::write(fd, data, std::min(size, most));
  }

 protected:
  int before(std::string_view call, const std::string& name) const override {
    calls.push_back(std::string(call) + " " + name);
    return calls.back() == refuse ? -error : 0;
  }
};

struct Place_ {
  TempFolder temp;
  Watched env;
  Directory dir = REQUIRE_OK(Directory::open_trusted(env, temp.path(), Directory::Missing::fail));
  std::string folder = fs::path(temp.path()).filename();
};

}  // namespace

TEST(a_file_is_on_disk_before_it_has_its_name) {
  Place_ p;
  REQUIRE_OK(replace_file(p.dir, "file", "text"));
  CHECK_EQ(p.env.calls,
           (std::vector<std::string>{"create .file.tmp", "write .file.tmp", "fsync .file.tmp",
                                     "rename file", "fsync " + p.folder}));
  CHECK_EQ(text_in(p.temp.path("file")), "text");
  CHECK_EQ(names_in(p.temp.path()), std::vector<std::string>{"file"});
}

TEST(a_file_is_private_whatever_the_umask) {
  Place_ p;
  for (mode_t mask : {0, 0022, 0477}) {
    const mode_t old = umask(mask);
    REQUIRE_OK(replace_file(p.dir, "file", std::to_string(mask)));
    umask(old);
    CHECK_EQ(mode_of(p.temp.path("file")), 0600);
    CHECK_EQ(text_in(p.temp.path("file")), std::to_string(mask));
  }
}

TEST(short_and_interrupted_writes_go_on) {
  Place_ p;
  p.env.most = 3;
  p.env.interruptions = 2;
  REQUIRE_OK(replace_file(p.dir, "file", "0123456789"));
  CHECK_EQ(text_in(p.temp.path("file")), "0123456789");
}

TEST(a_write_that_takes_nothing_fails) {
  Place_ p;
  p.env.most = 0;
  CHECK_CONTAINS(REQUIRE_ERROR(replace_file(p.dir, "file", "x"), Errc::io), "Input/output error");
}

TEST(a_failure_names_path_and_cause_and_leaves_nothing) {
  Place_ p;
  REQUIRE_OK(replace_file(p.dir, "file", "old"));
  for (const char* call :
       {"create .file.tmp", "write .file.tmp", "fsync .file.tmp", "rename file"}) {
    p.env.refuse = call;
    std::string why = REQUIRE_ERROR(replace_file(p.dir, "file", "new"), Errc::io);
    CHECK_CONTAINS(why, p.temp.path());
    CHECK_CONTAINS(why, "No space left on device");
    CHECK_EQ(text_in(p.temp.path("file")), "old");
    CHECK_EQ(names_in(p.temp.path()), std::vector<std::string>{"file"});
  }
}

TEST(a_leftover_of_a_crash_is_no_obstacle) {
  Place_ p;
  put_text(p.temp.path(".file.tmp"), "half");
  put_text(p.temp.path(".link.tmp/half"), "half");
  REQUIRE_OK(replace_file(p.dir, "file", "text"));
  REQUIRE_OK(replace_link(p.dir, "link", "file"));
  CHECK_EQ(names_in(p.temp.path()), (std::vector<std::string>{"file", "link"}));
}

TEST(a_link_is_switched_by_one_rename) {
  Place_ p;
  REQUIRE_OK(replace_link(p.dir, "link", "1"));
  p.env.calls.clear();
  REQUIRE_OK(replace_link(p.dir, "link", "2"));
  CHECK_EQ(p.env.calls, (std::vector<std::string>{"unlink .link.tmp", "symlink .link.tmp",
                                                  "rename link", "fsync " + p.folder}));
  CHECK_EQ(fs::read_symlink(p.temp.path("link")), "2");
}

TEST(a_tree_is_removed_and_links_in_it_are_not_followed) {
  Place_ p;
  put_text(p.temp.path("tree/a/b/file"), "x");
  put_text(p.temp.path("outside/file"), "x");
  fs::create_directory_symlink("../outside", p.temp.path("tree/link"));
  REQUIRE_OK(remove_tree(p.dir, "tree"));
  REQUIRE_OK(remove_tree(p.dir, "tree"));
  CHECK_EQ(names_in(p.temp.path()), std::vector<std::string>{"outside"});
  CHECK_EQ(text_in(p.temp.path("outside/file")), "x");
}

TEST(a_removal_that_fails_says_so) {
  Place_ p;
  put_text(p.temp.path("tree/file"), "x");
  p.env.error = EROFS;
  for (const char* call : {"unlink file", "unlink tree"}) {
    p.env.refuse = call;
    CHECK_CONTAINS(REQUIRE_ERROR(remove_tree(p.dir, "tree"), Errc::io), "Read-only file system");
  }
}

TEST(what_could_not_be_read_again_is_not_written) {
  Place_ p;
  REQUIRE_ERROR(replace_file(p.dir, "file", std::string(Directory::kLargestFile + 1, 'x')),
                Errc::invalid_argument);
  CHECK(names_in(p.temp.path()).empty());
}

TEST(a_folder_that_is_not_durable_is_not_there) {
  Place_ p;
  p.env.refuse = "fsync " + p.folder;
  REQUIRE_ERROR(p.dir.make("a"), Errc::io);
  CHECK(!p.dir.has("a"));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
