// Each call of each change of the store fails in turn. Whatever fails, however:
// the store that is opened next answers the old or the new state whole, and
// the same change succeeds when it is tried again.
#include <unistd.h>

#include <functional>
#include <memory>

#include "unit/store/store_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

enum class Fault {
  once,         // one call is refused, and the next ones go well
  full,         // that call and all after it are refused: a full or dying disk
  short_write,  // as full, but half of a write goes through before
  power_cut,    // all ends there, and what was not fsynced has no content
};

class FaultyEnv : public StoreEnv {
 public:
  mutable int calls = 0;
  int fail_at = 0;  // counted from 1; 0: never
  Fault fault = Fault::once;

  int open_at(int dir, const char* name, int flags, mode_t mode) const override {
    const int fd = StoreEnv::open_at(dir, name, flags, mode);
    // Not the lock file: a copy of its descriptor would hold the lock.
    if (fd >= 0 && (flags & O_EXCL)) files_.push_back({UniqueFd(dup(fd)), true});
    return fd;
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    const ssize_t n = StoreEnv::write(fd, data, size);
    if (n < 0 && fault == Fault::short_write && calls == fail_at && size > 1)
      return real_.write(fd, data, size / 2);
    return n;
  }
  int fsync(int fd) const override {  // counted and believed: a test is no power cut
    if (int refused = before("fsync", "")) return refused;
    for (File& file : files_)
      if (same(file.fd.get(), fd)) file.dirty = false;
    return 0;
  }

  // What the disk has when the power is back.
  void cut_power() {
    for (File& file : files_)
      if (file.dirty && ftruncate(file.fd.get(), 0) < 0) throw Failure("ftruncate");
    files_.clear();
  }
  void repair() { fail_at = 0; }

 protected:
  int before(std::string_view /*call*/, const std::string& /*name*/) const override {
    ++calls;
    const bool hit = fault == Fault::once ? calls == fail_at : fail_at > 0 && calls >= fail_at;
    return hit ? -ENOSPC : 0;
  }

 private:
  struct File {
    UniqueFd fd;
    bool dirty;
  };
  static bool same(int a, int b) {
    struct stat x {};
    struct stat y {};
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
  }
  mutable std::vector<File> files_;
};

struct Scenario {
  std::function<void(Store&)> prepare;
  std::function<Outcome(Store&)> change;
  std::function<std::string(const Store&)> look;
  // What a power cut before settle() may leave instead, of what can be had again.
  std::string lost = {};
};

class Rig {
 public:
  explicit Rig(const Scenario& scenario) : scenario_(scenario) {
    scenario.prepare(*store_);
    REQUIRE_OK(store_->settle());
    env_.calls = 0;
  }

  Outcome change() {
    ACME_CHECK(scenario_.change(*store_));
    return store_->settle();
  }
  std::string look() const { return scenario_.look(*store_); }
  std::string look_as_reader() {
    return scenario_.look(REQUIRE_OK(Store::open(env_, path(), Store::Mode::read_only, log_)));
  }
  int calls() const { return env_.calls; }
  std::string path() const { return folder_.path("store"); }

  void arm(Fault fault, int n) {
    env_.fault = fault;
    env_.fail_at = n;
  }
  void repair(Fault fault) {
    env_.repair();
    if (fault == Fault::power_cut) env_.cut_power();
  }
  void open_again() {
    store_.reset();
    store_ = std::make_unique<Store>(open());
  }
  std::vector<std::string> leftovers() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path()))
      if (entry.path().filename().string().starts_with(".")) found.push_back(entry.path());
    return found;
  }

 private:
  Store open() {
    Store store = REQUIRE_OK(Store::open(env_, path(), Store::Mode::read_write, log_));
    REQUIRE_OK(store.lock());
    return store;
  }

  const Scenario& scenario_;
  TempFolder folder_;
  FaultyEnv env_;
  Memory log_;
  std::unique_ptr<Store> store_ = std::make_unique<Store>(open());
};

void check_one_of(const std::string& seen, const std::string& before, const std::string& after,
                  const std::string& where) {
  if (seen != before && seen != after)
    throw Failure(where + ": " + show(seen) + " is neither " + show(before) + " nor " +
                  show(after));
}

void fail_each_call(const Scenario& scenario) {
  std::string before;
  std::string after;
  int calls = 0;
  {
    Rig rig(scenario);
    before = rig.look();
    REQUIRE_OK(rig.change());
    calls = rig.calls();
    after = rig.look();
    CHECK(before != after);
    CHECK(calls > 0);
  }
  for (Fault fault : {Fault::once, Fault::full, Fault::short_write, Fault::power_cut}) {
    for (int n = 1; n <= calls; ++n) {
      const std::string where = "fault " + show(fault) + " at call " + std::to_string(n);
      Rig rig(scenario);
      rig.arm(fault, n);
      Outcome outcome = rig.change();
      if (!outcome) {
        CHECK_CONTAINS(outcome.error().message, rig.path());
        CHECK_CONTAINS(outcome.error().message, "No space left on device");
      }
      check_one_of(rig.look_as_reader(), before, after, where + ", reader");
      rig.repair(fault);
      rig.open_again();
      const std::string seen = rig.look();
      const bool lost = fault == Fault::power_cut && !outcome && seen == scenario.lost;
      if (!lost) check_one_of(seen, before, after, where);
      // What was reported as done is done, even when the power goes now.
      if (outcome && seen != after) throw Failure(where + ": reported as done and is not");
      if (!rig.leftovers().empty()) throw Failure(where + ": left " + rig.leftovers().front());
      REQUIRE_OK(rig.change());
      CHECK_EQ(rig.look(), after);
    }
  }
}

std::string why(const Error& error) {
  return "error " + show(error.code);
}

std::string look_at_version(const Store& store) {
  auto version = store.load_current(kLineage);
  return version ? std::to_string(number_of(*version)) : why(version.error());
}

std::string look_at_schedule(const Store& store) {
  auto schedule = store.load_schedule(kLineage, kNow);
  return schedule ? std::to_string(schedule->failures) : why(schedule.error());
}

// Each event once: one that was written and not known to be is written again.
std::string look_at_history(const Store& store) {
  auto events = store.load_history(kLineage);
  if (!events) return why(events.error());
  std::string text;
  for (const HistoryEvent& event : *events)
    if (!text.ends_with(event.event)) text += " " + event.event;
  return text;
}

std::string look_at_order(const Store& store) {
  std::string text;
  for (const OrderRecord& order : store.load_orders()) {
    text += order.order_url;
    if (order.has_key)
      text += " " + std::string(REQUIRE_OK(store.load_order_key(order.lineage)).view());
  }
  return text;
}

std::string look_at_account(const Store& store) {
  auto account = store.load_account("le");
  auto key = store.load_account_key("le");
  return (account ? account->account_url : why(account.error())) + " " +
         (key ? std::string(key->view()) : why(key.error()));
}

ScheduleRecord schedule_of(std::uint32_t failures) {
  ScheduleRecord schedule;
  schedule.failures = failures;
  return schedule;
}

OrderRecord order_of(int n) {
  OrderRecord order;
  order.lineage = kLineage;
  order.issuer = "le";
  order.directory_url = "https://ca.example/directory";
  order.order_url = "https://ca.example/order/" + std::to_string(n);
  order.key_authorizations = {{"example.com", "token", "token.thumbprint"}};
  return order;
}

AccountRecord account_of(int n) {
  AccountRecord account;
  account.issuer = "le";
  account.directory_url = "https://ca.example/directory";
  account.account_url = "https://ca.example/acct/" + std::to_string(n);
  return account;
}

void nothing(Store&) {}

void save_version(Store& store, int n) {
  REQUIRE_OK(store.save_version(kLineage, version_of(n)));
}

}  // namespace

TEST(the_first_version) {
  fail_each_call({nothing, [](Store& store) { return store.save_version(kLineage, version_of(1)); },
                  look_at_version, "error " + show(Errc::damaged)});
}

TEST(a_renewal) {
  fail_each_call({[](Store& store) { save_version(store, 1); },
                  [](Store& store) { return store.save_version(kLineage, version_of(2)); },
                  look_at_version});
}

TEST(a_renewal_that_prunes) {
  fail_each_call({[](Store& store) {
                    for (int n = 1; n <= 3; ++n) save_version(store, n);
                  },
                  [](Store& store) { return store.save_version(kLineage, version_of(4)); },
                  look_at_version});
}

TEST(the_removal_of_a_lineage) {
  fail_each_call({[](Store& store) { save_version(store, 1); },
                  [](Store& store) { return store.remove(kLineage); }, look_at_version});
}

TEST(the_first_schedule) {
  fail_each_call({nothing,
                  [](Store& store) { return store.save_schedule(kLineage, schedule_of(1)); },
                  look_at_schedule});
}

TEST(another_schedule) {
  fail_each_call({[](Store& store) { REQUIRE_OK(store.save_schedule(kLineage, schedule_of(1))); },
                  [](Store& store) { return store.save_schedule(kLineage, schedule_of(2)); },
                  look_at_schedule});
}

TEST(an_event_more) {
  fail_each_call({[](Store& store) {
                    REQUIRE_OK(store.add_history(kLineage, {kNow, "issued", "ca"}));
                  },
                  [](Store& store) {
                    return store.add_history(kLineage, {kNow, "renewed", "ca"});
                  },
                  look_at_history});
}

TEST(the_first_order) {
  fail_each_call(
      {nothing, [](Store& store) { return store.save_order(order_of(1)); }, look_at_order});
}

TEST(an_order_that_goes_on) {
  fail_each_call({[](Store& store) { REQUIRE_OK(store.save_order(order_of(1))); },
                  [](Store& store) { return store.save_order(order_of(2)); }, look_at_order});
}

TEST(an_order_that_gets_its_key) {
  fail_each_call({[](Store& store) { REQUIRE_OK(store.save_order(order_of(1))); },
                  [](Store& store) -> Outcome {
                    ACME_CHECK(store.save_order_key(kLineage, Secret("pem")));
                    OrderRecord order = order_of(1);
                    order.has_key = true;
                    return store.save_order(order);
                  },
                  look_at_order});
}

TEST(an_order_key) {
  fail_each_call({[](Store& store) { REQUIRE_OK(store.save_order_key(kLineage, Secret("old"))); },
                  [](Store& store) { return store.save_order_key(kLineage, Secret("new")); },
                  [](const Store& store) {
                    return std::string(REQUIRE_OK(store.load_order_key(kLineage)).view());
                  }});
}

// A power cut must not take both the new certificate and the order that it can be had from again.
TEST(an_order_whose_certificate_is_stored) {
  auto look = [](const Store& store) {
    auto version = store.load_current(kLineage);
    return version ? "certificate " + std::to_string(number_of(*version)) : look_at_order(store);
  };
  fail_each_call({[](Store& store) {
                    REQUIRE_OK(store.save_order_key(kLineage, Secret("pem")));
                    OrderRecord order = order_of(1);
                    order.has_key = true;
                    REQUIRE_OK(store.save_order(order));
                  },
                  [](Store& store) -> Outcome {
                    ACME_CHECK(store.save_version(kLineage, version_of(1)));
                    return store.forget_order(kLineage);
                  },
                  look});
}

TEST(an_order_that_is_forgotten) {
  fail_each_call({[](Store& store) {
                    REQUIRE_OK(store.save_order_key(kLineage, Secret("pem")));
                    OrderRecord order = order_of(1);
                    order.has_key = true;
                    REQUIRE_OK(store.save_order(order));
                  },
                  [](Store& store) { return store.forget_order(kLineage); }, look_at_order});
}

TEST(an_account_key) {
  fail_each_call({nothing, [](Store& store) { return store.save_account_key("le", Secret("pem")); },
                  look_at_account});
}

TEST(an_account) {
  fail_each_call({[](Store& store) { REQUIRE_OK(store.save_account(account_of(1))); },
                  [](Store& store) { return store.save_account(account_of(2)); }, look_at_account});
}

TEST(an_account_that_is_retired) {
  fail_each_call({[](Store& store) {
                    REQUIRE_OK(store.save_account_key("le", Secret("pem")));
                    REQUIRE_OK(store.save_account(account_of(1)));
                  },
                  [](Store& store) { return store.retire_account("le"); }, look_at_account});
}

TEST(the_configuration) {
  fail_each_call({[](Store& store) { REQUIRE_OK(store.save_config("old")); },
                  [](Store& store) { return store.save_config("new"); },
                  [](const Store& store) { return REQUIRE_OK(store.load_config()); }});
}

TEST(the_last_reload) {
  fail_each_call({[](Store& store) {
                    REQUIRE_OK(store.save_reload({kNow - 60, 1}));
                  },
                  [](Store& store) {
                    return store.save_reload({kNow, 2});
                  },
                  [](const Store& store) {
                    return std::to_string(REQUIRE_OK(store.load_reload(kNow)).vain);
                  }});
}

TEST(a_damaged_version_is_answered_for_by_the_one_before_whatever_fails) {
  for (int n = 1; n <= 8; ++n) {
    TempFolder folder;
    FaultyEnv env;
    Memory log;
    Store store = REQUIRE_OK(Store::open(env, folder.path("store"), Store::Mode::read_write, log));
    REQUIRE_OK(store.lock());
    save_version(store, 1);
    save_version(store, 2);
    put_text(folder.path("store/certs/example.com/ecdsa-256/00000002/privkey.pem"), "");
    env.fault = Fault::full;
    env.fail_at = env.calls + n;
    CHECK_EQ(current_number(store), 1);
    CHECK_EQ(current_number(store), 1);
    env.repair();
    CHECK_EQ(current_number(store), 1);
    save_version(store, 3);
    CHECK_EQ(current_number(store), 3);
  }
}

TEST(a_store_is_opened_and_locked_or_says_why) {
  for (Fault fault : {Fault::once, Fault::full, Fault::short_write, Fault::power_cut}) {
    for (int n = 1; n <= 20; ++n) {
      TempFolder folder;
      FaultyEnv env;
      Memory log;
      auto open = [&]() -> Outcome {
        ACME_TRY(Store store,
                 Store::open(env, folder.path("a/store"), Store::Mode::read_write, log));
        ACME_CHECK(store.lock());
        return store.probe();
      };
      env.fault = fault;
      env.fail_at = n;
      if (Outcome opened = open(); !opened) CHECK_CONTAINS(opened.error().message, folder.path());
      env.repair();
      if (fault == Fault::power_cut) env.cut_power();
      REQUIRE_OK(open());
      CHECK_EQ(text_in(folder.path("a/store/VERSION")), "1\n");
      CHECK_EQ(names_in(folder.path("a/store")), (std::vector<std::string>{"VERSION", "lock"}));
    }
  }
}

TEST(a_full_disk_is_known_before_the_order) {
  TempFolder folder;
  FaultyEnv env;
  Memory log;
  Store store = REQUIRE_OK(Store::open(env, folder.path("store"), Store::Mode::read_write, log));
  REQUIRE_OK(store.lock());
  env.fault = Fault::full;
  env.fail_at = env.calls + 2;
  CHECK_CONTAINS(REQUIRE_ERROR(store.probe(), Errc::io), "No space left on device");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
