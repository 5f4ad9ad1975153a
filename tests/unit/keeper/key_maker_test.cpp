// RSA keys come from children, a few at a time; a finalize waits for its key.
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;
using keeper::KeyMaker;

namespace {

Lineage rsa(const std::string& id) {
  return {id, KeyType::rsa2048};
}

std::vector<pid_t> children() {
  std::ifstream in("/proc/thread-self/children");
  std::vector<pid_t> out;
  for (pid_t pid; in >> pid;) out.push_back(pid);
  return out;
}

void reap_all() {
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

// As the keeper's loop does; the lineages whose keys came.
std::vector<Lineage> wait_for_keys(KeyMaker& keys) {
  for (int i = 0; i < 600; ++i) {
    std::vector<pollfd> fds;
    for (int fd : keys.descriptors()) fds.push_back({fd, POLLIN, 0});
    poll(fds.data(), fds.size(), 100);
    std::vector<Lineage> ready = keys.collect();
    if (!ready.empty()) return ready;
  }
  throw Failure("no key in a minute");
}

void check_key(std::optional<Result<keeper::MadeKey>> made, KeyType type) {
  CHECK(made.has_value());
  keeper::MadeKey key = REQUIRE_OK(*std::move(made));
  CHECK(REQUIRE_OK(PrivateKey::from_pem(key.pem.view())).type() == type);
  if (key.key.get()) CHECK(key.key.type() == type);
}

TEST(an_elliptic_key_is_there_at_once) {
  KeyMaker keys(system_env());
  check_key(keys.take(kSite), KeyType::ecdsa256);
  keys.begin(kSite);
  CHECK(keys.descriptors().empty());
  CHECK(keys.collect().empty());
  check_key(keys.take(kSite), KeyType::ecdsa256);
}

TEST(an_rsa_key_comes_from_a_child) {
  KeyMaker keys(system_env());
  CHECK(!keys.take(rsa("a")).has_value());  // begins
  CHECK_EQ(keys.descriptors().size(), 1);
  std::vector<Lineage> ready = wait_for_keys(keys);
  CHECK_EQ(ready.size(), 1);
  CHECK(ready.front() == rsa("a"));
  CHECK(keys.collect().empty());  // told once
  check_key(keys.take(rsa("a")), KeyType::rsa2048);
  reap_all();
}

TEST(only_a_few_children_work_at_a_time) {
  KeyMaker keys(system_env());
  for (int i = 0; i < 6; ++i) keys.begin(rsa("site" + std::to_string(i)));
  CHECK_EQ(children().size(), 2);
  std::size_t made = 0;
  while (made < 6) {
    for (const Lineage& lineage : wait_for_keys(keys)) {
      check_key(keys.take(lineage), KeyType::rsa2048);
      ++made;
    }
    CHECK(keys.descriptors().size() <= 2);
  }
  reap_all();
}

TEST(orders_that_come_and_go_start_no_more_children) {
  KeyMaker keys(system_env());
  for (int i = 0; i < 50; ++i) {
    keys.begin(rsa("a"));
    keys.forget(rsa("a"));
  }
  CHECK_EQ(children().size(), 1);
  keys.begin(rsa("a"));  // has it after all
  CHECK_EQ(wait_for_keys(keys).size(), 1);
  check_key(keys.take(rsa("a")), KeyType::rsa2048);
  reap_all();
}

TEST(a_key_that_nobody_wants_any_more_is_thrown_away) {
  KeyMaker keys(system_env());
  keys.begin(rsa("a"));
  keys.forget(rsa("a"));
  keys.forget(rsa("never begun"));
  reap_all();
  CHECK(keys.collect().empty());
  CHECK(keys.descriptors().empty());
  CHECK(!keys.take(rsa("a")).has_value());  // begins anew
  CHECK_EQ(wait_for_keys(keys).size(), 1);
  reap_all();
}

TEST(a_child_that_was_killed_is_made_up_for) {
  KeyMaker keys(system_env());
  keys.begin({"a", KeyType::rsa4096});
  for (pid_t child : children()) kill(child, SIGKILL);
  reap_all();
  CHECK_EQ(wait_for_keys(keys).size(), 1);
  check_key(keys.take({"a", KeyType::rsa4096}), KeyType::rsa4096);
}

TEST(a_child_holds_nothing_of_the_keepers) {
  UniqueFd lock(memfd_create("the-lock", 0));
  KeyMaker keys(system_env());
  keys.begin({"a", KeyType::rsa4096});
  CHECK_EQ(children().size(), 1);
  const std::string folder = "/proc/" + std::to_string(children().front()) + "/fd";
  auto holds_lock = [&folder] {
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(folder, gone))
      if (std::filesystem::read_symlink(entry.path(), gone).string().find("the-lock") !=
          std::string::npos)
        return true;
    return false;
  };
  for (int i = 0; i < 200 && holds_lock(); ++i) poll(nullptr, 0, 5);
  CHECK(!holds_lock());
  kill(children().front(), SIGKILL);
  reap_all();
}

// ---- the finalize that waits

std::uint32_t finalize_later(Bench& bench, std::uint32_t id) {
  CHECK(!bench.send(Bench::frame(ipc::SignFinalize{kSlow, "ca", kFinalizeUrl, kNonce}, id)));
  return id;
}

void deliver_key(Bench& bench) {
  bench.replies.clear();
  for (const Lineage& lineage : wait_for_keys(bench.certificates().keys()))
    bench.dispatch().key_is_ready(lineage);
  reap_all();
}

TEST(a_finalize_is_answered_when_its_key_is_there) {
  Bench bench;
  bench.create_order(kSlow);
  finalize_later(bench, 77);
  deliver_key(bench);
  CHECK_EQ(bench.replies.size(), 1);
  CHECK_EQ(bench.replies.front().first, 77);
  CHECK(bench.replies.front().second.ok);
  std::string csr = Bench::csr_in(bench.replies.front().second.text);
  CHECK(REQUIRE_OK(PrivateKey::from_pem(REQUIRE_OK(bench.store().load_order_key(kSlow)).view()))
            .type() == KeyType::rsa2048);
  bench.granted(ipc::InstallChain{kSlow, "ca", {bench.issue(csr, kSlow)}});
}

TEST(presenting_begins_the_key_that_finalize_needs) {
  Bench bench;
  bench.present(kSlow);
  CHECK_EQ(bench.certificates().keys().descriptors().size(), 1);
  deliver_key(bench);
  CHECK(bench.replies.empty());
  bench.granted(ipc::SignFinalize{kSlow, "ca", kFinalizeUrl, kNonce});  // at once
}

TEST(of_two_that_wait_for_one_key_the_later_is_answered) {
  Bench bench;
  bench.create_order(kSlow);
  finalize_later(bench, 1);
  bench.replies.clear();
  REQUIRE_OK(bench.dispatch().handle(
      Bench::frame(ipc::SignFinalize{kSlow, "ca", kFinalizeUrl, kNonce}, 2)));
  CHECK_EQ(bench.replies.size(), 1);
  CHECK_EQ(bench.replies.front().first, 1);
  CHECK(!bench.replies.front().second.ok);
  deliver_key(bench);
  CHECK_EQ(bench.replies.size(), 1);
  CHECK_EQ(bench.replies.front().first, 2);
  CHECK(bench.replies.front().second.ok);
}

TEST(what_waits_for_an_order_that_is_given_up_is_refused) {
  Bench bench;
  bench.create_order(kSlow);
  finalize_later(bench, 1);
  bench.replies.clear();
  REQUIRE_OK(bench.dispatch().handle(Bench::frame(ipc::GiveUpOrder{kSlow}, 2)));
  CHECK_EQ(bench.replies.size(), 2);
  CHECK_EQ(bench.replies[0].first, 1);
  CHECK(!bench.replies[0].second.ok);
  CHECK(bench.replies[1].second.ok);
  reap_all();
  CHECK(bench.certificates().keys().collect().empty());
}

TEST(a_new_agent_gets_no_answers_of_the_old_one) {
  Bench bench;
  bench.create_order(kSlow);
  finalize_later(bench, 1);
  bench.dispatch().forget_waiting();
  deliver_key(bench);
  CHECK(bench.replies.empty());
  bench.granted(ipc::SignFinalize{kSlow, "ca", kFinalizeUrl, kNonce});  // the key was kept
}

TEST(what_may_not_be_signed_does_not_wait) {
  Bench bench;
  bench.create_order(kSlow);
  CHECK(!bench.ask(ipc::SignFinalize{kSlow, "ca", kFinalizeUrl, std::string(1 << 20, 'n')}).ok);
  CHECK(!bench.ask(ipc::SignFinalize{kSlow, "ca", kCa + "/other", kNonce}).ok);
  CHECK(bench.certificates().keys().descriptors().empty());
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
