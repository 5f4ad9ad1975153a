// When the server's own listeners are asked, and what is said of what they show.
#include "keeper/shown.h"

#include "keeper/status.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;
using What = ipc::Shown::What;

namespace {

const std::string kHere = "127.0.0.1:443";
const std::string kThere = "[::1]:443";

// The agent that is told to look, and what it sees.
struct Looking {
  Bench bench;
  std::vector<ipc::Look> told;
  bool has_agent = true;

  Looking() {
    for (CertificateConfig& certificate : bench.config.certificates)
      certificate.looks = {{0, certificate.names.front(), {{kHere}}}};
    bench.looks().on_new = on_new();
  }
  std::function<bool(const ipc::Look&)> on_new() {
    return [this](const ipc::Look& look) {
      if (has_agent) told.push_back(look);
      return has_agent;
    };
  }
  // What the loop does in so many seconds.
  void pass(int seconds) {
    for (int i = 0; i < seconds * 10; ++i) {
      bench.env.boot += 100;
      bench.looks().turn();
    }
    bench.env.wall += seconds;
  }
  std::string served(const Lineage& lineage = kSite) { return bench.managed(lineage).served; }
  void see(std::vector<ipc::Shown> shown) {
    const std::uint32_t number = told.back().number;
    bench.granted(ipc::LookDone{number, std::move(shown)});
    bench.looks().turn();
  }
  void see(const std::string& digest) { see({{What::certificate, digest, "for x by Y"}}); }
  // Until it is said.
  template <class Seen>
  void see_always(const Seen& seen) {
    for (int i = 0; i < 3; ++i) {
      pass(10);
      see(seen);
    }
  }
  std::size_t count(Level level, std::string_view part) {
    std::size_t n = 0;
    for (const auto& line : bench.log.lines)
      n += line.level == level && line.text.find(part) != std::string::npos;
    return n;
  }
  std::string state() {
    const auto& sighting = bench.managed(kSite).sighting;
    return sighting ? std::to_string(static_cast<int>(sighting->state)) : "none";
  }
};

const std::string kOther(64, 'f');

}  // namespace

TEST(a_moment_after_an_activation_it_is_looked_and_said_where_it_is_shown) {
  Looking looking;
  looking.bench.install();
  looking.bench.looks().turn();
  CHECK(looking.told.empty());
  looking.pass(2);
  CHECK_EQ(looking.told.size(), 1);
  CHECK_EQ(looking.told[0].name, "site.example");
  CHECK_EQ(looking.told[0].listeners.at(0).address, kHere);
  CHECK(looking.told[0].family == ipc::KeyFamily::any);
  looking.see(looking.served());
  CHECK_EQ(looking.count(Level::info, "site: the current certificate is shown at " + kHere), 1);
  looking.pass(3600);
  CHECK_EQ(looking.told.size(), 1);  // once is enough
  Json json = keeper::status_json(looking.bench.env, looking.bench.config,
                                  looking.bench.certificates(), looking.bench.accounts(), true);
  CHECK_EQ(json["certificates"].items()[0]["shown"]["state"].text_or(""), "current");
  CHECK_EQ(json["certificates"].items()[0]["shown"]["where"].text_or(""), kHere);
}

TEST(what_differs_is_looked_at_again_before_it_is_an_error_and_then_said_once) {
  Looking looking;
  looking.bench.install();
  looking.pass(2);
  looking.see(kOther);
  CHECK_EQ(looking.count(Level::error, "shows another"), 0);
  looking.pass(3);
  looking.see(kOther);
  looking.pass(7);
  CHECK_EQ(looking.told.size(), 3);
  looking.see(kOther);
  CHECK_EQ(looking.count(Level::error, "site: " + kHere +
                                           " shows another certificate than the current one "
                                           "(serial 1234): one for x by Y; another server block"),
           1);
  CHECK_EQ(looking.state(), "1");
  looking.pass(601);
  looking.see(kOther);
  CHECK_EQ(looking.count(Level::error, "shows another"), 1);
  looking.pass(601);
  looking.see(looking.served());
  CHECK_EQ(looking.count(Level::notice, "site: the current certificate is shown again at"), 1);
  looking.pass(3600);
  CHECK_EQ(looking.told.size(), 5);
}

TEST(a_reload_under_way_is_no_difference) {
  Looking looking;
  looking.bench.install();
  looking.pass(2);
  looking.see(kOther);
  looking.pass(3);
  looking.see(looking.served());
  CHECK_EQ(looking.count(Level::error, "shown"), 0);
  CHECK_EQ(looking.count(Level::info, "is shown at"), 1);
}

TEST(what_was_looked_at_before_the_next_activation_says_nothing) {
  Looking looking;
  looking.bench.install();
  looking.pass(2);
  const std::uint32_t number = looking.told.back().number;
  const std::string before = looking.served();
  looking.bench.install();
  CHECK(looking.served() != before);
  CHECK(!looking.bench.ask(ipc::LookDone{number, {{What::certificate, before, ""}}}).ok);
  looking.see_always(before);
  CHECK_EQ(looking.count(Level::error, "that is the one before it"), 1);
}

TEST(another_ones_certificate_is_known_by_its_name) {
  Looking looking;
  looking.bench.install(kTwin);
  looking.pass(2);
  looking.see(looking.served(kTwin));
  looking.bench.install();
  looking.see_always(looking.served(kTwin));
  CHECK_EQ(looking.count(Level::error, "that is the one of twin"), 1);
  CHECK_EQ(looking.count(Level::error, "nginx -T"), 1);
}

TEST(no_handshake_is_a_warning_and_no_answer_is_none) {
  Looking looking;
  looking.bench.install();
  looking.see_always(std::vector<ipc::Shown>{{What::no_handshake, {}, "wrong version number"}});
  CHECK_EQ(looking.count(Level::warning, "no TLS handshake at " + kHere + " (wrong version"), 1);
  looking.bench.install();
  looking.see_always(std::vector<ipc::Shown>{{What::no_answer, {}, "Connection refused"}});
  CHECK_EQ(looking.count(Level::info, kHere + " does not answer this machine"), 1);
  CHECK_EQ(looking.count(Level::error, ""), 0);
  looking.pass(3600);
  CHECK_EQ(looking.told.size(), 6);
}

TEST(what_may_not_be_seen_is_no_news) {
  Looking looking;
  looking.bench.install();
  looking.pass(2);
  looking.see({{What::not_allowed, {}, "Permission denied"}});
  CHECK_EQ(looking.count(Level::info, kHere), 0);
  CHECK_EQ(looking.state(), "3");
  looking.pass(60);
  CHECK_EQ(looking.told.size(), 1);
}

TEST(of_several_listeners_the_worst_is_told_and_a_silent_one_beside_a_good_one_is_not) {
  Looking looking;
  looking.bench.config.certificates[0].looks = {{0, "site.example", {{kHere}, {kThere, true}}}};
  looking.bench.install();
  looking.pass(2);
  CHECK(looking.told[0].listeners.at(1).proxy_protocol);
  looking.see({{What::certificate, looking.served(), ""}, {What::no_answer, {}, "refused"}});
  CHECK_EQ(looking.count(Level::info, "is shown at " + kHere), 1);
  looking.bench.install();
  looking.see_always(std::vector<ipc::Shown>{{What::certificate, kOther, "for x by Y"},
                                             {What::no_handshake, {}, "closed"}});
  CHECK_EQ(looking.count(Level::error, kHere + " shows another certificate"), 1);
}

TEST(each_way_to_see_it_is_gone) {
  Looking looking;
  looking.bench.config.certificates[0].looks = {{0, "site.example", {{kHere}}},
                                                {0, "other.example", {{kHere}}},  // not in it
                                                {1, "www.site.example", {{kThere}}}};
  looking.bench.install();
  looking.pass(2);
  looking.see(looking.served());
  CHECK_EQ(looking.told.back().name, "www.site.example");
  looking.see(looking.served());
  CHECK_EQ(looking.count(Level::info, "is shown at " + kHere + ", " + kThere), 1);
}

TEST(two_kinds_of_key_are_asked_for_each_by_itself) {
  Looking looking;
  looking.bench.config.certificates[0].keys = {KeyType::ecdsa256, KeyType::rsa2048};
  looking.bench.install();
  looking.pass(2);
  CHECK(looking.told[0].family == ipc::KeyFamily::ecdsa);
  looking.see(looking.served());
  CHECK_EQ(looking.count(Level::info, "site (ecdsa:256): the current"), 1);
}

TEST(after_a_start_what_is_stored_is_looked_at_and_nothing_is_told_of_it) {
  Looking looking;
  looking.bench.install();
  looking.bench.env.pass(3600);
  looking.bench.restart();
  looking.bench.looks().on_new = looking.on_new();
  looking.told.clear();
  looking.pass(2);
  CHECK(looking.told.empty());
  looking.pass(2);
  looking.see(looking.served());
  CHECK_EQ(looking.count(Level::info, "is shown at"), 0);
  CHECK_EQ(looking.count(Level::debug, "is shown at"), 1);
}

TEST(what_is_new_does_not_wait_for_all_that_is_not) {
  Looking looking;
  looking.bench.install(kTwin);
  looking.bench.env.pass(3600);
  looking.bench.restart();
  looking.bench.looks().on_new = looking.on_new();
  const keeper::Managed& twin = looking.bench.managed(kTwin);
  for (int i = 0; i < 1000; ++i) looking.bench.looks().served(twin);  // a minute's worth
  looking.bench.install();
  looking.told.clear();
  looking.pass(2);
  CHECK_EQ(looking.told.size(), 1);
  CHECK_EQ(looking.told[0].name, "site.example");
}

TEST(without_an_agent_it_waits_for_the_next_one) {
  Looking looking;
  looking.has_agent = false;
  looking.bench.install();
  looking.pass(30);
  looking.has_agent = true;
  looking.pass(3);
  CHECK_EQ(looking.told.size(), 1);
  looking.bench.looks().forget_agent();
  looking.pass(4);
  CHECK_EQ(looking.told.size(), 2);
  CHECK(looking.told[0].number != looking.told[1].number);
  looking.see(looking.served());
  CHECK_EQ(looking.count(Level::info, "is shown at"), 1);
}

TEST(what_waits_for_a_reload_is_not_looked_at_before) {
  Looking looking;
  looking.bench.config.activation = ActivationMode::reload;
  looking.bench.install();
  looking.pass(60);
  CHECK(looking.told.empty());
  CHECK_EQ(looking.bench.looks().next_deadline(77), 77);
}

TEST(without_listeners_nothing_is_looked_at) {
  Looking looking;
  looking.bench.config.certificates[0].looks.clear();
  looking.bench.install();
  looking.pass(60);
  CHECK(looking.told.empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
