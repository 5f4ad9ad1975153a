// Deploy programs and exports: real programs, real files, and a clock that moves when the test
// says.
#include "keeper/deploy.h"

#include <sys/stat.h>
#include <unistd.h>

#include "keeper/trusted_program.h"
#include "unit/keeper/bench.h"
#include "unit/keeper/processes.h"

using namespace acme;
using namespace acme::test;
using keeper::check_program;
using keeper::Deploy;
namespace fs = std::filesystem;

namespace {

struct World {
  explicit World(const std::string& script, std::vector<std::string> only = {}) {
    write_script(script);
    bench.config.hooks.deploy = {{"id", {program(), "an argument"}, std::move(only)}};
    restart();
  }
  std::string program() const { return bench.folder / "hook"; }
  void write_script(const std::string& text) {
    write_text(program(), "#!/bin/sh\n" + text + "\n");
    chmod(program().c_str(), 0755);
  }
  // When it was last written.
  void touch(WallTime when) {
    const timespec times[] = {{when, 0}, {when, 0}};
    CHECK_EQ(utimensat(AT_FDCWD, program().c_str(), times, 0), 0);
  }
  // A crash: the next keeper knows what the store says.
  void restart() {
    deploy.reset();
    bench.restart();
    deploy = std::make_unique<Deploy>(bench.env, bench.log, bench.config, bench.store(),
                                      bench.certificates());
    deploy->on_failure = [this](const std::string& path, const std::vector<Lineage>& lineages,
                                const std::string& words) {
      failures.push_back(path + " " + lineages.at(0).certificate + ": " + words);
    };
    bench.certificates().on_installed = [this](const keeper::Managed&, bool) {
      deploy->installed();
    };
    deploy->restore();
  }
  // The loop, until nothing is to be done in the next second.
  void run() {
    for (int quiet = 0; quiet < 3; ++quiet) {
      bench.env.pass(1);
      deploy->turn();
      CHECK(eventually([&] {
        std::vector<pollfd> fds;
        deploy->add_to(fds);
        poll(fds.data(), fds.size(), 20);
        int status = 0;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) deploy->ended(pid, status);
        deploy->turn();
        siginfo_t info{};
        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0;  // no child
      }));
    }
  }
  std::string said() const { return contents_of(bench.folder / "said"); }

  Bench bench;
  std::unique_ptr<Deploy> deploy;
  std::vector<std::string> failures;
};

std::string calls(const World& world) {
  return contents_of(world.bench.folder / "calls");
}

// Appends what it was called for.
std::string counter(const World& world) {
  return "echo \"$ACME_CERTIFICATES\" >> " + (world.bench.folder / "calls");
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  CHECK_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

TEST(a_program_is_run_with_the_new_certificate_in_place) {
  World world("");
  world.write_script("{ echo \"$@\"; env | sort; cat; cat \"$ACME_PATHS/fullchain.pem\"; } > " +
                     (world.bench.folder / "said"));
  world.run();
  CHECK(world.said().empty());  // there is no certificate yet
  world.bench.install();
  world.run();
  const std::string path = world.bench.config.state_path + "/certs/site/ecdsa-256/current";
  const std::string said = world.said();
  CHECK(said.starts_with("an argument\nACME_CERTIFICATES=site\n"));
  CHECK_CONTAINS(said, "\nACME_NAMES=site.example www.site.example\n");
  CHECK_CONTAINS(said, "\nACME_PATHS=" + path + "\n");
  CHECK_CONTAINS(said, R"("privkey":")" + path + R"(/privkey.pem")");
  CHECK_CONTAINS(said, REQUIRE_OK(world.bench.store().load_current(kSite)).chain_pem);
  CHECK_EQ(world.bench.log.count("deployed by " + world.program() + ": site"), 1);
}

TEST(each_certificate_is_deployed_once_whoever_dies) {
  World world("");
  world.write_script(counter(world));
  world.bench.install();
  world.restart();  // killed between activation and deploy
  world.run();
  CHECK_EQ(calls(world), "site\n");
  world.restart();
  world.run();
  CHECK_EQ(calls(world), "site\n");
  world.bench.install();
  world.run();
  CHECK_EQ(calls(world), "site\nsite\n");
  // Another program (or other arguments) is new.
  world.bench.config.hooks.deploy[0].id = "other";
  world.restart();
  world.run();
  CHECK_EQ(calls(world), "site\nsite\nsite\n");
}

TEST(one_that_was_interrupted_is_run_again_after_a_pause) {
  World world("");
  world.write_script(counter(world) + "; sleep 600");
  world.bench.install();
  world.bench.env.pass(1);
  world.deploy->turn();
  CHECK(eventually([&] { return !calls(world).empty(); }));
  world.write_script(counter(world) + "; exit 1");
  world.touch(world.bench.env.wall - 1);
  world.restart();
  world.run();
  CHECK_EQ(calls(world), "site\n");
  world.bench.env.pass(60);
  world.run();
  CHECK_EQ(calls(world), "site\nsite\n");
  // Unless it was mended meanwhile.
  world.write_script(counter(world));
  world.touch(world.bench.env.wall);
  world.restart();
  world.run();
  CHECK_EQ(calls(world), "site\nsite\nsite\n");
}

// As `nginx -s reload` in such a program would have it.
TEST(one_that_is_about_to_end_when_the_keeper_does_is_waited_for) {
  World world("");
  world.write_script(counter(world) + "; sleep 0.1");
  world.bench.install();
  world.bench.env.pass(1);
  world.deploy->turn();
  world.deploy->await(60'000);  // of a clock that stands still
  CHECK_EQ(world.bench.log.count("deployed by"), 1);
  world.restart();
  world.bench.env.pass(3600);
  world.run();
  CHECK_EQ(calls(world), "site\n");
}

TEST(certificates_that_come_together_are_one_call) {
  World world("");
  world.write_script(counter(world));
  world.bench.install(kSite);
  world.bench.env.pass(0);
  world.bench.install({"wild", KeyType::ecdsa256});
  world.run();
  CHECK_EQ(calls(world), "site wild\n");
}

TEST(a_program_can_be_for_some_certificates) {
  World world("", {"*.wild.example"});
  world.write_script(counter(world));
  world.bench.install(kSite);
  world.run();
  CHECK_EQ(calls(world), "");
  world.bench.install({"wild", KeyType::ecdsa256});
  world.run();
  CHECK_EQ(calls(world), "wild\n");
  CHECK_EQ(world.bench.log.count("for="), 0);
  world.bench.config.hooks.deploy[0].only.push_back("mial.example");
  world.restart();
  CHECK_EQ(world.bench.log.count("deploy: for=mial.example: no certificate is called so"), 1);
}

TEST(what_waits_for_a_reload_is_not_deployed_yet) {
  World world("");
  world.write_script(counter(world));
  world.bench.config.activation = ActivationMode::reload;
  world.restart();
  world.bench.install();
  world.run();
  CHECK_EQ(calls(world), "");
  world.bench.config.activation = ActivationMode::live;  // the server's master fills its board
  world.restart();
  world.run();
  CHECK_EQ(calls(world), "site\n");
}

TEST(a_failure_is_told_once_and_tried_again_ever_later) {
  World world("");
  world.write_script(counter(world) + "; echo cannot; exit 3");
  world.bench.install();
  world.run();
  CHECK_EQ(world.failures.size(), 1);
  CHECK_EQ(world.failures[0],
           world.program() + " site: it ended with status 3; its last words: cannot");
  CHECK_EQ(world.bench.log.count("failed: it ended with status 3"), 1);
  CHECK_EQ(world.bench.log.count("it is run again in 60 s"), 1);
  world.bench.env.pass(50);
  world.run();
  CHECK_EQ(calls(world), "site\n");
  world.bench.env.pass(10);
  world.run();
  CHECK_EQ(calls(world), "site\nsite\n");
  world.bench.env.pass(60);
  world.run();
  CHECK_EQ(calls(world), "site\nsite\n");  // two minutes by now
  world.write_script(counter(world));
  world.bench.env.pass(60);
  world.run();
  CHECK_EQ(calls(world), "site\nsite\nsite\n");
  CHECK_EQ(world.bench.log.count("failed: "), 1);
  world.bench.env.pass(3600);
  world.run();
  CHECK_EQ(calls(world), "site\nsite\nsite\n");
}

TEST(one_that_hangs_is_ended_with_all_that_it_started) {
  World world("");
  world.write_script("sleep 600 & echo $! > " + (world.bench.folder / "child") + "; wait");
  world.bench.install();
  world.bench.env.pass(1);
  world.deploy->turn();
  CHECK(eventually([&] { return !contents_of(world.bench.folder / "child").empty(); }));
  CHECK(world.deploy->next_deadline(world.bench.env.boot + 10'000'000) <=
        world.bench.env.boot + 300'000);
  world.bench.env.pass(300);
  world.deploy->turn();
  CHECK_EQ(world.failures.size(), 1);
  CHECK_CONTAINS(world.failures[0], "it did not end within 300 s and was killed");
  const auto child = static_cast<pid_t>(std::stol(contents_of(world.bench.folder / "child")));
  CHECK(eventually([&] {
    waitpid(-1, nullptr, WNOHANG);
    const std::string stat = contents_of("/proc/" + std::to_string(child) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }));
}

TEST(one_that_floods_harms_nothing) {
  World world("exec yes 'no end of words'");
  world.bench.install();
  world.run();
  CHECK_CONTAINS(world.failures.at(0), "it wrote more than 1 MiB and was killed");
  CHECK_EQ(world.bench.log.count("no end of words"), 40);
  CHECK_EQ(world.bench.log.count("says more than that"), 1);
}

TEST(a_program_that_others_can_change_is_not_run) {
  World world("");
  world.write_script(counter(world));
  chmod(world.program().c_str(), 0775);
  world.restart();
  CHECK_EQ(world.bench.log.count("is not run as root: others can write to " + world.program()), 1);
  world.bench.install();
  world.run();
  CHECK_EQ(calls(world), "");
  CHECK_CONTAINS(world.failures.at(0), "others can write to");
}

TEST(who_could_put_another_program_there) {
  Folder folder;
  const std::string bin = folder / "bin";
  fs::create_directory(bin);
  const std::string path = bin + "/program";
  CHECK_CONTAINS(REQUIRE_ERROR(check_program(path), Errc::io), "No such file");
  write_text(path, "#!/bin/sh\n");
  CHECK_CONTAINS(REQUIRE_ERROR(check_program(path), Errc::unsafe), "chmod 755");
  chmod(path.c_str(), 0755);
  REQUIRE_OK(check_program(path));
  CHECK_CONTAINS(REQUIRE_ERROR(check_program(bin), Errc::unsafe), "no regular file");
  // A folder above it, and one that a link leads through.
  fs::create_directory(folder / "links");
  fs::create_symlink(path, folder / "links/absolute");
  fs::create_symlink("../bin/program", folder / "links/relative");
  for (const char* link : {"links/absolute", "links/relative"})
    REQUIRE_OK(check_program(folder / link));
  chmod((folder / "links").c_str(), 0777);
  for (const char* link : {"links/absolute", "links/relative"})
    CHECK_CONTAINS(REQUIRE_ERROR(check_program(folder / link), Errc::unsafe), "/links;");
  chmod((folder / "links").c_str(), 0755);
  chmod(bin.c_str(), 0775);
  for (const char* way : {"links/absolute", "links/relative", "bin/program"})
    CHECK_CONTAINS(REQUIRE_ERROR(check_program(folder / way), Errc::unsafe), "/bin;");
  fs::create_symlink("loop", folder / "loop");
  CHECK_CONTAINS(REQUIRE_ERROR(check_program(folder / "loop"), Errc::unsafe), "too many links");
  if (geteuid() != 0) return;
  chmod(bin.c_str(), 0755);
  CHECK_EQ(lchown(path.c_str(), 65534, 65534), 0);
  CHECK_CONTAINS(REQUIRE_ERROR(check_program(path), Errc::unsafe), "belongs to uid 65534");
}

// ---- exports

struct ExportWorld : World {
  ExportWorld() : World("") {
    gid = geteuid() == 0 ? 65534 : getgid();
    bench.config.hooks.exports = {{"nogroup", gid, bench.folder / "tls", {}}};
    write_script("ls -l " + (bench.folder / "tls/site/") + " > " + (bench.folder / "said"));
    restart();
  }
  std::uint32_t gid;
};

TEST(an_export_can_be_read_by_the_group_before_programs_are_run) {
  ExportWorld world;
  world.bench.install();
  world.run();
  CHECK_CONTAINS(world.said(), "fullchain.pem");
  const std::string site = world.bench.folder / "tls/site";
  CHECK_EQ(mode_of(site + "/privkey.pem"), 0640);
  CHECK_EQ(mode_of(site + "/fullchain.pem"), 0640);
  CHECK_EQ(mode_of(site), 0750);
  CHECK_EQ(mode_of(world.bench.folder / "tls"), 0755);
  struct stat info {};
  CHECK_EQ(stat((site + "/privkey.pem").c_str(), &info), 0);
  CHECK_EQ(info.st_gid, world.gid);
  const Version first = REQUIRE_OK(world.bench.store().load_current(kSite));
  CHECK_EQ(contents_of(site + "/fullchain.pem"), first.chain_pem);
  CHECK_EQ(contents_of(site + "/privkey.pem"), std::string(first.key_pem.view()));
  // The next one, and what a reader has open stays whole for a while.
  const fs::path before = fs::canonical(site);
  world.bench.env.pass(1);
  world.bench.install();
  world.run();
  const Version second = REQUIRE_OK(world.bench.store().load_current(kSite));
  CHECK_EQ(contents_of(site + "/fullchain.pem"), second.chain_pem);
  CHECK(fs::exists(before));
  world.bench.env.pass(1);
  world.bench.install();
  world.run();
  CHECK(!fs::exists(before));
}

TEST(an_export_that_cannot_be_is_told_and_tried_again_and_holds_up_its_programs) {
  ExportWorld world;
  fs::create_directories(world.bench.folder / "tls/site");
  world.bench.install();
  world.run();
  CHECK_EQ(world.said(), "");
  CHECK_EQ(world.bench.log.count("is there and is no export: move it away"), 1);
  fs::remove(world.bench.folder / "tls/site");
  world.bench.env.pass(60);
  world.run();
  CHECK_CONTAINS(world.said(), "privkey.pem");
}

TEST(the_second_kind_of_key_has_a_folder_of_its_own) {
  ExportWorld world;
  world.bench.config.certificates[0].keys.push_back(KeyType::ecdsa384);
  for (std::size_t i = 1; i < world.bench.config.certificates.size(); ++i)
    ++world.bench.config.certificates[i].first_slot;
  world.restart();
  world.bench.install({"site", KeyType::ecdsa384});
  world.run();
  CHECK(fs::exists(world.bench.folder / "tls/site.ecdsa-384/privkey.pem"));
  CHECK(!fs::exists(world.bench.folder / "tls/site"));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
