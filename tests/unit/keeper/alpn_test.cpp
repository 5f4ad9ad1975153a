// tls-alpn-01 as the keeper sees it: which certificates are on the board, and when.
#include "crypto/alpn_cert.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

const std::string kName = "site.example";

std::string digest_of(const std::string& text) {
  Sha256 digest = sha256(text);
  return {digest.begin(), digest.end()};
}

std::vector<KeyType> kinds(const AlpnAnswer& answer) {
  std::vector<KeyType> kinds;
  for (const Bundle& bundle : answer.bundles)
    kinds.push_back(*REQUIRE_OK(PrivateKey::from_der(bundle.key_der.view())).type());
  return kinds;
}
const std::vector<KeyType> kBoth = {KeyType::ecdsa256, KeyType::rsa2048};

std::string journalled(Bench& bench, const Lineage& lineage = kSite) {
  return REQUIRE_OK(bench.store().load_order(lineage)).key_authorizations.at(0).key_authorization;
}

// The keeper of a server whose master has filled no board.
void reload(Bench& bench) {
  bench.reload();
  CHECK(bench.board.has_challenges());
}

TEST(a_challenge_is_answered_by_a_certificate_of_each_kind) {
  Bench bench;
  bench.present_alpn();
  AlpnAnswer answer = REQUIRE_OK(bench.board.challenge(kName));
  CHECK(kinds(answer) == kBoth);
  CHECK_EQ(answer.digest, digest_of(journalled(bench)));
  CHECK_CONTAINS(journalled(bench), kToken + ".");
  for (const Bundle& bundle : answer.bundles) {
    CHECK_EQ(bundle.chain.size(), 1);
    CertificateInfo info = REQUIRE_OK(inspect_certificate(bundle.chain[0]));
    CHECK_EQ(info.names, std::vector<std::string>{kName});
    CHECK_CONTAINS(bundle.chain[0], "\x04\x20" + answer.digest);
  }
  // It is no http-01 token.
  (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
  bench.granted(ipc::SignChallenge{kSite, "ca", kCa + "/chall/1", kNonce});
}

TEST(nothing_is_answered_or_journalled_while_the_key_is_being_made) {
  Bench bench;
  bench.create_order();
  ipc::PresentChallenges request{kSite, "ca", {{kName, kToken, ChallengeType::tlsalpn01}}};
  CHECK(!bench.send(Bench::frame(request)));
  CHECK(!bench.board.has_challenges());
  CHECK(!bench.ask(ipc::SignChallenge{kSite, "ca", kCa + "/chall/1", kNonce}).ok);
  bench.replies.clear();
  bench.await_challenge_key();
  CHECK_EQ(bench.replies.size(), 1);
  CHECK(bench.replies[0].second.ok);
  CHECK(bench.board.has_challenges());
}

TEST(the_key_is_begun_with_an_order_that_will_probably_need_it) {
  const auto begun = [](Bench& bench) {
    bench.restart();
    bench.ask_for_order();
    return !bench.certificates().keys().descriptors().empty();
  };
  Bench first;
  CHECK(!begun(first));
  Bench second;
  second.config.issuers[0].challenges = {ChallengeType::tlsalpn01, ChallengeType::http01};
  CHECK(begun(second));
  Bench third;
  ScheduleRecord schedule;
  schedule.failed_challenges = {{kName, ChallengeType::http01, kNow - 5}};
  third.granted(ipc::SaveSchedule{kSite, schedule});
  CHECK(begun(third));
  // And is what the challenge waits for.
  third.granted(ipc::OrderCreated{kSite, "ca", kOrderUrl, kFinalizeUrl});
  third.await_challenge_key();
  third.granted(ipc::PresentChallenges{kSite, "ca", {{kName, kToken, ChallengeType::tlsalpn01}}});
}

TEST(two_orders_wait_for_one_key) {
  Bench bench;
  bench.create_order(kSite);
  bench.create_order({"wild", KeyType::ecdsa256});
  CHECK(!bench.send(Bench::frame(
      ipc::PresentChallenges{kSite, "ca", {{kName, kToken, ChallengeType::tlsalpn01}}}, 1)));
  CHECK(!bench.send(Bench::frame(
      ipc::PresentChallenges{{"wild", KeyType::ecdsa256},
                             "ca",
                             {{"wild.example", kOtherToken, ChallengeType::tlsalpn01}}},
      2)));
  bench.await_challenge_key();
  CHECK_EQ(bench.replies.size(), 2);
  CHECK_EQ(bench.replies[0].second.ok + bench.replies[1].second.ok, 2);
  AlpnAnswer one = REQUIRE_OK(bench.board.challenge(kName));
  AlpnAnswer two = REQUIRE_OK(bench.board.challenge("wild.example"));
  for (int i : {0, 1}) CHECK(one.bundles[i].key_der.view() == two.bundles[i].key_der.view());
  CHECK(one.digest != two.digest);
}

TEST(an_order_that_is_given_up_waits_for_no_key_and_shows_nothing) {
  Bench bench;
  bench.create_order();
  CHECK(!bench.send(Bench::frame(
      ipc::PresentChallenges{kSite, "ca", {{kName, kToken, ChallengeType::tlsalpn01}}}, 5)));
  REQUIRE_OK(bench.dispatch().handle(Bench::frame(ipc::GiveUpOrder{kSite}, 6)));
  CHECK_EQ(bench.replies.size(), 2);
  CHECK_EQ(bench.replies[0].first, 5);
  CHECK(!bench.replies[0].second.ok);
  bench.replies.clear();
  bench.await_challenge_key();
  CHECK(bench.replies.empty());
  CHECK(!bench.board.has_challenges());
}

TEST(the_end_of_an_order_takes_its_certificates_away) {
  for (bool installed : {false, true}) {
    Bench bench;
    bench.present_alpn();
    if (installed) {
      std::string csr =
          Bench::csr_in(bench.granted(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}));
      bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr)}});
    } else {
      bench.granted(ipc::GiveUpOrder{kSite});
    }
    CHECK(!bench.board.has_challenges());
    // The name is free for another order.
    bench.granted(ipc::SignNewOrder{kTwin, "ca", kCa + "/new-order", kNonce});
    bench.granted(ipc::OrderCreated{kTwin, "ca", kCa + "/order/2", kCa + "/order/2/finalize"});
    bench.granted(
        ipc::PresentChallenges{kTwin, "ca", {{kName, kOtherToken, ChallengeType::tlsalpn01}}});
    CHECK(bench.board.has_challenges());
  }
}

TEST(another_order_of_the_name_is_refused_and_leaves_the_first_alone) {
  Bench bench;
  bench.present_alpn();
  AlpnAnswer before = REQUIRE_OK(bench.board.challenge(kName));
  bench.granted(ipc::SignNewOrder{kTwin, "ca", kCa + "/new-order", kNonce});
  bench.granted(ipc::OrderCreated{kTwin, "ca", kCa + "/order/2", kCa + "/order/2/finalize"});
  ipc::PresentChallenges request{kTwin, "ca", {{kName, kOtherToken, ChallengeType::tlsalpn01}}};
  CHECK(!bench.ask(request).ok);
  // By http-01 there is room for both.
  request.challenges[0].type = ChallengeType::http01;
  bench.granted(request);
  bench.granted(ipc::GiveUpOrder{kTwin});
  CHECK_EQ(REQUIRE_OK(bench.board.challenge(kName)).digest, before.digest);
}

TEST(a_challenge_presented_anew_takes_the_place_of_the_old_one) {
  Bench bench;
  bench.present_alpn();
  bench.granted(
      ipc::PresentChallenges{kSite, "ca", {{kName, kOtherToken, ChallengeType::tlsalpn01}}});
  CHECK_EQ(REQUIRE_OK(bench.board.challenge(kName)).digest, digest_of(journalled(bench)));
  CHECK_CONTAINS(journalled(bench), kOtherToken);
  bench.granted(ipc::PresentChallenges{kSite, "ca", {{kName, kToken}}});
  CHECK(!bench.board.has_challenges());
  REQUIRE_OK(bench.board.key_authorization(kToken));
}

TEST(a_respawned_keeper_changes_nothing_on_the_board) {
  Bench bench;
  bench.present_alpn();
  AlpnAnswer before = REQUIRE_OK(bench.board.challenge(kName));
  bench.restart();
  AlpnAnswer after = REQUIRE_OK(bench.board.challenge(kName));
  for (int i : {0, 1}) CHECK(before.bundles[i].chain == after.bundles[i].chain);
  CHECK(bench.certificates().keys().descriptors().empty());  // no key was begun
  bench.granted(ipc::GiveUpOrder{kSite});
  CHECK(!bench.board.has_challenges());
}

TEST(a_keeper_that_finds_an_empty_board_answers_at_once_and_completely_a_little_later) {
  Bench bench;
  bench.present_alpn();
  const std::string digest = REQUIRE_OK(bench.board.challenge(kName)).digest;
  reload(bench);
  AlpnAnswer answer = REQUIRE_OK(bench.board.challenge(kName));
  CHECK_EQ(answer.digest, digest);
  CHECK(kinds(answer) == std::vector{KeyType::ecdsa256});
  bench.await_challenge_key();
  answer = REQUIRE_OK(bench.board.challenge(kName));
  CHECK_EQ(answer.digest, digest);
  CHECK(kinds(answer) == kBoth);
}

TEST(an_address_is_shown_by_its_reverse_name) {
  Bench bench;
  bench.config.certificates[0].names = {"192.0.2.7"};
  bench.restart();
  bench.present_alpn();
  REQUIRE_OK(bench.board.challenge("7.2.0.192.in-addr.arpa"));
  (void)REQUIRE_ERROR(bench.board.challenge("192.0.2.7"), Errc::not_found);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
