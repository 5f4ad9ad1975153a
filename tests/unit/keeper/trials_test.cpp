// Dry runs: an order of which nothing is kept.
#include "unit/keeper/bench.h"
#include "unit/keeper/requests_trials.h"

using namespace acme;
using namespace acme::test;

namespace {

const std::string kSecond = "https://second.example";

struct Trying {
  Bench bench;
  std::optional<ipc::ControlAnswer> answer;
  ipc::Trial trial;

  void begin() {
    bench.register_account("second");
    trial = begin_trial(bench, [this](const auto& given) { answer = given; });
  }
  void present() {
    bench.granted(ipc::SignNewOrder{trial.lineage, "second", kSecond + "/new-order", kNonce});
    bench.granted(
        ipc::OrderCreated{trial.lineage, "second", kSecond + "/order/1", kSecond + "/finalize/1"});
    bench.granted(ipc::PresentChallenges{trial.lineage, "second", {{"site.example", kToken}}});
  }
  void install() {
    const ipc::SignFinalize finalize{trial.lineage, "second", kSecond + "/finalize/1", kNonce};
    const std::string csr = Bench::csr_in(bench.granted(finalize));
    bench.granted(finalize);  // once more, as after a bad nonce: with the same key
    bench.granted(ipc::InstallChain{trial.lineage, "second", {bench.issue(csr, kSite)}});
  }
  void done(const std::string& words = "") { bench.granted(ipc::TrialDone{trial.number, words}); }
  std::string refusal(const std::string& name) {
    auto now = bench.trials().ask(name, [](const auto&) {});
    CHECK(now && !now->ok);
    return now->text;
  }
};

TEST(a_dry_run_is_a_whole_order_and_nothing_is_kept) {
  Trying trying;
  Bench& bench = trying.bench;
  bench.install();
  const Version before = REQUIRE_OK(bench.store().load_current(kSite));
  const auto served = bench.managed(kSite).served;
  trying.begin();
  CHECK_EQ(trying.trial.issuer, "second");
  CHECK_EQ(trying.trial.names.size(), 2);
  CHECK_EQ(bench.certificates().all().size(), 4);
  trying.present();
  CHECK(static_cast<bool>(bench.board.key_authorization(kToken)));
  CHECK(bench.store().load_orders().empty());
  trying.install();
  CHECK(!bench.board.key_authorization(kToken));
  trying.done();
  CHECK(trying.answer && trying.answer->ok);
  CHECK_CONTAINS(trying.answer->text,
                 "site: the dry run at second issued a certificate (2 names, valid until ");
  CHECK_CONTAINS(trying.answer->text, "nothing was changed");
  CHECK_EQ(bench.log.count("site: dry run at second: issued a certificate"), 1);
  CHECK_EQ(REQUIRE_OK(bench.store().load_current(kSite)).chain_pem, before.chain_pem);
  CHECK_EQ(bench.managed(kSite).served, served);
  CHECK(bench.certificates().find_ordered(trying.trial.lineage) == nullptr);
  // The agent may ask for nothing more in its name.
  CHECK(
      !bench.ask(ipc::SignNewOrder{trying.trial.lineage, "second", kSecond + "/new-order", kNonce})
           .ok);
}

TEST(a_dry_run_that_fails_says_it_in_the_cas_words) {
  Trying trying;
  trying.begin();
  trying.present();
  trying.done("site.example: the CA said no");
  CHECK(trying.answer && !trying.answer->ok);
  CHECK_CONTAINS(trying.answer->text,
                 "site: the dry run at second failed: site.example: the CA said no");
  CHECK(!trying.bench.board.key_authorization(kToken));
  CHECK(trying.bench.managed(kSite).schedule.last_error.empty());
}

TEST(a_dry_run_orders_at_no_other_ca_and_has_no_schedule) {
  Trying trying;
  trying.begin();
  trying.bench.register_account();
  CHECK(!trying.bench.ask(ipc::SignNewOrder{trying.trial.lineage, "ca", kCa + "/new-order", kNonce})
             .ok);
  CHECK(!trying.bench.ask(ipc::SaveSchedule{trying.trial.lineage, {}}).ok);
}

TEST(no_dry_run_beside_an_order) {
  Trying trying;
  trying.bench.create_order();
  trying.bench.config.issuers[0].staging = "second";
  CHECK_CONTAINS(trying.refusal("site"), "an order is under way");
  // Of another certificate with a name of this one's.
  CHECK_CONTAINS(trying.refusal("twin"), "an order is under way");
}

TEST(an_order_comes_before_a_dry_run) {
  Trying trying;
  trying.begin();
  trying.present();
  trying.bench.ask_for_order();
  CHECK(trying.answer && !trying.answer->ok);
  CHECK_CONTAINS(trying.answer->text, "has begun, which comes first");
  CHECK(!trying.bench.board.key_authorization(kToken));
}

TEST(a_dry_run_ends_with_its_agent) {
  Trying trying;
  trying.begin();
  trying.present();
  trying.bench.trials().forget_agent();
  CHECK(trying.answer && !trying.answer->ok);
  CHECK_CONTAINS(trying.answer->text, "the network side of the helper has ended");
  CHECK(!trying.bench.board.key_authorization(kToken));
}

TEST(a_keeper_that_was_killed_in_a_dry_run_leaves_no_answer) {
  Trying trying;
  Bench& bench = trying.bench;
  const Lineage wild{"wild", KeyType::ecdsa256};
  bench.create_order(wild);
  bench.granted(ipc::PresentChallenges{wild, "ca", {{"wild.example", kOtherToken}}});
  trying.begin();
  trying.present();
  bench.restart();
  CHECK(!bench.board.key_authorization(kToken));
  CHECK(static_cast<bool>(bench.board.key_authorization(kOtherToken)));
}

TEST(what_cannot_be_tried_is_refused_at_once) {
  Trying trying;
  CHECK_CONTAINS(trying.refusal("evil.example"), "no certificate is called");
  CHECK_CONTAINS(trying.refusal("site"), "has no staging CA");
  trying.bench.config.issuers[0].staging = "second";
  trying.bench.trials().on_new = [](const ipc::Trial&) { return false; };
  CHECK_CONTAINS(trying.refusal("site"), "is not running");
  trying.begin();
  CHECK_CONTAINS(trying.refusal("site"), "under way already");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
