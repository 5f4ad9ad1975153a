// The status: its fields (docs/STATUS.md), and the file that others read.
#include "keeper/status.h"

#include <sys/stat.h>

#include "ipc/control.h"
#include "keeper/once.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;
using keeper::status_json;
using keeper::write_status_file;

namespace {

Json status_of(Bench& bench, bool helper_up = true) {
  return status_json(bench.env, bench.config, bench.certificates(), bench.accounts(), helper_up);
}
Json site_of(const Json& status) {
  for (const Json& certificate : status["certificates"].items())
    if (certificate["id"].text_or("") == "site") return certificate;
  throw Failure("the site is not in the status");
}

TEST(the_frame_of_the_status) {
  Bench bench;
  Json status = status_of(bench);
  CHECK_EQ(status["version"].number_or(0), 1);
  CHECK_EQ(status["server"].text_or(""), "nginx");
  CHECK_EQ(status["server_version"].text_or(""), "nginx/1.22.1");
  CHECK(status["helper_up"].truth());
  CHECK_EQ(status["helper_pid"].number_or(0), getpid());
  CHECK_EQ(status["written"].text_or(""), "2027-01-15T08:00:00Z");
  CHECK_EQ(status["activation"].text_or(""), "live");
  CHECK_EQ(status["certificates"].items().size(), 4);
  Json down = status_of(bench, false);
  CHECK(!down["helper_up"].truth());
  CHECK(!down["helper_pid"].number().has_value());
}

TEST(a_certificate_that_is_still_to_come) {
  Bench bench;
  Json site = site_of(status_of(bench));
  CHECK_EQ(site["key"].text_or(""), "ecdsa:256");
  CHECK_EQ(site["names"].items().size(), 2);
  CHECK_EQ(site["state"].text_or(""), "pending");
  CHECK_EQ(site["issuer"].text_or(""), "ca");
  CHECK_EQ(site["failures"].number_or(-1), 0);
  CHECK(!site["not_after"].present() && !site["serial"].present() && !site["stage"].present());
  CHECK(site["next_try"].present() && !site["next_try"].text());  // null
}

TEST(what_is_under_way_and_what_went_wrong) {
  Bench bench;
  bench.send(Bench::frame(ipc::Progress{kSite, "waiting for the CA: \x1b[2J"}));
  ScheduleRecord schedule;
  schedule.failures = 2;
  schedule.last_try = kNow - 60;
  schedule.next_try = kNow + 60;
  schedule.retry_after = kNow + 600;
  schedule.last_error = "unauthorized: no";
  schedule.last_error_at = kNow - 60;
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  Json site = site_of(status_of(bench));
  CHECK_EQ(site["state"].text_or(""), "failing");
  CHECK_EQ(site["stage"].text_or(""), "waiting for the CA: \\x1b[2J");
  CHECK_EQ(site["failures"].number_or(0), 2);
  CHECK_EQ(site["last_error"].text_or(""), "unauthorized: no");
  CHECK_EQ(site["last_error_at"].text_or(""), "2027-01-15T07:59:00Z");
  CHECK_EQ(site["last_try"].text_or(""), "2027-01-15T07:59:00Z");
  CHECK_EQ(site["next_try"].text_or(""), "2027-01-15T08:10:00Z");  // the later of both
  bench.send(Bench::frame(ipc::Progress{kSite, ""}));
  CHECK(!site_of(status_of(bench))["stage"].present());
}

TEST(a_certificate_that_is_there) {
  Bench bench;
  bench.install();
  Json site = site_of(status_of(bench));
  CHECK_EQ(site["state"].text_or(""), "valid");
  CHECK_EQ(site["issuer_name"].text_or(""), "Test CA");
  CHECK_EQ(site["serial"].text_or(""), "1234");
  CHECK_EQ(site["not_before"].text_or(""), "2027-01-15T07:00:00Z");
  CHECK_EQ(site["not_after"].text_or(""), "2027-04-15T08:00:00Z");
  ScheduleRecord schedule;
  schedule.failures = 1;
  bench.granted(ipc::SaveSchedule{kSite, schedule});
  CHECK_EQ(site_of(status_of(bench))["state"].text_or(""), "renewal failing");
  bench.env.pass(91 * kDay);
  CHECK_EQ(site_of(status_of(bench))["state"].text_or(""), "expired");
}

TEST(a_renewal_by_hand_that_failed_leaves_the_planned_one) {
  Bench bench;
  bench.install();
  auto next_try = [&](WallTime renew_at, bool requested = false) {
    ScheduleRecord schedule;
    schedule.failures = 1;
    schedule.renew_at = renew_at;
    schedule.next_try = kNow + 60;
    schedule.renewal_requested = requested;
    bench.granted(ipc::SaveSchedule{kSite, schedule});
    return site_of(status_of(bench))["next_try"].text_or("");
  };
  CHECK_EQ(next_try(kNow + 60 * kDay), "");
  CHECK_EQ(next_try(kNow - 1), "2027-01-15T08:01:00Z");  // that one failed
  CHECK_EQ(next_try(kNow + 60 * kDay, true), "2027-01-15T08:01:00Z");
}

TEST(a_certificate_that_waits_for_a_reload) {
  Bench bench;
  bench.config.activation = ActivationMode::reload;
  bench.restart();
  bench.install();
  Json status = status_of(bench);
  CHECK_EQ(status["activation"].text_or(""), "reload");
  CHECK(site_of(status)["waiting_for_reload"].truth());
  for (const Json& other : status["certificates"].items())
    CHECK(other["id"].text_or("") == "site" || !other["waiting_for_reload"].present());
  bench.config.activation = ActivationMode::live;
  bench.restart();
  CHECK(!site_of(status_of(bench))["waiting_for_reload"].present());
}

TEST(no_secret_is_in_the_status) {
  Bench bench;
  bench.present();
  std::string answer = REQUIRE_OK(bench.board.key_authorization(kToken));
  std::string text = status_of(bench).pretty();
  CHECK(text.find(kToken) == std::string::npos);
  CHECK(text.find("PRIVATE") == std::string::npos);
}

TEST(the_file_is_readable_by_all_and_replaced_at_once) {
  Bench bench;
  UniqueFd dir(open(bench.folder.path().c_str(), O_RDONLY | O_DIRECTORY));
  const std::string path = bench.folder / "status.json";
  mode_t before = umask(077);
  REQUIRE_OK(write_status_file(bench.env, dir.get(), status_of(bench)));
  umask(before);
  struct stat info {};
  CHECK_EQ(stat(path.c_str(), &info), 0);
  CHECK_EQ(info.st_mode & 07777, 0644);
  Json read = REQUIRE_OK(Json::parse(contents_of(path)));
  CHECK(read["helper_up"].truth());

  UniqueFd reader(open(path.c_str(), O_RDONLY));
  REQUIRE_OK(write_status_file(bench.env, dir.get(), status_of(bench, false)));
  struct stat now {};
  CHECK_EQ(fstat(reader.get(), &now), 0);
  CHECK_EQ(now.st_nlink, 0);  // who reads the old one reads it whole
}

TEST(a_full_disk_leaves_the_file_of_before) {
  Bench bench;
  UniqueFd dir(open(bench.folder.path().c_str(), O_RDONLY | O_DIRECTORY));
  REQUIRE_OK(write_status_file(bench.env, dir.get(), status_of(bench)));
  bench.env.writes_before_failure = 0;
  CHECK_CONTAINS(
      REQUIRE_ERROR(write_status_file(bench.env, dir.get(), status_of(bench, false)), Errc::io),
      "No space left");
  CHECK(REQUIRE_OK(Json::parse(contents_of(bench.folder / "status.json")))["helper_up"].truth());
  CHECK(!std::filesystem::exists(bench.folder / ".status.json.new"));
}

TEST(no_link_is_followed) {
  Bench bench;
  UniqueFd dir(open(bench.folder.path().c_str(), O_RDONLY | O_DIRECTORY));
  std::ofstream(bench.folder / "victim") << "root's";
  std::filesystem::create_symlink(bench.folder / "victim", bench.folder / ".status.json.new");
  CHECK(!write_status_file(bench.env, dir.get(), status_of(bench)));
  CHECK_EQ(contents_of(bench.folder / "victim"), "root's");
}

// ---- acme-keeper --once

// What `run` prints.
template <class Run>
std::string printed_by(Run run) {
  Folder folder;
  const std::string path = folder / "out";
  std::fflush(stdout);
  UniqueFd saved(dup(STDOUT_FILENO));
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  dup2(file.get(), STDOUT_FILENO);
  run();
  std::fflush(stdout);
  dup2(saved.get(), STDOUT_FILENO);
  return contents_of(path);
}

void save_config(Bench& bench) {
  Secret bytes = encode_config(bench.config);
  REQUIRE_OK(bench.store().save_config(bytes.view()));
}

TEST(without_a_server_the_store_tells_the_status) {
  Bench bench;
  bench.install();
  save_config(bench);
  int status = -1;
  std::string text =
      printed_by([&] { status = keeper::once(bench.env, bench.config.state_path, "status", {}); });
  CHECK_EQ(status, 0);
  Json json = REQUIRE_OK(Json::parse(text));
  CHECK(!json["helper_up"].truth());
  CHECK_EQ(site_of(json)["state"].text_or(""), "valid");
}

TEST(without_a_server_a_renewal_is_noted_for_it) {
  Folder elsewhere;
  Bench bench;
  bench.install();
  save_config(bench);
  // The lock is the running keeper's; a copy of the store is nobody's.
  const std::string copy = elsewhere / "store";
  std::filesystem::copy(
      bench.config.state_path, copy,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  chmod(copy.c_str(), 0700);
  const auto renew = [&](const std::string& path, const std::string& name,
                         const char* command = "renew") {
    int status = -1;
    std::string text = printed_by([&] { status = keeper::once(bench.env, path, command, {name}); });
    return std::pair(status, text);
  };
  CHECK_EQ(renew(bench.config.state_path, "site").first, ipc::kServerIsRunning);
  CHECK_EQ(renew(copy, "nobody.example").first, 1);
  const auto unforced = renew(copy, "www.site.example");
  CHECK_EQ(unforced.first, 0);
  CHECK_CONTAINS(unforced.second, "site/ecdsa-256: not due: it is renewed in ");
  Store store = REQUIRE_OK(Store::open(bench.env, copy, Store::Mode::read_only, bench.log));
  (void)REQUIRE_ERROR(store.load_schedule(kSite, kNow), Errc::not_found);
  auto [status, text] = renew(copy, "www.site.example", "renew-forced");
  CHECK_EQ(status, 0);
  CHECK_CONTAINS(text, "site/ecdsa-256: no server is running");
  CHECK(REQUIRE_OK(store.load_schedule(kSite, kNow)).renewal_requested);
}

TEST(without_a_store_there_is_nothing_to_tell) {
  KeeperEnv env;
  Folder folder;
  CHECK_EQ(keeper::once(env, folder / "store", "status", {}), 1);
  CHECK(!std::filesystem::exists(folder / "store"));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
