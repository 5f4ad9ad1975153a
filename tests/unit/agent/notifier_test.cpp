// Telling operators: real programs, a model of a server for URLs, and time that can be moved on.
#include "agent/notifier.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/forwarding_env.h"
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::agent;
using namespace acme::test;

namespace {

struct MovedEnv final : ForwardingEnv {
  Millis boottime() const override { return real().boottime() + moved; }
  Millis moved = 0;
};

struct Lines final : Log {
  void write(Level level, std::string_view line) override {
    all.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(line));
  }
  std::size_t count(std::string_view part) const {
    std::size_t n = 0;
    for (const std::string& line : all) n += line.find(part) != std::string::npos ? 1U : 0U;
    return n;
  }
  std::vector<std::string> all;
};

// Answers are given when the test says so.
struct FakeServer final : Http {
  void send(HttpRequest request, HttpCallback callback) override {
    requests.push_back(std::move(request));
    done = std::move(callback);
  }
  void answer(int status) {
    protocol::Answer answer;
    answer.status = status;
    std::exchange(done, {})(answer);
  }
  std::vector<HttpRequest> requests;
  HttpCallback done;
};

struct Office {
  Office() {
    char name[] = "/tmp/acme-notify-XXXXXX";
    if (!mkdtemp(name)) throw Failure("no temporary folder");
    folder = name;
  }
  ~Office() {
    notifier.reset();
    std::filesystem::remove_all(folder);
  }
  void program(const std::string& id, const std::string& text) {
    NotifyConfig config;
    config.id = id;
    config.command = {folder + "/" + id, "an argument"};
    std::ofstream(config.command[0]) << "#!/bin/sh\ncd " << folder << "\n" << text << "\n";
    chmod(config.command[0].c_str(), 0755);
    targets.push_back(config);
  }
  void url(const std::string& id, const std::string& where) {
    NotifyConfig config;
    config.id = id;
    config.url = where;
    targets.push_back(config);
  }
  void tell(std::uint32_t number, const std::string& id, const std::string& json = "{}") {
    if (!notifier) notifier = std::make_unique<Notifier>(services, watches, targets);
    notifier->tell({number, id, Event::failed, "failed of site " + std::to_string(number), json});
  }
  void turn() {
    REQUIRE_OK(link.pump());
    timers.run_due();
    std::vector<pollfd> polled = watches.wanted();
    poll(polled.data(), polled.size(), 10);
    watches.run_ready(polled);
    REQUIRE_OK(channel.flush());
    for (const Frame& frame : REQUIRE_OK(channel.receive())) {
      CHECK_EQ(frame.type, static_cast<std::uint16_t>(ipc::Type::notice_done));
      done.push_back(REQUIRE_OK(decode<ipc::NoticeDone>(frame.payload.view())).number);
    }
  }
  template <class F>
  void turn_until(F good) {
    for (int i = 0; i < 3000 && !good(); ++i) turn();
    CHECK(good());
  }
  std::string read(const std::string& name) const {
    std::ifstream in(folder + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string folder;
  MovedEnv env;
  Timers timers{env};
  Watches watches;
  Lines log;
  FakeServer http;
  Ends ends = socket_pair();
  Channel channel{std::move(ends.keeper)};
  KeeperLink link{std::move(ends.agent)};
  Services services{env, timers, http, link, log};
  std::vector<NotifyConfig> targets;
  std::vector<std::uint32_t> done;
  std::unique_ptr<Notifier> notifier;
};

const std::string kEvil = R"({"error":"$(touch harmed) `touch harmed` ; touch harmed"})";

}  // namespace

TEST(a_program_gets_json_on_standard_input_and_nothing_of_it_in_arguments) {
  Office office;
  office.program("tell", "echo \"$@\" > said; env | sort >> said; cat >> said");
  office.tell(7, "tell", kEvil);
  office.turn_until([&] { return office.done.size() == 1; });
  CHECK_EQ(office.done[0], 7);
  const std::string said = office.read("said");
  CHECK(said.starts_with("an argument\nACME_EVENT=failed\n"));
  CHECK(said.ends_with("\n" + kEvil + "\n"));
  CHECK_EQ(said.find("HOME=/root"), std::string::npos);
  CHECK(!std::filesystem::exists(office.folder + "/harmed"));
  CHECK_EQ(office.log.count("told " + office.folder + "/tell: failed of site 7"), 1);
}

TEST(one_after_the_other_and_several_at_a_time_are_told) {
  Office office;
  office.program("slow",
                 "cat > /dev/null; echo x >> running; while [ ! -e go ]; do sleep 0.05; done");
  office.program("quick", "cat > /dev/null");
  for (std::uint32_t number : {1, 2}) office.tell(number, "slow");
  office.tell(3, "quick");
  office.turn_until([&] { return office.done.size() == 1 && !office.read("running").empty(); });
  CHECK_EQ(office.done[0], 3);
  CHECK_EQ(office.read("running"), "x\n");
  std::ofstream(office.folder + "/go") << "go";
  office.turn_until([&] { return office.done.size() == 3; });
  CHECK_EQ(office.done[1], 1);
}

TEST(one_that_fails_is_tried_again_and_told_of_once) {
  Office office;
  office.program("tell", "cat >> said; [ -e good ] || { echo down; exit 1; }");
  office.tell(1, "tell", "first");
  office.tell(2, "tell", "second");
  office.turn_until([&] { return office.log.count("could not be told") == 1; });
  CHECK_EQ(office.log.count("ended with status 1; its last words: down; tried again in 60 s"), 1);
  CHECK_EQ(office.read("said"), "first\n");
  office.env.moved += 60'000;
  office.turn_until([&] { return office.read("said") == "first\nsecond\n"; });
  office.turn_until([&] { return office.timers.next_in().value_or(0) > 61'000; });
  std::ofstream(office.folder + "/good") << "";
  office.env.moved += 120'000;
  office.turn_until([&] { return office.done.size() == 2; });
  CHECK_EQ(office.log.count("could not be told"), 1);
}

TEST(after_a_day_it_is_given_up) {
  Office office;
  office.program("tell", "exit 1");
  office.tell(1, "tell");
  office.turn_until([&] { return office.log.count("could not be told") == 1; });
  office.env.moved += 24 * 3600 * 1000;
  office.turn_until([&] { return office.done.size() == 1; });
  CHECK_EQ(office.log.count("given up after a day"), 1);
}

TEST(a_program_that_is_not_there_is_a_failure_like_any) {
  Office office;
  office.program("tell", "");
  office.targets[0].command[0] = "/nowhere/tell";
  office.tell(1, "tell");
  office.turn_until([&] { return office.log.count("could not be told") == 1; });
  CHECK_EQ(office.log.count("cannot start /nowhere/tell: No such file"), 1);
}

TEST(one_that_hangs_or_floods_is_ended) {
  Office office;
  office.program("hangs", "echo waiting; sleep 600");
  office.program("floods", "yes");
  office.tell(1, "hangs");
  office.tell(2, "floods");
  office.turn_until([&] { return office.log.count("wrote more than 1 MiB and was ended") == 1; });
  office.turn_until([&] { return office.log.count("waiting") == 1; });
  office.env.moved += 60'000;
  office.turn_until([&] { return office.log.count("did not end within 60 s and was ended") == 1; });
}

TEST(a_url_gets_the_same_by_post) {
  Office office;
  office.url("hook", "https://hooks.example/secret");
  office.tell(1, "hook", kEvil);
  office.tell(2, "hook");
  CHECK_EQ(office.http.requests.size(), 1);
  const HttpRequest& request = office.http.requests[0];
  CHECK(request.method == HttpRequest::Method::post);
  CHECK_EQ(request.url, "https://hooks.example/secret");
  CHECK_EQ(request.body, kEvil);
  CHECK_EQ(std::string(request.content_type), "application/json");
  CHECK(!request.follow_redirects && !request.trust && !request.plain_http);
  office.http.answer(204);
  CHECK_EQ(office.http.requests.size(), 2);
  office.http.answer(500);
  CHECK_EQ(office.log.count("https://hooks.example could not be told: failed of site 2: it "
                            "answered with status 500; tried again in 60 s"),
           1);
  office.turn_until([&] { return office.done.size() == 1; });
  office.env.moved += 60'000;
  office.turn_until([&] { return office.http.requests.size() == 3; });
  office.http.answer(200);
  office.turn_until([&] { return office.done.size() == 2; });
  CHECK_EQ(office.log.count("secret"), 0);
  // An answer that comes when nobody waits any more.
  office.tell(3, "hook");
  office.notifier.reset();
  office.http.answer(200);
}

TEST(who_cannot_be_told_does_not_fill_the_memory) {
  Office office;
  office.url("hook", "https://hooks.example/");
  office.tell(1, "hook", "first");
  for (std::uint32_t number = 2; number < 302; ++number)
    office.notifier->tell({number, "hook", number < 52 ? Event::failed : Event::renewed, "s",
                           std::to_string(number)});
  for (int i = 0; i < 200; ++i) office.http.answer(200);
  CHECK(!office.http.done);
  std::string bodies;
  for (const HttpRequest& request : office.http.requests) bodies += request.body + " ";
  CHECK(bodies.starts_with("first 2 3 4 "));
  CHECK_CONTAINS(bodies, " 51 153 154 ");  // good news gave way
  CHECK(bodies.ends_with(" 301 "));
}

TEST(a_notice_for_nobody_is_done) {
  Office office;
  office.tell(1, "nobody");
  office.turn_until([&] { return office.done.size() == 1; });
}

TEST(the_driver_tells_the_keeper_of_failures_once) {
  World world;
  world.config.hooks.notify = {{"a", {"/bin/a"}, "", kAllEvents}};
  std::vector<ipc::Happened> told;
  world.keeper.before_with = [&](ipc::Type type, std::string_view bytes) {
    if (type == ipc::Type::happened) told.push_back(REQUIRE_OK(decode<ipc::Happened>(bytes)));
    return std::optional<ipc::Reply>();
  };
  world.ca.unanswered = {"http-01"};
  world.add("example.com");
  world.start();
  world.run_for(kHour * 1000);
  CHECK_EQ(told.size(), 1);
  CHECK(told[0].event == Event::failed);
  CHECK_EQ(told[0].lineage.certificate, "example.com");
  CHECK_CONTAINS(told[0].words, "refused");
  CHECK(told[0].next_try > kStart);
}

TEST(a_paused_account_needs_a_person) {
  World world;
  world.config.hooks.notify = {{"a", {"/bin/a"}, "", kAllEvents}};
  std::vector<ipc::Happened> told;
  world.keeper.before_with = [&](ipc::Type type, std::string_view bytes) {
    if (type == ipc::Type::happened) told.push_back(REQUIRE_OK(decode<ipc::Happened>(bytes)));
    return std::optional<ipc::Reply>();
  };
  world.ca.after = [](const HttpRequest& request, const Answer&) -> std::optional<HttpResult> {
    if (!request.url.ends_with("/new-order")) return std::nullopt;
    Answer answer;
    answer.status = 429;
    answer.headers.push_back({"Content-Type", "application/problem+json"});
    answer.body = R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"Your account is )"
                  R"(temporarily prevented from requesting certificates. Please visit: )"
                  R"(https://portal.example/sfe/v1/unpause?jwt=abc"})";
    return answer;
  };
  world.add("example.com");
  world.start();
  world.run_for(kMinute * 1000);
  CHECK_EQ(told.size(), 1);
  CHECK(told[0].event == Event::action_required);
  CHECK_EQ(told[0].url, "https://portal.example/sfe/v1/unpause?jwt=abc");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
