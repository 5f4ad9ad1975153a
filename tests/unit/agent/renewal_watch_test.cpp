// ARI in the life of an agent: whom it asks and when, what it does with the answers, and that a
// CA in a hurry neither makes a storm nor loses a certificate.
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;

namespace {

Answer window(WallTime start, WallTime end, const std::string& more = "",
              std::vector<protocol::Header> headers = {}) {
  Answer out;
  out.status = 200;
  out.headers = std::move(headers);
  out.body = R"({"suggestedWindow":{"start":")" + format_rfc3339(start) + R"(","end":")" +
             format_rfc3339(end) + "\"}" + more + "}";
  return out;
}

// A stored certificate, 10 days old, of this world's CA.
ipc::LineageState& add_stored(World& world, const std::string& name,
                              std::int64_t lifetime = 90 * kDay) {
  ipc::LineageState& state = world.add(name);
  state.stored = state.current = true;
  state.issuer = state.ari_issuer = "ca";
  state.ari_id = name + ".serial";
  state.not_before = kStart - 10 * kDay;
  state.not_after = state.not_before + lifetime;
  return state;
}

// What the CA says of each certificate; the usual window where it is not listed.
struct Suggestions {
  explicit Suggestions(World& world) {
    world.keeper.ari = true;
    world.ca.renewal_info = [this](const std::string& id) {
      asked.push_back(id);
      auto found = said.find(id);
      return found != said.end() ? found->second : window(kStart + 49 * kDay, kStart + 51 * kDay);
    };
  }
  std::map<std::string, Answer> said;
  std::vector<std::string> asked;
};

}  // namespace

TEST(a_certificate_is_asked_about_at_the_start_and_then_every_six_hours) {
  World world;
  Suggestions ca(world);
  add_stored(world, "a.example");
  world.start();
  world.run_for(60 * kHour * 1000);
  CHECK_EQ(ca.asked.size(), 10);
  CHECK_EQ(ca.asked.front(), "a.example.serial");
  // No account and no nonce is needed for that.
  CHECK(world.ca.count("GET /directory") <= 3);
  CHECK_EQ(world.ca.log.size(), 10 + world.ca.count("GET /directory"));
  const AriRecord& ari = world.keeper.schedules["a.example"].ari;
  CHECK_EQ(ari.id, "a.example.serial");
  CHECK(ari.pick >= kStart + 49 * kDay && ari.pick < kStart + 51 * kDay);
  CHECK_EQ(ari.renew_at, ari.pick);
  CHECK(world.run_until_issued(1, 50 * kDay * 1000));
  CHECK(world.env.now() >= ari.pick && world.env.now() <= ari.pick + 60);
}

TEST(retry_after_is_when_it_is_asked_again_be_it_after_a_restart) {
  ScheduleRecord kept;
  for (int start = 0; start < 20; ++start) {
    World world;
    Suggestions ca(world);
    ipc::LineageState& state = add_stored(world, "a.example");
    ca.said[state.ari_id] =
        window(kStart + 49 * kDay, kStart + 51 * kDay, "", {{"Retry-After", "43200"}});
    state.schedule = kept;
    world.env.wall_offset += start * 10;
    world.start();
    world.run_for(9'000);
    if (start == 0) kept = world.keeper.schedules["a.example"];
    CHECK_EQ(ca.asked.size(), start == 0 ? 1 : 0);
  }
}

TEST(a_restart_keeps_the_pick) {
  std::set<WallTime> picks;
  ScheduleRecord kept;
  for (int start = 0; start < 5; ++start) {
    World world;
    world.env.seed = static_cast<std::uint32_t>(start + 1);
    Suggestions ca(world);
    add_stored(world, "a.example").schedule = kept;
    world.env.wall_offset += start * kDay;
    world.start();
    world.run_for(60'000);
    CHECK_EQ(ca.asked.size(), 1);
    kept = world.keeper.schedules["a.example"];
    picks.insert(kept.ari.pick);
  }
  CHECK_EQ(picks.size(), 1);
}

TEST(a_window_in_the_past_is_renewed_at_once_and_says_why_once) {
  World world;
  Suggestions ca(world);
  ca.said["a.example.serial"] =
      window(kStart - kDay, kStart - kHour, R"(,"explanationURL":"https://ca.test/why"})");
  ca.said["a.example.serial"].body.pop_back();
  add_stored(world, "a.example");
  world.start();
  CHECK(world.run_until_issued(1, 5'000));
  CHECK_EQ(world.keeper.lines_with("why: https://ca.test/why"), 1);
  CHECK_EQ(world.keeper.lines_with("wants it renewed now; begins now"), 1);
  CHECK(world.ca.replacing == std::vector<std::string>{"a.example"});
  world.run_for(kDay * 1000);
  CHECK_EQ(world.keeper.installed.size(), 1);
  CHECK_EQ(ca.asked[1], "a.example.1");  // the new one, and the old one no more
  for (std::size_t i = 1; i < ca.asked.size(); ++i) CHECK_EQ(ca.asked[i], "a.example.1");
}

TEST(an_explanation_is_told_again_only_when_it_changes) {
  World world;
  Suggestions ca(world);
  auto explain = [&](const std::string& url) {
    ca.said["a.example.serial"] =
        window(kStart + 49 * kDay, kStart + 51 * kDay, R"(,"explanationURL":")" + url + "\"");
  };
  explain("https://ca.test/one");
  add_stored(world, "a.example");
  world.start();
  world.run_for(2 * kDay * 1000);
  CHECK_EQ(world.keeper.lines_with("https://ca.test/one"), 1);
  explain("https://ca.test/two");
  world.run_for(kDay * 1000);
  CHECK_EQ(world.keeper.lines_with("https://ca.test/one"), 1);
  CHECK_EQ(world.keeper.lines_with("https://ca.test/two"), 1);
  CHECK_EQ(world.keeper.schedules["a.example"].ari.explanation_url, "https://ca.test/two");
}

TEST(without_renewal_info_in_the_directory_nothing_is_asked_and_nothing_replaced) {
  World world;
  add_stored(world, "a.example");
  world.start();
  world.run_for(3 * kDay * 1000);
  CHECK(world.ca.log.size() <= 4);
  CHECK_EQ(world.ca.count("GET /directory"), world.ca.log.size());
  CHECK(world.run_until_issued(1, 60 * kDay * 1000));
  CHECK(world.ca.replacing.empty());
}

TEST(nobody_is_asked_about_a_certificate_of_a_ca_that_is_gone) {
  World world;
  Suggestions ca(world);
  add_stored(world, "a.example").ari_issuer.clear();
  world.start();
  world.run_for(kDay * 1000);
  CHECK(world.ca.log.empty());
}

TEST(the_ca_that_issued_it_is_asked_not_the_first_one) {
  World world;
  Suggestions ca(world);
  IssuerConfig first = world.config.issuers.front();
  first.id = "first";
  first.directory_url = "https://ca.test/first";
  world.config.issuers.insert(world.config.issuers.begin(), first);
  add_stored(world, "a.example");
  world.config.certificates.front().issuers = {"first"};
  world.start();
  world.run_for(kMinute * 1000);
  CHECK_EQ(ca.asked.size(), 1);
  CHECK_EQ(world.ca.count("GET /first"), 0);
}

TEST(a_new_certificate_is_asked_about_within_a_minute) {
  World world;
  Suggestions ca(world);
  world.add("a.example");
  world.start();
  CHECK(world.run_until_issued(1, 10'000));
  CHECK(ca.asked.empty());
  CHECK(world.run_until([&] { return !ca.asked.empty(); }, kMinute * 1000));
  CHECK(world.ca.replacing.empty());
}

TEST(fault_3_a_thousand_certificates_are_asked_about_one_after_the_other) {
  World world;
  Suggestions ca(world);
  std::size_t at_once = 0;
  for (int i = 0; i < 1000; ++i) add_stored(world, "n" + std::to_string(i) + ".example");
  world.start();
  world.run_for(10'000);
  CHECK(ca.asked.size() <= 101);
  at_once = world.ca.most_in_flight;
  CHECK(at_once <= 2);
  world.run_for(120'000);
  std::set<std::string> once(ca.asked.begin(), ca.asked.end());
  CHECK_EQ(ca.asked.size(), 1000);
  CHECK_EQ(once.size(), 1000);
}

TEST(errors_back_off_to_six_hours_and_hold_up_no_renewal) {
  World world;
  int asked = 0;
  world.ca.renewal_info = [&](const std::string&) {
    ++asked;
    return answer_of(500, "serverInternal", "try later");
  };
  add_stored(world, "a.example");
  world.start();
  world.run_for(kDay * 1000);
  CHECK(asked >= 6 && asked <= 7);
  CHECK_EQ(world.keeper.lines_with("gives no renewal information"), 1);
  CHECK(world.run_until_issued(1, 60 * kDay * 1000));
}

TEST(a_ca_that_asks_to_wait_is_not_asked_about_anything_before) {
  std::map<std::string, ScheduleRecord> kept;
  for (int start = 0; start < 20; ++start) {
    World world;
    int asked = 0;
    world.ca.renewal_info = [&](const std::string&) {
      ++asked;
      return answer_of(429, "rateLimited", "slow down", {{"Retry-After", "7200"}});
    };
    for (int i = 0; i < 30; ++i) {
      const std::string name = "n" + std::to_string(i) + ".example";
      add_stored(world, name).schedule = kept[name];
    }
    world.env.wall_offset += start * kMinute;
    world.start();
    world.run_for(kMinute * 1000);
    CHECK_EQ(asked, start == 0 ? 1 : 0);
    if (start == 0) kept = world.keeper.schedules;
  }
}

TEST(a_network_that_fails_for_it_alone_is_no_outage) {
  World world;
  world.ca.renewal_info = [](const std::string&) { return Answer{}; };
  world.ca.before = [](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url.find("/ari/") == std::string::npos) return std::nullopt;
    return refused();
  };
  add_stored(world, "a.example");
  world.add("new.example");
  world.start();
  CHECK(world.run_until_issued(1, 5'000));
  world.run_for(kHour * 1000);
  CHECK_EQ(world.keeper.lines_with("cannot be reached"), 0);
  CHECK(world.ca.count("GET /ari/") <= 10);
}

TEST(fault_2_already_replaced_is_ordered_once_more_without_replaces) {
  World world;
  Suggestions ca(world);
  ca.said["a.example.serial"] = window(kStart - kDay, kStart - kHour);
  int refused = 0;
  world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
    if (request.url != "https://ca.test/new-order") return std::nullopt;
    if (!REQUIRE_OK(Json::parse(request.body))["replaces"].truth()) return std::nullopt;
    ++refused;
    Answer out = answer_of(409, "alreadyReplaced", "already has a replacement order");
    out.headers.push_back({"Replay-Nonce", "x"});
    return out;
  };
  add_stored(world, "a.example");
  world.start();
  CHECK(world.run_until_issued(1, 10'000));
  CHECK_EQ(refused, 1);
  CHECK(world.ca.replacing.empty());
  CHECK_EQ(world.keeper.lines_with("order failed"), 0);
  CHECK_EQ(world.keeper.lines_with("ordered without that"), 1);
}

TEST(fault_2_other_refusals_of_replaces_too_but_never_more_than_once) {
  struct Row {
    int status;
    const char* type;
    const char* detail;
    std::size_t orders;
  };
  for (const Row& row :
       {Row{403, "unauthorized", "requester account did not request the certificate", 2},
        Row{400, "malformed", "Could not validate ARI 'replaces' field", 2},
        Row{500, "serverInternal", "could not find an order for the given certificate", 8},
        Row{403, "rejectedIdentifier", "this certificate may not be", 1},
        Row{400, "malformed", "no identifiers", 1}}) {
    World world;
    Suggestions ca(world);
    ca.said["a.example.serial"] = window(kStart - kDay, kStart - kHour);
    std::size_t orders = 0;
    world.ca.before = [&](const HttpRequest& request) -> std::optional<HttpResult> {
      if (request.url != "https://ca.test/new-order") return std::nullopt;
      ++orders;
      return answer_of(row.status, row.type, row.detail);
    };
    add_stored(world, "a.example");
    world.start();
    world.run_for(30'000);
    CHECK_EQ(orders, row.orders);
    CHECK_EQ(world.keeper.lines_with("order failed"), 1);
  }
}

TEST(fault_1_a_mass_revocation_is_spread_out_and_begins_with_who_ends_first) {
  World world;
  Suggestions ca(world);
  const int kMany = 400;
  for (int i = 0; i < kMany; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    ipc::LineageState& state = add_stored(world, name);
    // In no order.
    state.not_after += (i * 37 % kMany) * kHour;
    ca.said[state.ari_id] = window(kStart - kDay, kStart - kHour);
  }
  world.start();
  CHECK(world.run_until_issued(1, 5'000));
  std::size_t most_in_a_minute = 0;
  for (int minute = 0; minute < 90; ++minute) {
    std::size_t before = world.keeper.installed.size();
    world.run_for(kMinute * 1000);
    most_in_a_minute = std::max(most_in_a_minute, world.keeper.installed.size() - before);
  }
  CHECK_EQ(world.keeper.installed.size(), kMany);
  CHECK(most_in_a_minute < kMany / 2);
  std::set<std::string> once(world.keeper.installed.begin(), world.keeper.installed.end());
  CHECK_EQ(once.size(), kMany);
  // On the whole those that end first come first.
  double early = 0;
  for (int i = 0; i < kMany / 4; ++i) {
    int number = std::stoi(world.keeper.installed[static_cast<std::size_t>(i)].substr(1));
    early += number * 37 % kMany;
  }
  CHECK(early / (kMany / 4) < kMany * 0.4);
}

// Pebble suggests the whole life: renewals in an hour, and whether it was ever without.
TEST(a_ten_minute_certificate_neither_storms_nor_ends) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    World world;
    std::size_t seen = 0;
    world.env.seed = seed;
    world.keeper.ari = true;
    world.keeper.lifetime = kHour + 10 * kMinute;  // the world backdates by an hour
    WallTime issued = 0;
    world.ca.renewal_info = [&](const std::string&) {
      return window(issued, issued + 10 * kMinute);
    };
    auto watch = [&] {
      if (world.keeper.installed.size() == seen) return;
      seen = world.keeper.installed.size();
      CHECK(issued == 0 || world.env.now() < issued + 10 * kMinute - 90);
      issued = world.env.now();
    };
    world.add("a.example");
    world.start();
    CHECK(world.run_until_issued(1, 10'000));
    watch();
    for (int second = 0; second < 7200; ++second) {
      world.run_for(1000);
      watch();
    }
    CHECK(world.keeper.installed.size() >= 12);
    CHECK(world.keeper.installed.size() <= 32);
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
