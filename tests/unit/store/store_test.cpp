// The store as a whole: opening, the lock, VERSION, the sweep.
#include "store/store.h"

#include <sys/wait.h>
#include <unistd.h>

#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

Result<Store> try_open(Shop& shop, Store::Mode mode = Store::Mode::read_write) {
  return Store::open(shop.env, shop.path(), mode, shop.log);
}

// Runs in a process of its own; true when it succeeded.
template <class Body>
bool in_child(Body body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST(a_reader_finds_nothing_and_makes_nothing) {
  Shop shop;
  REQUIRE_ERROR(try_open(shop, Store::Mode::read_only), Errc::not_found);
  CHECK(names_in(shop.folder.path()).empty());
}

TEST(a_reader_writes_nothing) {
  Shop shop;
  fs::create_directory(shop.path());
  Store store = shop.reader();
  REQUIRE_ERROR(store.lock(), Errc::refused);
  REQUIRE_ERROR(store.probe(), Errc::refused);
  REQUIRE_ERROR(store.save_config("x"), Errc::refused);
  REQUIRE_ERROR(store.save_version(kLineage, version_of(1)), Errc::refused);
  REQUIRE_ERROR(store.save_schedule(kLineage, {}), Errc::refused);
  REQUIRE_ERROR(store.save_account_key("le", Secret("key")), Errc::refused);
  REQUIRE_ERROR(store.retire_account("le"), Errc::refused);
  REQUIRE_ERROR(store.remove(kLineage), Errc::refused);
  REQUIRE_ERROR(store.forget_order(kLineage), Errc::refused);
  CHECK(store.lineages().empty());
  CHECK(store.load_orders().empty());
  REQUIRE_ERROR(store.load_current(kLineage), Errc::not_found);
  REQUIRE_ERROR(store.load_config(), Errc::not_found);
  CHECK(names_in(shop.path()).empty());
  CHECK(shop.log.errors.empty());
}

TEST(nobody_writes_without_the_lock) {
  Shop shop;
  Store store = shop.open();
  CHECK_CONTAINS(REQUIRE_ERROR(store.save_config("x"), Errc::refused), "not locked");
  CHECK(names_in(shop.path()).empty());
}

TEST(the_first_writer_makes_a_private_folder_with_a_version) {
  Shop shop;
  Store store = shop.writer();
  CHECK_EQ(names_in(shop.path()), (std::vector<std::string>{"VERSION", "lock"}));
  CHECK_EQ(text_in(shop.path("VERSION")), "1\n");
  CHECK_EQ(text_in(shop.path("lock")), std::to_string(getpid()) + "\n");
  CHECK_EQ(mode_of(shop.path()), 0700);
  CHECK_EQ(mode_of(shop.path("lock")), 0600);
  REQUIRE_OK(store.lock());  // again: it is ours
}

TEST(a_second_writer_is_told_who_holds_the_lock) {
  Shop shop;
  Store first = shop.writer();
  Store second = shop.open();
  CHECK_CONTAINS(REQUIRE_ERROR(second.lock(), Errc::busy),
                 shop.path() + " is in use by process " + std::to_string(getpid()));
  put_text(shop.path("lock"), "");
  CHECK_CONTAINS(REQUIRE_ERROR(second.lock(), Errc::busy), "another process");
  put_text(shop.path("lock"), "\x1b[31m evil");
  CHECK_CONTAINS(REQUIRE_ERROR(second.lock(), Errc::busy), "another process");
}

TEST(a_lock_is_freed_with_its_store) {
  Shop shop;
  { Store first = shop.writer(); }
  Store second = shop.writer();
}

TEST(a_lock_is_freed_with_its_process) {
  Shop shop;
  CHECK(in_child([&] {
    Store* leaked = new Store(shop.writer());
    return leaked != nullptr;
  }));
  Store store = shop.writer();
  CHECK_EQ(text_in(shop.path("lock")), std::to_string(getpid()) + "\n");
}

TEST(an_old_or_empty_lock_file_is_no_obstacle) {
  for (const char* content : {"", "123456789012345\n", "1\n"}) {
    Shop shop;
    fs::create_directory(shop.path());
    put_text(shop.path("lock"), content);
    Store store = shop.writer();
    CHECK_EQ(text_in(shop.path("lock")), std::to_string(getpid()) + "\n");
  }
}

TEST(a_newer_store_is_read_and_not_written) {
  Shop shop;
  {
    Store store = shop.writer();
    REQUIRE_OK(store.save_version(kLineage, version_of(1)));
  }
  put_text(shop.path("VERSION"), "2\n");
  CHECK_CONTAINS(REQUIRE_ERROR(try_open(shop), Errc::unsupported), "newer release");
  CHECK_EQ(current_number(shop.reader()), 1);
  CHECK(shop.log.errors.empty());
}

TEST(a_newer_release_may_come_while_we_wait_for_the_lock) {
  Shop shop;
  Store store = shop.open();
  put_text(shop.path("VERSION"), "2\n");
  REQUIRE_ERROR(store.lock(), Errc::unsupported);
  REQUIRE_ERROR(store.save_config("x"), Errc::refused);
}

TEST(a_version_that_is_no_number_is_read_past) {
  for (const char* content : {"", "one", "1 2", "-1", "99999999999999999999"}) {
    Shop shop;
    { Store store = shop.writer(); }
    put_text(shop.path("VERSION"), content);
    CHECK_CONTAINS(REQUIRE_ERROR(try_open(shop), Errc::damaged), "VERSION");
    Store store = shop.reader();
    CHECK_EQ(shop.log.errors.size(), 1);
  }
}

TEST(a_folder_of_somebody_else_is_not_taken) {
  Shop shop;
  put_text(shop.path("diary"), "x");
  CHECK_EQ(chmod(shop.path().c_str(), 0755), 0);
  CHECK_CONTAINS(REQUIRE_ERROR(try_open(shop), Errc::unsafe), "\"diary\"");
  CHECK_EQ(mode_of(shop.path()), 0755);
}

TEST(an_empty_folder_is_taken_and_made_private) {
  Shop shop;
  fs::create_directories(shop.path("lost+found"));
  fs::create_directory(shop.path("run"));
  CHECK_EQ(chmod(shop.path().c_str(), 0755), 0);
  Store store = shop.writer();
  CHECK_EQ(mode_of(shop.path()), 0700);
}

TEST(a_store_that_was_made_readable_is_private_again) {
  Shop shop;
  { Store store = shop.writer(); }
  put_text(shop.path("note"), "kept by the operator");
  CHECK_EQ(chmod(shop.path().c_str(), 0755), 0);
  Store store = shop.writer();
  CHECK_EQ(mode_of(shop.path()), 0700);
  CHECK_EQ(text_in(shop.path("note")), "kept by the operator");
}

TEST(the_writer_sweeps_what_a_crash_left) {
  Shop shop;
  {
    Store store = shop.writer();
    REQUIRE_OK(store.save_version(kLineage, version_of(1)));
    REQUIRE_OK(store.save_account_key("le", Secret("key")));
    REQUIRE_OK(store.save_order_key(kLineage, Secret("key")));
  }
  const std::vector<std::string> leftovers = {
      shop.path(".VERSION.tmp"),
      shop.path("issuers/le/.key.tmp"),
      shop.lineage_path(".state.json.tmp"),
      shop.lineage_path(".00000002.tmp/privkey.pem"),
      shop.path("journal/example.com/ecdsa-256/.order.json.tmp"),
      shop.path("journal/example.com/.rsa-2048.tmp/key")};
  for (const std::string& path : leftovers) put_text(path, "half");
  { Store reader = shop.reader(); }
  Store store = shop.open();
  for (const std::string& path : leftovers) CHECK(fs::exists(path));  // a writer may be at it
  REQUIRE_OK(store.lock());
  for (const std::string& path : leftovers) CHECK(!fs::exists(path));
  CHECK_EQ(current_number(store), 1);
  CHECK_EQ(REQUIRE_OK(store.load_order_key(kLineage)).view(), "key");
  CHECK(shop.log.others.empty());
}

TEST(a_probe_leaves_nothing) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.probe());
  CHECK_EQ(names_in(shop.path()), (std::vector<std::string>{"VERSION", "lock"}));
}

TEST(the_configuration_comes_back) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_config(std::string("a\0b", 3)));
  CHECK_EQ(REQUIRE_OK(shop.reader().load_config()), std::string("a\0b", 3));
  CHECK_EQ(mode_of(shop.path("config")), 0600);
}

TEST(a_store_in_memory_says_so) {
  if (!fs::is_directory("/dev/shm")) return;
  Shop shop;
  TempFolder memory("/dev/shm/acme-store-XXXXXX");
  Store store = REQUIRE_OK(Store::open(shop.env, memory.path(), Store::Mode::read_only, shop.log));
  CHECK_EQ(store.volatile_filesystem().value_or("none"), "tmpfs");
}

TEST(an_unreadable_store_is_an_error_and_not_empty) {
  if (geteuid() == 0) return;  // root reads everything
  Shop shop;
  { Store store = shop.writer(); }
  CHECK_EQ(chmod(shop.path().c_str(), 0), 0);
  CHECK_CONTAINS(REQUIRE_ERROR(try_open(shop, Store::Mode::read_only), Errc::io),
                 "Permission denied");
  CHECK_EQ(chmod(shop.path().c_str(), 0700), 0);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
