// Dry runs: one order, one try, and its end told to the keeper in the CA's words.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using ipc::Type;

namespace {

// The staging CA of the issuer "ca" is "other".
class TrialWorld : public World {
 public:
  std::vector<ipc::TrialDone> told;

  void begin(const std::string& issuer = "other") {
    keeper.before_with = [this](Type type, std::string_view bytes) {
      if (type == Type::trial_done) told.push_back(REQUIRE_OK(decode<ipc::TrialDone>(bytes)));
      return std::optional<ipc::Reply>();
    };
    if (!driver) start();
    driver->trial({7, {"a.example", KeyType::ecdsa256}, issuer, {"a.example"}});
  }
  // What was told, within so long.
  std::string words_within(Millis longest) {
    CHECK(run_until([this] { return !told.empty(); }, longest));
    CHECK_EQ(told[0].number, 7);
    run_for(kDay * 1000);
    CHECK_EQ(told.size(), 1);
    return told[0].words;
  }
};

std::function<std::optional<HttpResult>(const HttpRequest&)> answering(const std::string& path,
                                                                       const HttpResult& result) {
  return [=](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.find(path) == std::string::npos) return std::nullopt;
    return result;
  };
}

}  // namespace

TEST(a_dry_run_is_one_order_that_leaves_no_schedule) {
  TrialWorld world;
  world.begin();
  CHECK_EQ(world.words_within(10'000), "");
  CHECK_EQ(world.other.count("POST /new-order"), 1);
  CHECK_EQ(world.other.issued(), 1);
  CHECK_EQ(world.ca.log.size(), 0);
  CHECK_EQ(world.keeper.count(Type::save_schedule), 0);
}

TEST(a_refusal_is_told_in_the_cas_words_and_not_tried_again) {
  TrialWorld world;
  world.other.before =
      answering("/new-order", answer_of(403, "rejectedIdentifier", "policy forbids this name"));
  world.begin();
  CHECK_CONTAINS(world.words_within(10'000), "rejectedIdentifier: policy forbids this name");
  CHECK_EQ(world.other.count("POST /new-order"), 1);
}

TEST(a_ca_that_asks_for_patience_is_not_waited_for) {
  TrialWorld world;
  world.other.before =
      answering("/new-order", answer_of(429, "rateLimited", "too many", {{"Retry-After", "3600"}}));
  world.begin();
  const std::string words = world.words_within(10'000);
  CHECK_CONTAINS(words, "too many");
  CHECK_CONTAINS(words, "the CA asked to wait until ");
}

TEST(nor_is_it_called_before_the_time_that_it_named) {
  TrialWorld world;
  ipc::IssuerState held;
  held.issuer = "other";
  held.not_before = world.env.now() + kHour;
  world.welcome.issuers.push_back(held);
  world.begin();
  CHECK_CONTAINS(world.words_within(1'000), "the CA asked not to be called before ");
  CHECK_EQ(world.other.count("POST "), 0);
}

TEST(a_ca_that_cannot_be_reached_is_told_within_half_a_minute) {
  TrialWorld world;
  world.other.before = answering("", refused());
  world.begin();
  CHECK_CONTAINS(world.words_within(30'000),
                 "the CA cannot be reached: connection to ca.test:443 refused");
}

TEST(an_operator_is_told_before_the_keeper_lets_go) {
  TrialWorld world;
  world.other.validation = kDay * 1000;
  world.begin();
  CHECK_CONTAINS(world.words_within(14 * kMinute * 1000 + 1'000), "it took longer than 14 minutes");
}

TEST(an_issuer_that_is_not_known_is_refused) {
  TrialWorld world;
  world.begin("nobody");
  CHECK_EQ(world.words_within(1'000), "the issuer is not known");
}

TEST(orders_go_on_beside_it) {
  TrialWorld world;
  world.add("b.example");
  world.other.validation = kDay * 1000;
  world.begin();
  CHECK(world.run_until_issued(1, 10'000));
  CHECK_EQ(world.keeper.installed[0], "b.example");
  CHECK(world.told.empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
