// The list of certificates changes while orders are under way.
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

CertificateConfig& site_of(Bench& bench) {
  for (CertificateConfig& certificate : bench.config.certificates)
    if (certificate.id == "site") return certificate;
  throw Failure("it is gone");
}

}  // namespace

TEST(an_order_goes_on_when_others_come) {
  Bench bench;
  bench.create_order();
  // Far more than the list has room for: it moves.
  for (std::uint32_t i = 0; i < 100; ++i)
    bench.config.certificates.insert(
        bench.config.certificates.begin(),
        {"n" + std::to_string(i), {"n.example"}, {"ca"}, {KeyType::ecdsa256}, {}, 4});
  bench.certificates().follow_configuration();
  CHECK_EQ(bench.certificates().all().size(), 104);
  bench.granted(ipc::PresentChallenges{kSite, "ca", {{"site.example", kToken}}});
  const std::string csr =
      Bench::csr_in(bench.granted(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}));
  bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr)}});
  CHECK(bench.board.generation(0) != 0);
}

TEST(an_order_whose_answer_is_awaited_is_not_forgotten) {
  Bench bench;
  bench.ask_for_order();
  bench.certificates().follow_configuration();
  CHECK(bench.certificates().awaits_new_order());
  bench.granted(ipc::OrderCreated{kSite, "ca", kOrderUrl, kFinalizeUrl});
}

TEST(what_is_gone_is_forgotten_with_its_order_and_served_all_the_same) {
  Bench bench;
  bench.install();
  REQUIRE_OK(bench.certificates().request_renewal(bench.managed(kSite)));
  bench.create_order();
  bench.granted(ipc::PresentChallenges{kSite, "ca", {{"site.example", kOtherToken}}});
  CHECK(bench.board.key_authorization(kOtherToken));
  std::erase_if(bench.config.certificates, [](const auto& each) { return each.id == "site"; });
  bench.certificates().follow_configuration();
  CHECK(bench.certificates().find(kSite) == nullptr);
  CHECK(!bench.board.key_authorization(kOtherToken));
  CHECK(bench.store().load_orders().empty());
  CHECK(bench.board.generation(0) != 0);
  ipc::Reply reply = bench.ask(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce});
  CHECK(!reply.ok);
  CHECK_CONTAINS(reply.text, "is not configured so");
}

TEST(what_comes_back_is_as_it_was) {
  Bench bench;
  bench.install();
  const Config before = bench.config;
  const std::string serial = bench.managed(kSite).stored->serial;
  std::erase_if(bench.config.certificates, [](const auto& each) { return each.id == "site"; });
  bench.certificates().follow_configuration();
  bench.config.certificates = before.certificates;
  bench.certificates().follow_configuration();
  CHECK_EQ(bench.managed(kSite).stored->serial, serial);
  CHECK(bench.certificates().state_of(bench.managed(kSite)).current);
}

TEST(other_names_end_the_order_and_the_certificate_serves_on) {
  Bench bench;
  bench.install();
  REQUIRE_OK(bench.certificates().request_renewal(bench.managed(kSite)));
  bench.create_order();
  site_of(bench).names = {"new.example", "site.example"};
  bench.certificates().follow_configuration();
  CHECK(!bench.managed(kSite).order);
  CHECK(!bench.certificates().state_of(bench.managed(kSite)).current);
  CHECK(bench.board.generation(0) != 0);
}

TEST(what_gets_another_slot_is_published_there) {
  Bench bench;
  bench.install();
  CHECK_EQ(bench.board.generation(6), 0);
  site_of(bench).first_slot = 6;
  bench.certificates().follow_configuration();
  CHECK(bench.board.generation(6) != 0);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
