#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

AccountRecord account() {
  AccountRecord record;
  record.issuer = "letsencrypt";
  record.directory_url = "https://ca.example/directory";
  record.account_url = "https://ca.example/acct/1";
  record.created = kNow;
  return record;
}

}  // namespace

TEST(an_account_and_its_key_come_back) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_ERROR(store.load_account("letsencrypt"), Errc::not_found);
  REQUIRE_ERROR(store.load_account_key("letsencrypt"), Errc::not_found);
  REQUIRE_OK(store.save_account_key("letsencrypt", Secret("pem")));
  REQUIRE_ERROR(store.load_account("letsencrypt"), Errc::not_found);
  REQUIRE_OK(store.save_account(account()));

  const Store reader = shop.reader();
  AccountRecord back = REQUIRE_OK(reader.load_account("letsencrypt"));
  CHECK_EQ(back.issuer, "letsencrypt");
  CHECK_EQ(back.account_url, "https://ca.example/acct/1");
  CHECK_EQ(REQUIRE_OK(reader.load_account_key("letsencrypt")).view(), "pem");
  CHECK_EQ(mode_of(shop.path("issuers/letsencrypt")), 0700);
  CHECK_EQ(mode_of(shop.path("issuers/letsencrypt/key")), 0600);
  CHECK_EQ(mode_of(shop.path("issuers/letsencrypt/account.json")), 0600);
}

TEST(an_account_key_is_never_replaced) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_account_key("le", Secret("first")));
  REQUIRE_OK(store.save_account_key("le", Secret("first")));
  CHECK_CONTAINS(REQUIRE_ERROR(store.save_account_key("le", Secret("second")), Errc::refused),
                 "retire");
  CHECK_EQ(REQUIRE_OK(store.load_account_key("le")).view(), "first");
}

TEST(an_empty_account_key_is_no_key) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_ERROR(store.save_account_key("le", Secret()), Errc::invalid_argument);
  put_text(shop.path("issuers/le/key"), "");
  REQUIRE_ERROR(store.load_account_key("le"), Errc::damaged);
  REQUIRE_OK(store.save_account_key("le", Secret("pem")));
}

TEST(a_retired_account_is_kept_beside) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.retire_account("letsencrypt"));  // none yet
  for (const char* key : {"first", "second", "third"}) {
    REQUIRE_OK(store.save_account_key("letsencrypt", Secret(std::string_view(key))));
    REQUIRE_OK(store.save_account(account()));
    REQUIRE_OK(store.retire_account("letsencrypt"));
    REQUIRE_ERROR(store.load_account("letsencrypt"), Errc::not_found);
    REQUIRE_ERROR(store.load_account_key("letsencrypt"), Errc::not_found);
  }
  CHECK_EQ(names_in(shop.path("issuers")),
           (std::vector<std::string>{"letsencrypt.1", "letsencrypt.2", "letsencrypt.3"}));
  CHECK_EQ(REQUIRE_OK(store.load_account_key("letsencrypt.2")).view(), "second");
}

TEST(a_successor_takes_the_keys_place_by_one_rename) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_account_key("letsencrypt", Secret("old")));
  REQUIRE_ERROR(store.load_next_account_key("letsencrypt"), Errc::not_found);
  REQUIRE_OK(store.save_next_account_key("letsencrypt", Secret("dropped")));
  REQUIRE_OK(store.forget_next_account_key("letsencrypt"));
  REQUIRE_OK(store.forget_next_account_key("letsencrypt"));
  REQUIRE_ERROR(store.adopt_next_account_key("letsencrypt"), Errc::not_found);
  REQUIRE_OK(store.save_next_account_key("letsencrypt", Secret("first")));
  REQUIRE_OK(store.save_next_account_key("letsencrypt", Secret("new")));
  CHECK_EQ(REQUIRE_OK(store.load_account_key("letsencrypt")).view(), "old");
  CHECK_EQ(REQUIRE_OK(store.load_next_account_key("letsencrypt")).view(), "new");
  REQUIRE_OK(store.adopt_next_account_key("letsencrypt"));
  CHECK_EQ(REQUIRE_OK(store.load_account_key("letsencrypt")).view(), "new");
  CHECK_EQ(names_in(shop.path("issuers/letsencrypt")), (std::vector<std::string>{"key"}));
  REQUIRE_OK(store.forget_account_key("letsencrypt"));
  REQUIRE_ERROR(store.load_account_key("letsencrypt"), Errc::not_found);
}

TEST(a_damaged_account_is_set_aside_and_its_key_stays) {
  Shop shop;
  Store store = shop.writer();
  REQUIRE_OK(store.save_account_key("letsencrypt", Secret("pem")));
  REQUIRE_OK(store.save_account(account()));
  put_text(shop.path("issuers/letsencrypt/account.json"), "{\"directory_url\": \"htt");
  const Store reader = shop.reader();
  REQUIRE_ERROR(reader.load_account("letsencrypt"), Errc::damaged);
  REQUIRE_ERROR(reader.load_account("letsencrypt"), Errc::damaged);
  CHECK_EQ(shop.log.errors.size(), 1);
  REQUIRE_ERROR(store.load_account("letsencrypt"), Errc::damaged);
  REQUIRE_ERROR(store.load_account("letsencrypt"), Errc::not_found);
  CHECK_EQ(names_in(shop.path("issuers/letsencrypt")),
           (std::vector<std::string>{"account.json.damaged", "key"}));
  CHECK_CONTAINS(shop.log.errors.back(), "set aside as account.json.damaged");
}

TEST(an_issuer_id_is_a_plain_name) {
  Shop shop;
  Store store = shop.writer();
  for (const char* id : {"", "..", "a/b", "../../etc", ".x"}) {
    REQUIRE_ERROR(store.load_account(id), Errc::invalid_argument);
    REQUIRE_ERROR(store.load_account_key(id), Errc::invalid_argument);
    REQUIRE_ERROR(store.save_account_key(id, Secret("x")), Errc::invalid_argument);
    REQUIRE_ERROR(store.retire_account(id), Errc::invalid_argument);
  }
  AccountRecord nowhere = account();
  nowhere.directory_url.clear();
  REQUIRE_ERROR(store.save_account(nowhere), Errc::invalid_argument);
}

TEST(a_ca_cannot_be_waited_for_longer_than_a_day) {
  Shop shop;
  Store store = shop.writer();
  AccountRecord record = account();
  record.not_before = kNow + 400 * kDay;
  REQUIRE_OK(store.save_account(record));
  CHECK_EQ(REQUIRE_OK(store.load_account("letsencrypt")).not_before, kNow + kDay);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
