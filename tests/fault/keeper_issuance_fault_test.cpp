// Each call to the system fails in turn through a whole first issuance.
#include <sys/stat.h>

#include <fstream>

#include "fault/each_call.h"
#include "keeper/agent_process.h"

using namespace acme::test;

TEST(a_whole_issuance) {
  fail_each_call(nothing_yet);
}

// A key that a child would make is made here where there can be no child.
TEST(no_process_for_a_slow_key) {
  House house(acme::KeyType::rsa2048);
  house.env.no_forks = true;
  house.load();
  CHECK(house.run_until([&] { return !house.served().serial.empty(); }, kTrouble));
  CHECK_EQ(house.env.forks, 1);
  CHECK_EQ(house.model.issued(), 1);
}

class NoProcess final : public KeeperEnv {
 public:
  bool works = false;
  acme::Result<pid_t> spawn(const acme::Spawn& what) const override {
    if (works) return KeeperEnv::spawn(what);
    return acme::fail(acme::Errc::io, "fork: Resource temporarily unavailable");
  }
};

TEST(no_process_for_the_agent) {
  NoProcess env;
  KeptLog log;
  Folder folder;
  acme::Config config;
  config.helper_path = folder.path();
  std::ofstream(folder / "acme-agent") << "#!/bin/sh\nread line\n";
  chmod((folder / "acme-agent").c_str(), 0755);
  acme::keeper::AgentProcess agent(env, log, log, config);
  agent.start();
  CHECK(!agent.channel());
  CHECK_EQ(log.count("Resource temporarily unavailable; the agent starts again in 100 ms"), 1);
  CHECK(!agent.due());
  env.works = true;
  env.boot += 100;
  CHECK(agent.due());
  agent.start();
  CHECK(agent.channel() != nullptr);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
