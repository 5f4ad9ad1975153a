// Who is told what, how often, and what outlives the helper.
#include "keeper/notices.h"

#include <filesystem>
#include <fstream>

#include "keeper/expiry.h"
#include "unit/crypto/certificates.h"
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

NotifyConfig target(const std::string& id, Events events = kAllEvents) {
  return {id, {"/bin/" + id}, "", events};
}

// The keeper, and an agent that writes down what it is to tell.
struct Told {
  Told() : Told(std::vector{target("a")}) {}
  explicit Told(std::vector<NotifyConfig> targets) {
    bench.config.hooks.notify = std::move(targets);
    restart();
  }
  void restart() {
    bench.restart();
    bench.notices().on_new = [this](const ipc::Notice& notice) {
      notices.push_back(notice);
      return true;
    };
    bench.certificates().on_installed = [this](const keeper::Managed& managed, bool first) {
      bench.notices().installed(managed, first);
    };
    bench.certificates().on_revoked = [this](const keeper::Managed& managed) {
      bench.notices().revoked(managed);
    };
    bench.accounts().on_new_terms = [this](const std::string& issuer, const std::string& terms) {
      bench.notices().terms_changed(issuer, terms);
    };
  }
  // By a crash: what was not written is gone; by an end it is written before.
  void crash() {
    bench.env.pass(2);
    bench.notices().turn();
    notices.clear();
    restart();
    bench.notices().tell_all();
  }
  Json json(std::size_t index = 0) const { return REQUIRE_OK(Json::parse(notices.at(index).json)); }
  void fail(const std::string& words, bool of_issuer = false, const Lineage& lineage = kSite) {
    bench.granted(
        ipc::Happened{Event::failed, lineage, "ca", words, "", bench.env.wall + 600, of_issuer});
  }
  // The certificate in hand ends at that time.
  void set_life(WallTime not_before, WallTime not_after) {
    keeper::Managed& managed = bench.managed(kSite);
    managed.stored->not_before = not_before;
    managed.stored->not_after = not_after;
    managed.schedule.renew_at = not_after - (not_after - not_before) / 3;
  }

  Bench bench;
  std::vector<ipc::Notice> notices;
};

TEST(a_new_certificate_is_told_as_issued_and_its_successor_as_renewed) {
  Told told;
  told.bench.install();
  CHECK_EQ(told.notices.size(), 1);
  CHECK_EQ(told.notices[0].target, "a");
  CHECK_EQ(told.notices[0].subject, "issued of site");
  const Json json = told.json();
  CHECK_EQ(json["version"].number_or(0), 1);
  CHECK_EQ(json["event"].text_or(""), "issued");
  CHECK_EQ(json["certificate"].text_or(""), "site");
  CHECK_EQ(json["key"].text_or(""), "ecdsa:256");
  CHECK_EQ(json["names"].items().size(), 2);
  CHECK_EQ(json["issuer"].text_or(""), "ca");
  CHECK_EQ(json["server"].text_or(""), "nginx");
  CHECK_EQ(json["time"].text_or(""), format_rfc3339(told.bench.env.wall));
  CHECK_EQ(json["id"].text_or("").size(), 16);
  CHECK_CONTAINS(json["message"].text_or(""), "site: certificate issued by ca, valid until");
  told.bench.install();
  CHECK_EQ(told.json(1)["event"].text_or(""), "renewed");
  CHECK(told.json(1)["id"].text_or("") != json["id"].text_or(""));
}

TEST(each_is_told_what_it_wants_to_know) {
  Told told(std::vector{target("all"), target("bad", bit_of(Event::failed)),
                        target("good", bit_of(Event::issued) | bit_of(Event::renewed))});
  told.bench.install();
  told.fail("no");
  std::string all;
  for (const ipc::Notice& notice : told.notices)
    all += notice.target + ":" + std::string(event_name(notice.event)) + " ";
  CHECK_EQ(all, "all:issued good:issued all:failed bad:failed ");
}

TEST(without_anybody_to_tell_nothing_is_kept) {
  Told told(std::vector<NotifyConfig>{});
  told.bench.install();
  told.fail("no");
  told.crash();
  CHECK(told.notices.empty());
  CHECK(!std::filesystem::exists(told.bench.folder / "store/notices.json"));
}

TEST(the_same_failure_is_told_at_once_and_then_daily) {
  Told told;
  told.fail("connection to 192.0.2.1 refused at 10:00");
  told.fail("connection to 192.0.2.7 refused at 11:00");
  CHECK_EQ(told.notices.size(), 1);
  told.crash();  // which makes no difference
  CHECK_EQ(told.notices.size(), 1);
  CHECK_EQ(told.json()["error"].text_or(""), "connection to 192.0.2.1 refused at 10:00");
  CHECK_EQ(told.json()["next_try"].text_or("").size(), 20);
  told.fail("connection to 192.0.2.7 refused at 12:00");
  CHECK_EQ(told.notices.size(), 1);
  told.fail("something else");
  CHECK_EQ(told.notices.size(), 2);
  told.bench.env.pass(kDay);
  told.fail("something else");
  CHECK_EQ(told.notices.size(), 3);
  // After a success it is news again.
  told.bench.install();
  told.fail("something else");
  CHECK_EQ(told.notices.size(), 5);
}

TEST(what_is_the_issuers_trouble_is_told_once_for_all) {
  Told told;
  told.fail("the CA is down", true);
  told.fail("the CA is down", true, kSlow);
  CHECK_EQ(told.notices.size(), 1);
  CHECK_CONTAINS(told.json()["message"].text_or(""), "so will it be with every order there");
}

TEST(what_was_not_told_yet_outlives_the_helper) {
  Told told;
  told.bench.install();
  told.fail("no");
  told.bench.granted(ipc::NoticeDone{told.notices.at(0).number});  // of the issued one
  const ipc::Notice before = told.notices.at(1);
  told.crash();
  CHECK_EQ(told.notices.size(), 1);
  CHECK_EQ(told.notices[0].json, before.json);
  told.bench.granted(ipc::NoticeDone{told.notices[0].number});
  told.crash();
  CHECK(told.notices.empty());
  // Nor for one who is not configured any more.
  told.fail("another");
  told.bench.config.hooks.notify = {target("b")};
  told.crash();
  CHECK(told.notices.empty());
}

TEST(a_person_is_told_where_to_go) {
  Told told;
  const std::string url = "https://portal.example/unpause?jwt=" + std::string(900, 'x');
  told.bench.granted(ipc::Happened{Event::action_required, kSite, "ca", "paused", url, 0, false});
  CHECK_EQ(told.json()["event"].text_or(""), "action_required");
  CHECK_EQ(told.json()["url"].text_or(""), url);
  CHECK_CONTAINS(told.json()["message"].text_or(""), "wants a person to do something");
  told.bench.granted(ipc::Happened{Event::failed, kSlow, "ca", "\x1b[31m\n", "javascript:x"});
  CHECK(!told.json(1)["url"].present());
  CHECK_EQ(told.json(1)["error"].text_or(""), "\\x1b[31m\\x0a");
}

TEST(changed_terms_and_a_revocation_are_told) {
  Told told;
  told.bench.register_account();
  told.bench.granted(
      ipc::DirectoryRead{"ca", {kCa + "/new-account", kCa + "/new-order"}, kCa + "/terms/2"});
  CHECK_EQ(told.json()["event"].text_or(""), "action_required");
  CHECK_EQ(told.json()["url"].text_or(""), kCa + "/terms/2");
  CHECK_CONTAINS(told.json()["message"].text_or(""), "acmectl account agree ca");
  told.bench.install();
  const std::string version = REQUIRE_OK(told.bench.store().load_current(kSite)).name;
  CHECK(REQUIRE_OK(told.bench.certificates().note_revoked(told.bench.managed(kSite), version,
                                                          "keyCompromise", true)));
  CHECK_EQ(told.json(2)["event"].text_or(""), "revoked");
  CHECK_CONTAINS(told.json(2)["message"].text_or(""), "was revoked (keyCompromise); another");
}

TEST(the_stages_of_an_end) {
  using keeper::expiry_stage;
  const WallTime end = 90 * kDay;
  CHECK_EQ(expiry_stage(0, end, end - 14 * kDay - 1), 0);
  CHECK_EQ(expiry_stage(0, end, end - 14 * kDay), 1);
  CHECK_EQ(expiry_stage(0, end, end - 2 * kDay - 1), 1);
  CHECK_EQ(expiry_stage(0, end, end - 2 * kDay), 2);
  CHECK_EQ(expiry_stage(0, end, end), 3);
  CHECK_EQ(expiry_stage(0, 6 * kDay, 4 * kDay - 1), 0);
  CHECK_EQ(expiry_stage(0, 6 * kDay, 4 * kDay), 1);
  CHECK_EQ(expiry_stage(0, 6 * kDay, 6 * kDay - 12 * kHour), 2);
}

TEST(a_certificate_that_ends_is_told_of_two_weeks_and_two_days_before_and_at_its_end) {
  Told told(std::vector{target("a", bit_of(Event::expiring))});
  told.bench.install();
  const WallTime now = told.bench.env.wall;
  told.set_life(now - 76 * kDay, now + 14 * kDay + kHour);
  told.bench.notices().look();
  CHECK(told.notices.empty());
  told.bench.env.pass(kHour);
  told.bench.notices().look();
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 1);
  CHECK_CONTAINS(told.json()["message"].text_or(""), "ends in 14 d and was not renewed");
  told.bench.env.pass(12 * kDay);
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 2);
  told.bench.env.pass(2 * kDay);
  told.bench.notices().look();
  told.bench.env.pass(kDay);
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 3);
  CHECK_CONTAINS(told.json(2)["message"].text_or(""), "has expired");
}

TEST(one_that_ran_out_while_no_server_ran_is_tried_before_anybody_is_told) {
  Told told(std::vector{target("a", bit_of(Event::expiring))});
  told.bench.install();
  const WallTime now = told.bench.env.wall;
  told.set_life(now - 85 * kDay, now + 5 * kDay);
  told.bench.notices().look();
  CHECK(told.notices.empty());
  // Nor does it wait for long.
  told.bench.env.pass(10 * kMinute);
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 1);
  // What was tried and failed is told at once.
  told.restart();
  told.set_life(now - 89 * kDay, now + kDay);
  told.bench.managed(kSite).schedule.last_try = now;
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 2);
}

TEST(one_that_is_to_be_renewed_late_is_no_reason_to_worry) {
  Told told(std::vector{target("a", bit_of(Event::expiring))});
  told.bench.install();
  const WallTime now = told.bench.env.wall;
  told.set_life(now - 80 * kDay, now + 10 * kDay);
  told.bench.managed(kSite).schedule.renew_at = now + 5 * kDay;
  told.bench.notices().look();
  CHECK(told.notices.empty());
  told.bench.env.pass(5 * kDay + kHour);
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 1);
}

TEST(a_clock_that_is_wrong_makes_nothing_expire) {
  Told told(std::vector{target("a", bit_of(Event::expiring))});
  told.bench.install();
  told.bench.env.pass(400 * kDay);
  told.bench.certificates().note_clock({"ca", 300 * kDay});
  told.bench.notices().look();
  CHECK(told.notices.empty());
  told.bench.certificates().note_clock({"ca", 0});
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 1);
}

// A file as an operator has it: the key stands in it, too.
void supply(const std::string& path, WallTime from, WallTime to) {
  const Party own = Party::self_signed({.names = "DNS:own.example", .from = from, .to = to});
  std::ofstream(path + ".new") << REQUIRE_OK(own.key().pem()).view() << chain_to_pem({own.der()});
  std::filesystem::rename(path + ".new", path);
}

TEST(certificates_that_the_operator_supplied_are_told_of_until_they_are_replaced) {
  Told told;
  const WallTime now = told.bench.env.wall;
  const std::string path = told.bench.folder.path() + "/own.pem";
  told.bench.config.supplied = {SuppliedFile{path},
                                SuppliedFile{told.bench.folder.path() + "/gone.pem"}};
  told.restart();
  supply(path, now - 300 * kDay, now + kDay);
  told.bench.notices().look();
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 1);
  CHECK_EQ(told.json()["certificate"].text_or(""), path);
  CHECK_CONTAINS(told.json()["message"].text_or(""), "put a new one in its place");
  CHECK_EQ(told.bench.log.count("(own.example)"), 1);

  supply(path, now, now + 300 * kDay);
  told.bench.env.pass(2 * kDay);
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 1);
}

// 200 in one look.
TEST(of_many_supplied_files_the_rest_is_read_within_seconds) {
  Told told;
  const WallTime now = told.bench.env.wall;
  const std::string path = told.bench.folder.path() + "/own";
  supply(path, now - 300 * kDay, now + kDay);
  told.bench.config.supplied.clear();
  for (int i = 0; i < 401; ++i) {
    told.bench.config.supplied.push_back(SuppliedFile{path + std::to_string(i)});
    std::filesystem::create_hard_link(path, path + std::to_string(i));
  }
  told.restart();
  told.bench.notices().look();
  CHECK_EQ(told.bench.log.count("(own.example)"), 200);
  for (int second = 0; second < 2; ++second) {
    const Millis at = told.bench.env.boottime();
    CHECK(told.bench.notices().next_deadline(at + 60'000) <= at + 1'000);
    told.bench.env.pass(1);
    told.bench.notices().turn();
  }
  CHECK_EQ(told.bench.log.count("(own.example)"), 401);
  told.bench.notices().settle();
  CHECK_EQ(told.bench.notices().next_deadline(told.bench.env.boottime() + 60'000),
           told.bench.env.boottime() + 60'000);
}

TEST(a_bridge_is_told_of_until_its_successor_is_there) {
  Told told;
  const WallTime now = told.bench.env.wall;
  const std::string path = told.bench.folder.path() + "/own.pem";
  supply(path, now - 300 * kDay, now + 10 * kDay);
  told.bench.config.supplied = {SuppliedFile{path, {"site"}}};
  told.restart();
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 1);
  told.bench.install();
  CHECK_EQ(told.notices.size(), 2);
  told.bench.env.pass(9 * kDay);
  told.bench.notices().look();
  CHECK_EQ(told.notices.size(), 2);
}

TEST(a_queue_has_an_end_and_failures_are_worth_more_than_good_news) {
  Told told;
  told.bench.install();
  for (int i = 0; i < 250; ++i) {
    std::string words = "w";
    for (int n = i; n > 0; n /= 26) words += static_cast<char>('a' + n % 26);
    told.fail(words);
  }
  told.crash();
  CHECK_EQ(told.notices.size(), 200);
  CHECK_EQ(told.bench.log.count("more than 200 notices wait for /bin/a"), 1);
  for (const ipc::Notice& notice : told.notices) CHECK(notice.event == Event::failed);
  const std::size_t before = told.notices.size();
  told.bench.install();  // no room for that
  CHECK_EQ(told.notices.size(), before);
}

TEST(a_disk_that_is_full_is_told_once_and_tried_again) {
  Told told;
  told.bench.env.pass(10);
  told.fail("no");
  told.bench.env.writes_before_failure = 0;
  for (int i = 0; i < 3; ++i) {
    told.bench.env.pass(2);
    told.bench.notices().turn();
  }
  CHECK_EQ(told.bench.log.count("notices.json"), 1);
  told.bench.env.writes_before_failure = -1;
  told.crash();
  CHECK_EQ(told.notices.size(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
