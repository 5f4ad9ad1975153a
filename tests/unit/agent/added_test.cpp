// Certificates that come while others are ordered: by a domain file that was read again.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;

namespace {

// What the keeper says of what is new.
struct News {
  Config config;
  ipc::Welcome welcome;
  ipc::LineageState& add(const std::string& name) {
    CertificateConfig certificate;
    certificate.id = name;
    certificate.names = {name};
    certificate.issuers = {"ca"};
    certificate.keys = {KeyType::ecdsa256};
    config.certificates.push_back(certificate);
    ipc::LineageState state;
    state.lineage = {name, KeyType::ecdsa256};
    state.configuration = "digest";
    state.schedule.configuration = "digest";
    return welcome.lineages.emplace_back(state);
  }
};

std::size_t requests_to(const World& world, const std::string& path) {
  return static_cast<std::size_t>(
      std::count_if(world.ca.log.begin(), world.ca.log.end(),
                    [&](const auto& line) { return line.find(path) != std::string::npos; }));
}

}  // namespace

TEST(what_is_added_is_ordered_and_what_is_under_way_goes_on) {
  World world;
  world.add("a.example");
  world.start();
  CHECK(world.run_until([&] { return requests_to(world, "/new-order") == 1; }, 60'000));
  {
    News news;
    news.add("a.example");  // known already
    news.add("b.example");
    // Of a line that stood there once, with an order that the CA still has.
    ipc::LineageState& state = news.add("c.example");
    world.ca.orders[50].name = "c.example";
    state.order_issuer = "ca";
    state.order_url = "https://ca.test/order/50";
    world.driver->add(news.config, news.welcome);
  }
  CHECK(world.run_until_issued(3, kHour * 1000));
  CHECK_EQ(requests_to(world, "/new-order"), 2);
  world.run_for(kHour * 1000);
  CHECK_EQ(world.keeper.installed.size(), 3);
}

TEST(what_is_added_is_renewed_like_any) {
  World world;
  world.start();
  News news;
  ipc::LineageState& state = news.add("b.example");
  state.stored = true;
  state.current = true;
  state.issuer = "ca";
  state.not_before = world.env.now() - 50 * kDay;
  state.not_after = world.env.now() + 40 * kDay;
  state.schedule.renew_at = world.env.now() + 10 * kDay;
  world.driver->add(news.config, news.welcome);
  world.run_for(9 * kDay * 1000);
  CHECK_EQ(world.keeper.installed.size(), 0);
  CHECK(world.run_until_issued(1, 2 * kDay * 1000));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
