// A certificate that may be partial, as the keeper sees it: orders for some of its names, the
// leaf checked against them, and what counts as current.
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

const std::vector<std::string> kSome = {"site.example"};

struct PartialBench : Bench {
  PartialBench() { config.certificates[0].partial = true; }
  void leave_out(const std::string& name) {
    ScheduleRecord schedule = managed(kSite).schedule;
    schedule.failed_names = {{name, 2, kNow - 60, "dns: NXDOMAIN"}};
    granted(ipc::SaveSchedule{kSite, schedule});
  }
  std::string order(const std::vector<std::string>& names) {
    if (accounts().account_url("ca").empty()) register_account();
    std::string body =
        granted(ipc::SignNewOrder{kSite, "ca", kCa + "/new-order", kNonce, "", false, names});
    granted(ipc::OrderCreated{kSite, "ca", kOrderUrl, kFinalizeUrl});
    return body;
  }
  std::string csr() {
    granted(ipc::PresentChallenges{kSite, "ca", {{"site.example", kToken}}});
    auto reply = send(frame(ipc::SignFinalize{kSite, "ca", kFinalizeUrl, kNonce}, 9));
    for (int i = 0; !reply && i < 2000; ++i, usleep(5000))
      for (const Lineage& lineage : certificates().keys().collect()) {
        dispatch().key_is_ready(lineage);
        if (!replies.empty()) reply = replies.front().second;
      }
    if (!reply || !reply->ok) throw Failure("not finalized");
    return csr_in(reply->text);
  }
};

TEST(an_order_for_some_of_the_names_is_for_those_alone) {
  PartialBench bench;
  bench.leave_out("www.site.example");
  Signed body(bench.order(kSome));
  CHECK_EQ(body.payload, R"({"identifiers":[{"type":"dns","value":"site.example"}]})");
  // Challenges, request and leaf are the order's.
  ipc::Reply foreign =
      bench.ask(ipc::PresentChallenges{kSite, "ca", {{"www.site.example", kToken}}});
  CHECK(!foreign.ok);
  const std::string csr = bench.csr();
  Wanted wanted = bench.leaf_for(kSite);
  CHECK(!bench.ask(ipc::InstallChain{kSite, "ca", {bench.issue(csr, wanted)}}).ok);
  wanted.names = "DNS:site.example";
  auto state = REQUIRE_OK(decode<ipc::LineageState>(
      bench.granted(ipc::InstallChain{kSite, "ca", {bench.issue(csr, wanted)}})));
  CHECK(state.stored);
  CHECK(state.current);
  CHECK(bench.board.generation(0) != 0);
  // And so it stays, over a restart, until the operator wants no partial certificates any more.
  bench.restart();
  CHECK(bench.certificates().state_of(bench.managed(kSite)).current);
  bench.config.certificates[0].partial = false;
  CHECK(!bench.certificates().state_of(bench.managed(kSite)).current);
}

TEST(a_certificate_that_lacks_a_name_without_a_reason_is_not_current) {
  PartialBench bench;
  bench.leave_out("www.site.example");
  bench.order(kSome);
  Wanted wanted;
  wanted.names = "DNS:site.example";
  const std::string chain = bench.issue(bench.csr(), wanted);
  bench.granted(ipc::InstallChain{kSite, "ca", {chain}});
  ScheduleRecord schedule = bench.managed(kSite).schedule;
  schedule.failed_names.clear();
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  CHECK(!bench.certificates().state_of(bench.managed(kSite)).current);
}

TEST(the_order_under_way_tells_its_names_after_a_restart) {
  PartialBench bench;
  bench.order(kSome);
  bench.restart();
  CHECK_EQ(bench.certificates().state_of(bench.managed(kSite)).order_names, kSome);
  // Without partial certificates it is of no use.
  bench.config.certificates[0].partial = false;
  bench.restart();
  CHECK(!bench.managed(kSite).order);
}

TEST(names_that_are_foreign_unsorted_or_twice_are_refused_all_the_same) {
  PartialBench bench;
  bench.register_account();
  using Names = std::vector<std::string>;
  for (const Names& names :
       {Names{"evil.example"}, Names{"site.example", "evil.example"},
        Names{"www.site.example", "site.example"}, Names{"site.example", "site.example"},
        Names{"site.example", "www.site.example", "z.site.example"}})
    CHECK(!bench.ask(ipc::SignNewOrder{kSite, "ca", kCa + "/new-order", kNonce, "", false, names})
               .ok);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
