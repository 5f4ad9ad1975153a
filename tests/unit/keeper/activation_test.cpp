// When the server is asked to reload for new certificates, and when not.
#include "keeper/activation.h"

#include "unit/keeper/bench.h"
#include "unit/keeper/stand_in_server.h"

using namespace acme;
using namespace acme::test;
using keeper::Activation;

namespace {

const Lineage kOther{"a", KeyType::ecdsa256};

// A keeper, its server, and a clock that moves when the test says so.
struct World {
  explicit World(ServerKind kind = ServerKind::nginx) {
    for (std::string id : {"a", "b", "c", "d", "e"}) {
      const std::uint32_t slot = bench.config.slots();
      bench.config.certificates.push_back(
          {id, {id + ".example"}, {"ca"}, {KeyType::ecdsa256}, {}, slot});
    }
    bench.config.server = kind;
    bench.config.activation = ActivationMode::reload;
    bench.config.pid_file = server.pid_file;
    respawn();
  }

  // The keeper was killed, and here is the next.
  void respawn() {
    activation.reset();
    bench.restart();
    begin();
  }
  // The server has done what it was asked: a new board, filled by its master, and a new keeper.
  void server_reloads() {
    activation.reset();
    bench.config.activation = ActivationMode::live;
    bench.reload();
    bench.config.activation = ActivationMode::reload;
    bench.restart();
    begin();
  }

  // The loop, for so many seconds: only when something is due.
  void run(std::int64_t seconds) {
    const Millis end = bench.env.boot + seconds * 1000;
    for (int turns = 0; turns < 10'000; ++turns) {
      activation->turn();
      const Millis next = activation->next_deadline(end);
      if (next >= end) break;
      step_to(std::max(next, bench.env.boot + 1));
    }
    step_to(end);
    activation->turn();
  }
  // httpd's test is a process of its own, for which no clock of ours goes faster.
  void finish_test() {
    CHECK(eventually([&] {
      std::vector<pollfd> fds;
      activation->add_to(fds);
      if (fds.empty()) return true;
      int status = 0;
      for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) activation->ended(pid, status);
      return false;
    }));
    activation->turn();
  }

  std::size_t reloads() const { return bench.log.count("reloading the server gracefully"); }
  std::string line(std::string_view part) const {
    for (const KeptLog::Line& line : bench.log.lines)
      if (line.text.find(part) != std::string::npos) return line.text;
    throw Failure("no line has " + std::string(part));
  }
  std::string record() const { return contents_of(bench.folder / "store/reload.json"); }
  bool waits(const Lineage& lineage) { return bench.managed(lineage).waits_for_reload; }
  bool is_served(const Lineage& lineage) {
    auto copy = bench.board.certificate(bench.managed(lineage).slot);
    if (!copy) return false;
    Bundle bundle = REQUIRE_OK(decode_bundle(copy->bytes.span()));
    return chain_to_pem(bundle.chain) == REQUIRE_OK(bench.store().load_current(lineage)).chain_pem;
  }

  StandInServer server;
  Bench bench;
  std::unique_ptr<Activation> activation;

 private:
  void begin() {
    activation = std::make_unique<Activation>(bench.env, bench.log, bench.config, bench.store(),
                                              bench.certificates(), server.death.reader.get());
    activation->restore();
  }
  void step_to(Millis boot) {
    bench.env.wall += (boot - bench.env.boot) / 1000 + rest_ / 1000;
    rest_ = rest_ % 1000 + (boot - bench.env.boot) % 1000;
    bench.env.boot = boot;
  }
  Millis rest_ = 0;  // of the wall clock's second
};

// ---- what waits

TEST(live_activation_asks_for_nothing) {
  World world;
  world.bench.config.activation = ActivationMode::live;
  world.respawn();
  world.bench.install();
  world.run(3600);
  CHECK(world.is_served(kSite));
  CHECK(!world.waits(kSite));
  CHECK_EQ(world.reloads(), 0);
  CHECK_EQ(world.activation->next_deadline(77), 77);
}

TEST(a_new_certificate_is_stored_and_not_published) {
  World world;
  world.bench.install();
  CHECK(!world.is_served(kSite));
  CHECK(world.waits(kSite));
  CHECK_EQ(world.bench.board.generation(0), 0);
  REQUIRE_OK(world.bench.store().load_current(kSite));

  world.server_reloads();
  CHECK(world.is_served(kSite));
  CHECK(!world.waits(kSite));
  const std::uint64_t generation = world.bench.board.generation(0);
  world.bench.install();  // a renewal
  CHECK(world.waits(kSite));
  CHECK_EQ(world.bench.board.generation(0), generation);
  CHECK(!world.waits(kOther));
}

TEST(challenges_are_answered_at_once) {
  World world;
  world.bench.present();
  REQUIRE_OK(world.bench.board.key_authorization(kToken));
}

TEST(a_certificate_that_stands_in_for_one_to_come_waits_for_nothing) {
  World world;
  world.bench.install(kOther);
  Version other = REQUIRE_OK(world.bench.store().load_current(kOther));
  PrivateKey key = REQUIRE_OK(PrivateKey::from_pem(other.key_pem.view()));
  BoardWriter writer = REQUIRE_OK(BoardWriter::attach(world.bench.env, world.bench.board_fd.get()));
  Bundle bundle{REQUIRE_OK(key.der()), REQUIRE_OK(chain_from_pem(other.chain_pem))};
  REQUIRE_OK(writer.publish(world.bench.managed(kOther).slot, bundle));
  REQUIRE_OK(writer.publish(world.bench.managed(kSite).slot, bundle));
  world.respawn();
  CHECK_EQ(world.bench.certificates().waiting_for_reload().size(), 0);
  world.run(3600);
  CHECK_EQ(world.reloads(), 0);
  CHECK(world.bench.board.generation(world.bench.managed(kSite).slot) != 0);  // and stays there
}

TEST(without_a_board_nothing_waits) {
  Bench bench(false);
  bench.config.activation = ActivationMode::reload;
  bench.restart();
  CHECK(bench.certificates().waiting_for_reload().empty());
}

// ---- when

TEST(a_second_after_an_install_the_server_is_asked_once) {
  World world;
  world.bench.install();
  world.run(0);
  CHECK_EQ(world.reloads(), 0);
  world.run(1);
  CHECK_EQ(world.line("reloading"), "helper: reloading the server gracefully (pid " +
                                        std::to_string(world.server.pid()) + ") to activate: site");
  CHECK_EQ(world.server.next_signals(), "H");
  world.run(29);
  world.server_reloads();
  world.run(3600);
  CHECK_EQ(world.reloads(), 1);
  CHECK(world.server.heard_nothing());
}

TEST(installs_that_follow_each_other_are_one_reload) {
  World world;
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    world.bench.install({id, KeyType::ecdsa256});
    world.run(0);
    world.bench.env.boot += 900;
    world.run(0);
  }
  world.bench.install();
  CHECK_EQ(world.reloads(), 0);
  world.run(1);
  CHECK_CONTAINS(world.line("reloading"), "to activate: a, b, c, d, e and 1 more");
  CHECK_EQ(world.server.next_signals(), "H");
}

TEST(ten_seconds_are_the_most_that_is_waited_for_others) {
  World world;
  for (int i = 0; i < 12 && world.reloads() == 0; ++i) {
    world.bench.install();
    world.run(0);
    world.bench.env.boot += 900;
    world.run(0);
    CHECK(world.reloads() == 0 || i >= 10);
  }
  CHECK_EQ(world.reloads(), 1);
}

TEST(orders_under_way_are_waited_for_but_not_for_ever) {
  World world;
  world.bench.install();
  world.bench.create_order(kOther);
  world.run(5);
  CHECK_EQ(world.reloads(), 0);
  world.bench.certificates().give_up(world.bench.managed(kOther));
  world.run(1);
  CHECK_EQ(world.reloads(), 1);

  World patient;
  patient.bench.install();
  patient.bench.create_order(kOther);
  patient.run(9);
  CHECK_EQ(patient.reloads(), 0);
  patient.run(1);
  CHECK_EQ(patient.reloads(), 1);
}

TEST(between_two_reloads_there_is_a_minute) {
  World world;
  world.bench.install();
  world.run(1);
  world.server_reloads();
  world.bench.install(kOther);
  world.run(30);
  CHECK_EQ(world.reloads(), 1);
  CHECK_CONTAINS(world.line("wait for a reload"),
                 "helper: a wait for a reload of the server, in 5");
  CHECK_EQ(world.bench.log.count("wait for a reload"), 1);
  world.run(29);
  CHECK_EQ(world.reloads(), 1);
  world.run(2);
  CHECK_EQ(world.reloads(), 2);
}

TEST(the_minute_outlives_a_helper_and_no_reload_is_asked_for_twice) {
  World world;
  world.bench.install();
  world.run(1);
  CHECK_EQ(world.server.next_signals(), "H");
  // Killed again and again before the server has reloaded.
  for (int i = 0; i < 5; ++i) {
    world.respawn();
    CHECK(world.waits(kSite));
    world.run(10);
  }
  CHECK_EQ(world.reloads(), 1);
  world.server_reloads();
  world.respawn();
  world.run(3600);
  CHECK_EQ(world.reloads(), 1);
  CHECK(world.server.heard_nothing());
}

TEST(a_keeper_that_was_killed_before_it_could_ask_is_made_up_for) {
  World world;
  world.bench.install();
  world.respawn();
  CHECK(world.waits(kSite));
  world.run(1);
  CHECK_EQ(world.reloads(), 1);
  CHECK_EQ(world.server.next_signals(), "H");
}

TEST(a_clock_that_was_in_the_future_holds_up_nothing) {
  World world;
  world.bench.install();
  world.run(1);
  world.server_reloads();
  world.bench.install(kOther);
  world.bench.env.wall -= kHour / 2;
  world.respawn();
  world.run(59);
  CHECK_EQ(world.reloads(), 1);
  world.run(2);
  CHECK_EQ(world.reloads(), 2);

  // In a running keeper, too.
  world.server_reloads();
  world.bench.install();
  world.bench.env.wall -= kHour / 4;
  world.run(62);
  CHECK_EQ(world.reloads(), 3);
}

TEST(a_damaged_record_is_set_aside) {
  World world;
  world.bench.install();
  std::ofstream(world.bench.folder / "store/reload.json") << "no JSON";
  world.respawn();
  world.run(1);
  CHECK_EQ(world.reloads(), 1);
  CHECK_EQ(world.bench.log.count("reload.json is damaged"), 1);
  CHECK_CONTAINS(world.record(), "\"last\": \"2027-01-15T08:00:01Z\"");
}

TEST(without_a_record_no_reload_is_asked_for) {
  World world;
  world.bench.install();
  world.bench.env.writes_before_failure = 0;
  world.run(30);
  CHECK_EQ(world.reloads(), 0);
  CHECK_CONTAINS(world.line("is not reloaded"), "No space left");
  world.bench.env.writes_before_failure = -1;
  world.run(60);
  CHECK_EQ(world.reloads(), 1);
}

// ---- a server that does not

TEST(a_server_that_does_not_reload_is_asked_again_ever_more_rarely) {
  World world;
  world.bench.install();
  world.run(1);
  world.run(29);
  CHECK_EQ(world.bench.log.count("did not reload"), 0);
  world.run(1);
  CHECK_EQ(world.line("did not reload"),
           "helper: the server did not reload (see its error log): new certificates wait, among "
           "them site; it is asked again");
  std::vector<std::int64_t> pauses;
  for (std::int64_t second = 31, before = 1; second < 4 * kHour; ++second) {
    std::size_t reloads = world.reloads();
    world.run(1);
    if (world.reloads() == reloads) continue;
    pauses.push_back(second + 1 - before);
    before = second + 1;
  }
  CHECK_EQ(pauses, (std::vector<std::int64_t>{60, 120, 240, 480, 960, 1920, 3600, 3600}));
  CHECK_EQ(world.bench.log.count("did not reload"), 1);  // daily
}

TEST(the_pauses_go_on_growing_in_the_next_helper_and_begin_anew_after_a_success) {
  World world;
  world.bench.install();
  for (int i = 0; i < 3; ++i) {
    world.run(61);
    world.respawn();
    world.run(61);
  }
  CHECK_EQ(world.reloads(), 3);  // at 1, 61 and 181; the next one is at 421
  world.server_reloads();
  world.bench.install(kOther);
  world.run(2);
  CHECK_EQ(world.reloads(), 4);  // the minute has long passed
  world.server_reloads();
  world.bench.install();
  world.run(62);
  CHECK_EQ(world.reloads(), 5);
}

TEST(a_reload_that_leaves_a_certificate_out_does_not_become_a_loop) {
  World world;
  world.bench.config.certificates[0].first_slot = 100;  // has no place on any board
  world.respawn();
  world.bench.install();
  for (int minute = 0; minute < 60; ++minute) {
    std::size_t reloads = world.reloads();
    world.run(60);
    if (world.reloads() != reloads) world.server_reloads();
  }
  CHECK(world.reloads() <= 7);
}

TEST(a_foreign_process_is_never_signalled) {
  World world;
  StandInServer other;
  other.name_in(world.server.pid_file);
  world.bench.install();
  world.run(30);
  CHECK_EQ(world.reloads(), 0);
  CHECK(world.record().empty());
  CHECK(other.heard_nothing());
  CHECK_EQ(world.line("is not reloaded"),
           "helper: the server is not reloaded for new certificates: process " +
               std::to_string(other.pid()) + ", which " + world.server.pid_file +
               " names, is not the server that this helper belongs to; tried again in 60 s");
  world.run(600);
  CHECK_EQ(world.bench.log.count("is not reloaded"), 1);
  world.server.name_in(world.server.pid_file);
  world.run(600);
  CHECK(world.reloads() > 0);
  CHECK(world.server.next_signals().starts_with("H"));
}

TEST(a_server_that_has_a_newer_generation_is_left_alone) {
  World world;
  world.bench.install();
  Pipe ended;
  ended.writer.reset();
  CHECK(dup2(ended.reader.get(), world.server.death.reader.get()) >= 0);
  world.run(2);
  CHECK_EQ(world.reloads(), 0);
  CHECK_EQ(world.bench.log.count("is not reloaded"), 0);
}

// ---- httpd tests first

TEST(httpd_is_signalled_when_its_configuration_test_passes) {
  World world(ServerKind::httpd);
  world.bench.install();
  world.run(1);
  CHECK_EQ(world.reloads(), 0);  // the test runs, and the loop goes on
  world.finish_test();
  CHECK_EQ(world.reloads(), 1);
  CHECK_EQ(world.server.next_signals(), "U");
}

TEST(httpd_is_not_signalled_when_its_configuration_test_fails) {
  World world(ServerKind::httpd);
  world.server.obey("AH00526: Syntax error on line 7 of a.conf:\nInvalid command 'Fooo'");
  world.bench.install();
  std::vector<std::int64_t> pauses;
  world.run(1);
  world.finish_test();
  CHECK_EQ(world.line("is not reloaded"),
           "helper: the server is not reloaded for new certificates: its configuration test "
           "fails: AH00526: Syntax error on line 7 of a.conf: Invalid command 'Fooo'; tried "
           "again in 60 s");
  for (std::int64_t pause : {60, 120, 240, 480, 600, 600}) {
    world.run(pause - 1);
    std::vector<pollfd> fds;
    world.activation->add_to(fds);
    CHECK(fds.empty());
    world.run(1);
    world.activation->add_to(fds);
    CHECK_EQ(fds.size(), 1);
    world.finish_test();
  }
  CHECK_EQ(world.bench.log.count("is not reloaded"), 1);
  CHECK_EQ(world.reloads(), 0);
  CHECK(world.record().empty());
  CHECK(world.server.heard_nothing());

  world.server.obey("pass");
  world.run(600);
  world.finish_test();
  CHECK_EQ(world.reloads(), 1);
  CHECK_EQ(world.server.next_signals(), "U");
}

TEST(a_configuration_test_that_hangs_is_a_failure) {
  World world(ServerKind::httpd);
  world.server.obey("hang");
  world.bench.install();
  world.run(1);
  world.run(60);
  CHECK_CONTAINS(world.line("is not reloaded"), "it did not end within 60 s");
  CHECK_EQ(world.reloads(), 0);
  CHECK(eventually([] { return waitpid(-1, nullptr, WNOHANG) > 0; }));
}

TEST(what_is_installed_while_the_test_runs_comes_with_the_same_reload) {
  World world(ServerKind::httpd);
  world.bench.install();
  world.run(1);
  world.bench.install(kOther);
  world.finish_test();
  CHECK_CONTAINS(world.line("reloading"), "to activate: a, site");
  CHECK_EQ(world.reloads(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "-t") return be_configuration_test();
  return acme_test_main(argc, argv);
}
