#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

using Names = std::vector<std::string>;

void save(Store& store, int from, int to) {
  for (int n = from; n <= to; ++n) REQUIRE_OK(store.save_version(kLineage, version_of(n)));
}

struct QuickShop : Shop {
  QuickShop() { env.waits_for_disk = false; }
};

// One wrong byte, or a part of the file gone, as bad disks and people do it.
void spoil(const std::string& path) {
  std::string text = text_in(path);
  text[text.size() / 2] ^= 1;
  put_text(path, text);
}

}  // namespace

TEST(a_version_comes_back) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_ERROR(store.load_current(kLineage), Errc::not_found);
  save(store, 1, 1);
  const Store reader = shop.reader();
  Version back = REQUIRE_OK(reader.load_current(kLineage));
  CHECK_EQ(number_of(back), 1);
  CHECK_EQ(back.name, "00000001");
  CHECK_EQ(back.meta.stored, kNow);
  CHECK_EQ(back.meta.names, version_of(1).meta.names);
  CHECK_EQ(mode_of(shop.path("certs")), 0700);
  CHECK_EQ(mode_of(shop.lineage_path("00000001")), 0700);
  for (const char* file : {"fullchain.pem", "privkey.pem", "meta.json"})
    CHECK_EQ(mode_of(shop.lineage_path("00000001/" + std::string(file))), 0600);
  CHECK_EQ(fs::read_symlink(shop.lineage_path("current")), "00000001");
}

TEST(the_previous_version_stays_and_no_other) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 5);
  CHECK_EQ(current_number(store), 5);
  CHECK_EQ(names_in(shop.lineage_path("")), (Names{"00000004", "00000005", "current"}));
}

TEST(what_was_revoked_goes_as_soon_as_another_is_there) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 2);
  REQUIRE_OK(store.note_revoked(kLineage, "00000002", kNow, "keyCompromise", true));
  Version revoked = REQUIRE_OK(store.load_current(kLineage));
  CHECK_EQ(number_of(revoked), 2);  // it answers until then
  CHECK_EQ(revoked.meta.revoked, kNow);
  CHECK(revoked.meta.to_be_replaced);
  save(store, 3, 3);
  CHECK_EQ(names_in(shop.lineage_path("")), (Names{"00000003", "current"}));
  CHECK_EQ(REQUIRE_OK(store.load_current(kLineage)).meta.revoked, 0);
  REQUIRE_ERROR(store.note_revoked(kLineage, "00000002", kNow, "", true), Errc::not_found);
  REQUIRE_ERROR(store.note_revoked(kLineage, "../other", kNow, "", true), Errc::invalid_argument);
}

TEST(key_types_and_certificates_do_not_touch_each_other) {
  QuickShop shop;
  Store store = shop.writer();
  const Lineage rsa{"example.com", KeyType::rsa2048};
  const Lineage other{"_.example.org", KeyType::ecdsa256};
  save(store, 1, 1);
  REQUIRE_OK(store.save_version(rsa, version_of(2)));
  REQUIRE_OK(store.save_version(other, version_of(3)));
  CHECK_EQ(current_number(store), 1);
  CHECK_EQ(current_number(store, rsa), 2);
  CHECK_EQ(current_number(store, other), 3);
  CHECK(store.lineages() == (std::vector<Lineage>{other, kLineage, rsa}));
  REQUIRE_OK(store.remove(kLineage));
  REQUIRE_OK(store.remove(kLineage));
  REQUIRE_ERROR(store.load_current(kLineage), Errc::not_found);
  CHECK(store.lineages() == (std::vector<Lineage>{other, rsa}));
  REQUIRE_OK(store.remove(other));
  CHECK_EQ(names_in(shop.path("certs")), Names{"example.com"});
}

TEST(what_is_no_lineage_is_not_listed) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 1);
  put_text(shop.path("certs/note.txt"), "x");
  put_text(shop.path("certs/.hidden/ecdsa-256/x"), "x");
  put_text(shop.path("certs/example.com/dsa-1024/x"), "x");
  put_text(shop.path("certs/example.com/rsa-2048"), "a file");
  CHECK(store.lineages() == std::vector<Lineage>{kLineage});
}

TEST(a_damaged_version_is_set_aside_and_the_one_before_answers) {
  for (const char* file : {"fullchain.pem", "privkey.pem", "meta.json"}) {
    for (const char* how : {"byte", "cut", "empty", "gone"}) {
      QuickShop shop;
      Store store = shop.writer();
      save(store, 1, 2);
      const std::string path = shop.lineage_path("00000002/") + file;
      if (how == std::string("byte") && file == std::string("meta.json"))
        put_text(path, "{\"names\": []}");
      else if (how == std::string("byte"))
        spoil(path);
      else if (how == std::string("cut"))
        fs::resize_file(path, fs::file_size(path) - 2);
      else if (how == std::string("empty"))
        fs::resize_file(path, 0);
      else
        fs::remove(path);

      const Store reader = shop.reader();
      CHECK_EQ(current_number(reader), 1);
      CHECK_EQ(current_number(reader), 1);
      CHECK_EQ(shop.log.errors.size(), 1);
      CHECK_CONTAINS(shop.log.errors[0], path);
      CHECK_CONTAINS(shop.log.errors[0], "version 00000001 answers");
      CHECK_EQ(names_in(shop.lineage_path("")), (Names{"00000001", "00000002", "current"}));

      CHECK_EQ(current_number(store), 1);
      CHECK_EQ(current_number(store), 1);
      CHECK_EQ(shop.log.errors.size(), 2);
      CHECK_CONTAINS(shop.log.errors[1], "set aside as 00000002.damaged");
      CHECK_EQ(names_in(shop.lineage_path("")), (Names{"00000001", "00000002.damaged", "current"}));
      CHECK_EQ(fs::read_symlink(shop.lineage_path("current")), "00000001");

      // A number is not used twice; what was set aside goes when versions of its age do.
      save(store, 3, 3);
      CHECK_EQ(names_in(shop.lineage_path("")),
               (Names{"00000001", "00000002.damaged", "00000003", "current"}));
      save(store, 4, 4);
      CHECK_EQ(names_in(shop.lineage_path("")), (Names{"00000003", "00000004", "current"}));
    }
  }
}

TEST(when_every_version_is_damaged_that_is_said) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 2);
  spoil(shop.lineage_path("00000001/fullchain.pem"));
  spoil(shop.lineage_path("00000002/privkey.pem"));
  const Store reader = shop.reader();
  CHECK_CONTAINS(REQUIRE_ERROR(reader.load_current(kLineage), Errc::damaged), "SHA-256");
  CHECK_CONTAINS(shop.log.errors[0], "no version is left");
  REQUIRE_ERROR(store.load_current(kLineage), Errc::damaged);
  REQUIRE_ERROR(store.load_current(kLineage), Errc::damaged);
  CHECK_EQ(shop.log.errors.size(), 2);
  CHECK_EQ(names_in(shop.lineage_path("")),
           (Names{"00000001.damaged", "00000002.damaged", "current"}));
  save(store, 3, 3);
  CHECK_EQ(current_number(store), 3);
}

TEST(key_and_chain_of_different_renewals_never_answer) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 2);
  fs::copy_file(shop.lineage_path("00000001/privkey.pem"),
                shop.lineage_path("00000002/privkey.pem"), fs::copy_options::overwrite_existing);
  CHECK_EQ(current_number(shop.reader()), 1);
}

TEST(without_a_pointer_the_newest_whole_version_answers) {
  for (const char* target : {"", "nowhere", "../../../../etc", "00000009", "00000002.damaged"}) {
    QuickShop shop;
    Store store = shop.writer();
    save(store, 1, 2);
    fs::remove(shop.lineage_path("current"));
    if (*target) fs::create_symlink(target, shop.lineage_path("current"));
    CHECK_EQ(current_number(shop.reader()), 2);
    CHECK_EQ(current_number(store), 2);
    CHECK_EQ(fs::read_symlink(shop.lineage_path("current")), "00000002");
  }
}

TEST(a_pointer_that_is_a_folder_or_a_file_is_mended_or_said) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 1);
  fs::remove(shop.lineage_path("current"));
  put_text(shop.lineage_path("current"), "00000001");
  CHECK_EQ(current_number(store), 1);
  CHECK_EQ(fs::read_symlink(shop.lineage_path("current")), "00000001");
  fs::remove(shop.lineage_path("current"));
  fs::create_directory(shop.lineage_path("current"));
  CHECK_EQ(current_number(store), 1);
  CHECK_EQ(shop.log.others.size(), 1);
}

TEST(no_link_is_followed_out_of_the_store) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 2);
  fs::rename(shop.lineage_path("00000002"), shop.folder.path("elsewhere"));
  fs::create_directory_symlink(shop.folder.path("elsewhere"), shop.lineage_path("00000002"));
  CHECK_EQ(current_number(shop.reader()), 1);
}

TEST(seals_alone_are_enough_to_answer_with_chain_and_key) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 2);
  const Store reader = shop.reader();
  Version quick = REQUIRE_OK(reader.load_current(kLineage, Store::Meta::seals));
  Version whole = REQUIRE_OK(reader.load_current(kLineage));
  CHECK_EQ(quick.chain_pem, whole.chain_pem);
  CHECK(quick.key_pem.view() == whole.key_pem.view());
  CHECK(quick.meta.names.empty() && quick.name == "00000002");
  spoil(shop.lineage_path("00000002/fullchain.pem"));
  quick = REQUIRE_OK(reader.load_current(kLineage, Store::Meta::seals));
  CHECK_EQ(quick.name, "00000001");
}

TEST(out_of_descriptors_is_no_damage) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 2);
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  const int next = dup(0);
  close(next);
  for (int spare = 0; spare < 5; ++spare) {  // the file; to say what is wrong: the folder, its list
    rlimit few{static_cast<rlim_t>(next + spare), old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    auto version = store.load_current(kLineage);
    setrlimit(RLIMIT_NOFILE, &old);
    if (!version) REQUIRE_ERROR(version, Errc::io);
  }
  CHECK_EQ(current_number(store), 2);
  CHECK_EQ(names_in(shop.lineage_path("")), (Names{"00000001", "00000002", "current"}));
}

TEST(a_version_without_key_or_chain_is_refused) {
  QuickShop shop;
  Store store = shop.writer();
  Version version = version_of(1);
  version.key_pem = Secret();
  REQUIRE_ERROR(store.save_version(kLineage, std::move(version)), Errc::invalid_argument);
  version = version_of(1);
  version.chain_pem.clear();
  REQUIRE_ERROR(store.save_version(kLineage, std::move(version)), Errc::invalid_argument);
  CHECK(store.lineages().empty());
}

TEST(a_certificate_id_is_a_plain_name) {
  QuickShop shop;
  Store store = shop.writer();
  for (const char* id : {"", "..", "a/b", "/etc", "a\n"}) {
    const Lineage lineage{id, KeyType::ecdsa256};
    REQUIRE_ERROR(store.save_version(lineage, version_of(1)), Errc::invalid_argument);
    REQUIRE_ERROR(store.load_current(lineage), Errc::invalid_argument);
    REQUIRE_ERROR(store.remove(lineage), Errc::invalid_argument);
    REQUIRE_ERROR(store.load_schedule(lineage, kNow), Errc::invalid_argument);
    REQUIRE_ERROR(store.save_order_key(lineage, Secret("x")), Errc::invalid_argument);
  }
  CHECK_EQ(names_in(shop.path()), (Names{"VERSION", "lock"}));
}

TEST(numbers_end_with_an_error) {
  QuickShop shop;
  Store store = shop.writer();
  save(store, 1, 1);
  fs::rename(shop.lineage_path("00000001"), shop.lineage_path("99999999"));
  REQUIRE_ERROR(store.save_version(kLineage, version_of(2)), Errc::internal);
  CHECK_EQ(current_number(store), 1);
}

TEST(a_copy_of_a_store_is_a_store) {
  QuickShop shop;
  {
    Store store = shop.writer();
    save(store, 1, 2);
  }
  fs::copy(shop.path(), shop.folder.path("backup"),
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  fs::remove_all(shop.path());
  fs::rename(shop.folder.path("backup"), shop.path());
  CHECK_EQ(current_number(shop.reader()), 2);
  Store store = shop.writer();
  save(store, 3, 3);
  CHECK_EQ(current_number(store), 3);
  CHECK_EQ(mode_of(shop.path()), 0700);
}

TEST(a_reader_beside_a_writer_always_sees_one_whole_version) {
  constexpr int kVersions = 1000;
  QuickShop shop;
  Store writer = shop.writer();
  save(writer, 1, 1);
  const pid_t pid = fork();
  if (pid == 0) {
    bool fine = true;
    for (int n = 2; n <= kVersions; ++n)
      fine = fine && static_cast<bool>(writer.save_version(kLineage, version_of(n)));
    _exit(fine ? 0 : 1);
  }
  const Store reader = shop.reader();
  int last = 0;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    const int seen = current_number(reader);
    CHECK(seen >= last);
    last = seen;
  }
  CHECK_EQ(status, 0);
  CHECK_EQ(current_number(reader), kVersions);
  CHECK_EQ(shop.log.errors, Names{});
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
