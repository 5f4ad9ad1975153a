// Looking at names: tokens of the keeper's own making, and what the operator hears.
#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;
using ipc::Verdict;

namespace {

// The operator, and the agent that is told.
struct Asked {
  Bench bench;
  bool has_agent = true;
  std::vector<ipc::Check> told;
  std::optional<ipc::ControlAnswer> answer;

  Asked() {
    bench.checks().on_new = [this](const ipc::Check& check) {
      told.push_back(check);
      return has_agent;
    };
  }
  std::string refusal(const std::string& name) {
    auto now = bench.checks().ask(name, [](const ipc::ControlAnswer&) {});
    CHECK(now && !now->ok);
    return now->text;
  }
  std::uint32_t ask(const std::string& name) {
    CHECK(!bench.checks().ask(name, [this](const auto& given) { answer = given; }));
    return told.back().number;
  }
};

TEST(workers_answer_a_token_that_nobody_could_have_chosen) {
  Bench bench;
  const std::string answer = bench.granted(ipc::BeginProbe{kSite});
  const std::string token = answer.substr(0, answer.find('.'));
  CHECK_EQ(token.size(), 43);
  CHECK_EQ(answer.size(), 43 + 1 + 43);
  CHECK_EQ(REQUIRE_OK(bench.board.key_authorization(token)), answer);
  CHECK(bench.granted(ipc::BeginProbe{kSite}) != answer);
  bench.granted(ipc::EndProbe{token});
  CHECK(!bench.board.key_authorization(token));
}

TEST(the_tokens_of_an_agent_end_with_it) {
  Bench bench;
  const std::string answer = bench.granted(ipc::BeginProbe{kSite});
  const std::string token = answer.substr(0, answer.find('.'));
  bench.checks().forget_agent();
  CHECK(!bench.board.key_authorization(token));
  CHECK(!bench.ask(ipc::EndProbe{token}).ok);
}

TEST(a_challenges_token_cannot_be_taken_back_as_a_probes) {
  Bench bench;
  bench.present();
  CHECK(!bench.ask(ipc::EndProbe{kToken}).ok);
  CHECK(static_cast<bool>(bench.board.key_authorization(kToken)));
}

TEST(without_a_board_there_is_no_probe) {
  Bench bench(false);
  CHECK_CONTAINS(bench.ask(ipc::BeginProbe{kSite}).text, "no memory");
}

TEST(of_a_certificate_all_names_are_looked_at_and_else_the_one) {
  Asked asked;
  asked.ask("site");
  CHECK_EQ(asked.told[0].names, (std::vector<std::string>{"site.example", "www.site.example"}));
  asked.ask("WWW.site.example");
  CHECK_EQ(asked.told[1].names, (std::vector<std::string>{"www.site.example"}));
  CHECK(asked.told[1].lineage == kSite);
  CHECK(asked.told[0].number != asked.told[1].number);
}

TEST(what_is_not_configured_is_not_looked_at) {
  Asked asked;
  CHECK_CONTAINS(asked.refusal("evil.example"), "only names that are configured are looked at");
  CHECK(asked.told.empty());
}

TEST(without_an_agent_that_is_said) {
  Asked asked;
  asked.has_agent = false;
  CHECK_CONTAINS(asked.refusal("site"), "is not running");
  CHECK(!asked.bench.ask(ipc::CheckDone{asked.told[0].number, "ca", {}}).ok);
}

TEST(the_operator_hears_what_was_seen_made_safe_to_print) {
  Asked asked;
  std::uint32_t number = asked.ask("site.example");
  asked.bench.granted(ipc::CheckDone{number,
                                     "ca",
                                     {{"site.example",
                                       {{"A 192.0.2.1", Verdict::good, "answers"},
                                        {"CAA", Verdict::bad, "only evil\x1b[2J"},
                                        {"x", static_cast<Verdict>(9), ""}}}}});
  CHECK(asked.answer && asked.answer->ok);
  Json json = REQUIRE_OK(Json::parse(asked.answer->text));
  CHECK_EQ(json["certificate"].text_or(""), "site");
  CHECK_EQ(json["issuer"].text_or(""), "ca");
  const Json name = json["names"].items()[0];
  CHECK_EQ(name["name"].text_or(""), "site.example");
  CHECK_EQ(name["checks"].items()[0]["verdict"].text_or(""), "good");
  CHECK_EQ(name["checks"].items()[1]["verdict"].text_or(""), "bad");
  CHECK_EQ(name["checks"].items()[1]["words"].text_or(""), "only evil\\x1b[2J");
  CHECK_EQ(name["checks"].items()[2]["verdict"].text_or(""), "unknown");
  CHECK(!asked.bench.ask(ipc::CheckDone{number, "ca", {}}).ok);  // it was answered
}

TEST(who_waits_hears_when_the_agent_is_gone) {
  Asked asked;
  asked.ask("site");
  asked.bench.checks().forget_agent();
  CHECK(asked.answer && !asked.answer->ok);
  CHECK_CONTAINS(asked.answer->text, "try again");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
