// One certificate's life as the keeper sees it: what is on disk and on the board
// at each step, and what a restart finds.
#include <sys/stat.h>

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

std::string journal_file(const Bench& bench, const Lineage& lineage, const std::string& name) {
  return bench.folder / ("store/journal/" + lineage.certificate + "/" +
                         std::string(key_type_slug(lineage.key)) + "/" + name);
}

Bundle served(const Bench& bench, std::uint32_t slot) {
  auto copy = REQUIRE_OK(bench.board.certificate(slot));
  return REQUIRE_OK(decode_bundle(copy.bytes.span()));
}

void check_served_is_stored(Bench& bench, const Lineage& lineage) {
  Bundle bundle = served(bench, bench.managed(lineage).slot);
  Version stored = REQUIRE_OK(bench.store().load_current(lineage));
  CHECK_EQ(chain_to_pem(bundle.chain), stored.chain_pem);
  PrivateKey key = REQUIRE_OK(PrivateKey::from_pem(stored.key_pem.view()));
  CHECK(REQUIRE_OK(key.der()).view() == bundle.key_der.view());
}

// ---- step by step

TEST(a_whole_order_leaves_a_certificate_stored_and_served) {
  Bench bench;
  bench.read_directory();

  Signed order(bench.ask_for_order());
  CHECK_EQ(order.header["kid"].text_or(""), kAccountUrl);
  CHECK_EQ(order.header["url"].text_or(""), kCa + "/new-order");
  CHECK_EQ(order.header["nonce"].text_or(""), kNonce);
  CHECK_EQ(order.payload, R"({"identifiers":[{"type":"dns","value":"site.example"},)"
                          R"({"type":"dns","value":"www.site.example"}]})");

  bench.granted(ipc::OrderCreated{kSite, "ca", kOrderUrl, kFinalizeUrl});
  CHECK_CONTAINS(contents_of(journal_file(bench, kSite, "order.json")), kOrderUrl);

  ipc::PresentChallenges challenges{
      kSite, "ca", {{"site.example", kToken}, {"www.site.example", kOtherToken}}};
  bench.granted(challenges);
  std::string thumbprint = REQUIRE_OK(bench.board.key_authorization(kToken)).substr(kToken.size());
  CHECK_EQ(thumbprint.size(), 44);  // "." and a SHA-256
  CHECK_EQ(REQUIRE_OK(bench.board.key_authorization(kOtherToken)), kOtherToken + thumbprint);
  CHECK_CONTAINS(contents_of(journal_file(bench, kSite, "order.json")), kToken + thumbprint);

  ipc::SignChallenge start{kSite, "ca", kCa + "/chall/1", kNonce};
  CHECK_EQ(Signed(bench.granted(start)).payload, "{}");

  CHECK(contents_of(journal_file(bench, kSite, "key")).empty());
  std::string csr =
      Bench::csr_in(bench.granted(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}));
  CHECK_CONTAINS(contents_of(journal_file(bench, kSite, "key")), "PRIVATE KEY");

  auto state = REQUIRE_OK(
      decode<ipc::LineageState>(bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr)}})));
  CHECK(state.stored && state.current && state.order_url.empty());
  CHECK_EQ(state.not_after, kNow + 90 * kDay);
  CHECK_EQ(state.issuer, "ca");
  check_served_is_stored(bench, kSite);
  CHECK(bench.store().load_orders().empty());
  (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
  (void)REQUIRE_ERROR(bench.board.key_authorization(kOtherToken), Errc::not_found);
}

TEST(the_csr_names_what_is_configured_and_nothing_else) {
  Bench bench;
  std::string der = bench.finalize();
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ossl::Request csr(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  CHECK_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(csr.get())), 0);
  CHECK_CONTAINS(der, "site.example");
  CHECK_CONTAINS(der, "www.site.example");
}

TEST(a_finalize_that_is_asked_for_again_has_the_same_key) {
  Bench bench;
  std::string first = bench.finalize();
  std::string second =
      Bench::csr_in(bench.granted(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}));
  CHECK_EQ(EVP_PKEY_eq(Bench::key_of_csr(first).get(), Bench::key_of_csr(second).get()), 1);
}

TEST(a_key_that_was_not_stored_is_not_used) {
  Bench bench;
  bench.present();
  bench.env.writes_before_failure = 1;  // the key is written, its record is not
  CHECK(!bench.ask(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}).ok);
  bench.env.writes_before_failure = -1;
  std::string csr =
      Bench::csr_in(bench.granted(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}));
  bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr)}});
  check_served_is_stored(bench, kSite);
}

TEST(a_second_try_for_an_order_replaces_the_first_while_it_has_no_url) {
  Bench bench;
  bench.ask_for_order();
  bench.ask_for_order();  // its answer was lost
  bench.granted(ipc::OrderCreated{kSite, "ca", kOrderUrl, kFinalizeUrl});
  bench.granted(ipc::OrderCreated{kSite, "ca", kOrderUrl, kFinalizeUrl});  // told twice
  CHECK_EQ(bench.certificates().state_of(bench.managed(kSite)).order_url, kOrderUrl);
}

TEST(an_order_without_a_url_is_nothing_to_resume) {
  Bench bench;
  bench.ask_for_order();
  ipc::LineageState state = bench.certificates().state_of(bench.managed(kSite));
  CHECK(state.order_issuer.empty() && state.order_url.empty());
}

TEST(challenges_presented_anew_take_the_place_of_the_old_ones) {
  Bench bench;
  bench.present();
  bench.granted(ipc::PresentChallenges{kSite, "ca", {{"site.example", kOtherToken}}});
  REQUIRE_OK(bench.board.key_authorization(kOtherToken));
  (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
}

TEST(a_wildcard_is_presented_by_its_base) {
  Bench bench;
  const Lineage wild{"wild", KeyType::ecdsa256};
  bench.create_order(wild);
  bench.granted(ipc::PresentChallenges{wild, "ca", {{"wild.example", kToken}}});
  CHECK(!bench.ask(ipc::PresentChallenges{wild, "ca", {{"a.wild.example", kToken}}}).ok);
}

TEST(giving_up_withdraws_everything) {
  Bench bench;
  bench.finalize();
  bench.granted(ipc::GiveUpOrder{kSite});
  CHECK(bench.store().load_orders().empty());
  (void)REQUIRE_ERROR(bench.store().load_order_key(kSite), Errc::not_found);
  (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
  bench.granted(ipc::GiveUpOrder{kSite});  // twice does no harm
  bench.ask_for_order();                   // and a new one may begin
}

TEST(a_chain_that_is_refused_leaves_the_order_as_it_was) {
  Bench bench;
  std::string csr = bench.finalize();
  Wanted expired = bench.leaf_for(kSite);
  expired.to = kNow - 1;
  CHECK(!bench.ask(ipc::InstallChain{kSite, "ca", {bench.issue(csr, expired)}}).ok);
  bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr)}});
}

TEST(a_renewal_keeps_the_version_before_and_has_another_key) {
  Bench bench;
  bench.install();
  Bundle first = served(bench, 0);
  bench.env.pass(60 * kDay);
  bench.install();
  Bundle second = served(bench, 0);
  CHECK(first.key_der.view() != second.key_der.view());
  check_served_is_stored(bench, kSite);
  CHECK(std::filesystem::exists(bench.folder / "store/certs/site/ecdsa-256/00000001"));
}

TEST(what_a_schedule_asked_for_is_over_with_the_certificate) {
  Bench bench;
  REQUIRE_OK(bench.certificates().request_renewal(bench.managed(kSite)));
  ScheduleRecord failing;
  failing.next_try = kNow + 60;
  failing.failures = 3;
  failing.last_error = "no";
  failing.renewal_requested = true;
  bench.granted(ipc::SaveSchedule{kSite, failing});
  ipc::LineageState state = bench.install();
  CHECK(!state.schedule.renewal_requested);
  bench.restart();  // the agent was killed before it could say so
  const ScheduleRecord& schedule = bench.managed(kSite).schedule;
  CHECK(!schedule.renewal_requested);
  CHECK_EQ(schedule.failures, 0);
  CHECK_EQ(schedule.next_try, 0);
}

TEST(secrets_are_for_root_alone) {
  Bench bench;
  bench.install();
  bench.env.pass(60 * kDay);
  bench.finalize();
  int keys = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bench.folder / "store")) {
    struct stat info {};
    CHECK_EQ(lstat(entry.path().c_str(), &info), 0);
    if (S_ISLNK(info.st_mode)) continue;
    CHECK_EQ(info.st_mode & 0777, S_ISDIR(info.st_mode) ? 0700 : 0600);
    if (S_ISREG(info.st_mode))
      keys += contents_of(entry.path()).find("PRIVATE") != std::string::npos;
  }
  CHECK_EQ(keys, 3);  // the account's, the certificate's, the order's
  for (const auto& [level, line] : bench.log.lines)
    CHECK(line.find("PRIVATE") == std::string::npos);
}

// ---- after a restart

TEST(a_reload_in_mid_order_answers_the_same_challenges) {
  Bench bench;
  bench.present();
  std::string answer = REQUIRE_OK(bench.board.key_authorization(kToken));
  bench.reload();
  CHECK_EQ(REQUIRE_OK(bench.board.key_authorization(kToken)), answer);
  ipc::LineageState state = bench.certificates().state_of(bench.managed(kSite));
  CHECK_EQ(state.order_url, kOrderUrl);
  CHECK_EQ(state.order_issuer, "ca");
  bench.granted(ipc::SignChallenge{kSite, "ca", kCa + "/chall/1", kNonce});
}

TEST(an_order_is_resumed_at_its_own_finalize_url_only) {
  Bench bench;
  bench.present();
  bench.restart();
  CHECK(!bench.ask(ipc::SignFinalize{kSite, "ca", kCa + "/order/2/finalize", kNonce}).ok);
  CHECK(!bench.ask(ipc::SignNewOrder{kSite, "ca", kCa + "/new-order", kNonce}).ok);
  bench.granted(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce});
}

TEST(a_key_that_was_finalized_with_outlives_a_restart) {
  Bench bench;
  std::string csr = bench.finalize();
  bench.reload();
  std::string again =
      Bench::csr_in(bench.granted(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}));
  CHECK_EQ(EVP_PKEY_eq(Bench::key_of_csr(csr).get(), Bench::key_of_csr(again).get()), 1);
  bench.reload();
  // The CA issued for the first CSR, and nobody finalizes again.
  bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr)}});
  check_served_is_stored(bench, kSite);
}

TEST(a_stored_certificate_is_published_by_the_next_keeper) {
  Bench bench;
  bench.install();
  bench.reload();
  check_served_is_stored(bench, kSite);
  std::uint64_t generation = bench.board.generation(0);
  bench.restart();
  CHECK_EQ(bench.board.generation(0), generation);  // nothing changed
}

TEST(an_order_whose_certificate_is_stored_is_not_taken_up_again) {
  Bench bench;
  std::string csr = bench.finalize();
  const std::string kept = bench.folder / "kept";
  std::filesystem::copy(bench.folder / "store/journal", kept,
                        std::filesystem::copy_options::recursive);
  bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr)}});
  // Killed before the journal's entry was dropped.
  std::filesystem::remove_all(bench.folder / "store/journal");
  std::filesystem::rename(kept, bench.folder / "store/journal");
  bench.reload();
  CHECK(!bench.managed(kSite).order.has_value());
  CHECK(bench.store().load_orders().empty());
  (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
}

TEST(an_order_that_no_longer_fits_is_dropped) {
  const auto dropped = [](auto change) {
    Bench bench;
    bench.present();
    change(bench.config);
    bench.reload();
    CHECK(bench.store().load_orders().empty());
    (void)REQUIRE_ERROR(bench.board.key_authorization(kToken), Errc::not_found);
  };
  dropped([](Config& config) { config.certificates[0].names.pop_back(); });
  dropped([](Config& config) { config.certificates[0].keys = {KeyType::ecdsa384}; });
  dropped([](Config& config) { config.certificates[0].issuers = {"second"}; });
  dropped([](Config& config) { config.issuers[0].directory_url = "https://ca.example/v3/dir"; });
  dropped([](Config& config) { config.certificates.erase(config.certificates.begin()); });
}

TEST(a_changed_configuration_makes_the_certificate_stale_but_served) {
  const auto stale = [](auto change) {
    Bench bench;
    bench.install();
    change(bench.config);
    bench.reload();
    ipc::LineageState state = bench.certificates().state_of(bench.managed(kSite));
    CHECK(state.stored);
    CHECK(!state.current);
    check_served_is_stored(bench, kSite);
  };
  stale([](Config& config) { config.certificates[0].names.pop_back(); });
  stale([](Config& config) { config.issuers[0].directory_url = "https://ca.example/v3/dir"; });
}

TEST(a_full_board_costs_no_second_certificate) {
  Bench bench;
  bench.config.certificates[0].first_slot = 100;  // has no place on this board
  bench.restart();
  ipc::LineageState state = bench.install();
  CHECK(state.stored && state.current);
  CHECK_EQ(bench.log.count("is stored, but served only after the server's next reload"), 1);
  REQUIRE_OK(bench.store().load_current(kSite));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
