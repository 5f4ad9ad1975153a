// What acmectl makes of a command line.
#include "ctl/commands.h"

#include <set>

#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

Invocation parsed(const std::vector<std::string>& arguments) {
  Invocation invocation;
  REQUIRE_OK(parse(arguments, invocation));
  return invocation;
}

bool is_refused(const std::vector<std::string>& arguments) {
  Invocation invocation;
  return !parse(arguments, invocation);
}

TEST(a_command_has_names_and_options_in_any_order) {
  Invocation renew = parsed({"--state", "/s", "renew", "a", "--force", "b"});
  CHECK(renew.command->name == "renew");
  CHECK_EQ(renew.names, (std::vector<std::string>{"a", "b"}));
  CHECK(renew.has("--force"));
  CHECK(!renew.has("--wait"));
  CHECK_EQ(renew.places.front().state_path, "/s");
  CHECK_EQ(renew.places.front().runtime_path, "/s/run");
}

TEST(values_stand_behind_a_blank_or_a_sign) {
  CHECK_EQ(parsed({"status", "--check", "--warning", "30d"}).value("--warning"), "30d");
  CHECK_EQ(parsed({"status", "--check", "--warning=30d"}).value("--warning"), "30d");
  CHECK_EQ(parsed({"--server=httpd", "status"}).places.size(), 1);
  CHECK(is_refused({"status", "--warning"}));
  CHECK(is_refused({"status", "--json=yes"}));
}

TEST(commands_of_two_words_are_found) {
  CHECK(parsed({"account", "show"}).command->name == "account show");
  CHECK(parsed({"account", "--json", "show", "ca"}).command->name == "account show");
  CHECK(is_refused({"account"}));
  CHECK(is_refused({"account", "dance"}));
}

TEST(what_the_table_has_not_is_refused) {
  CHECK(is_refused({}));
  CHECK(is_refused({"dance"}));
  CHECK(is_refused({"renew"}));
  CHECK(is_refused({"log", "a", "b"}));
  CHECK(is_refused({"renew", "a", "--json"}));  // another command's option
  CHECK(is_refused({"status", "--nothing"}));
}

TEST(names_may_begin_with_a_dash_behind_two) {
  CHECK_EQ(parsed({"log", "--", "-a"}).names, std::vector<std::string>{"-a"});
}

TEST(without_a_place_both_servers_are_tried) {
  const Invocation status = parsed({"status"});
  CHECK_EQ(status.places.size(), 2);
  CHECK_EQ(status.places[0].state_path, "/var/lib/acmecore/nginx");
  CHECK_EQ(status.places[1].runtime_path, "/run/acmecore/httpd");
}

TEST(what_is_wrong_is_said) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> lines = {
      {{}, "a command is missing"},
      {{"dance"}, "there is no command dance"},
      {{"account"}, "account needs another word"},
      {{"account", "dance"}, "there is no command account dance"},
      {{"status", "--fast"}, "there is no option --fast"},
      {{"status", "--json=yes"}, "--json takes no value"},
      {{"status", "--state"}, "--state takes a value"},
      {{"status", "--force"}, "status has no option --force"},
      {{"renew"}, "renew needs more arguments"},
      {{"log", "a", "b"}, "log takes fewer arguments"}};
  for (const auto& [arguments, words] : lines) {
    Invocation invocation;
    const auto parsed = parse(arguments, invocation);
    CHECK(!parsed);
    CHECK_EQ(parsed.error().message, words);
  }
}

TEST(the_usage_tells_all) {
  const std::string text = usage();
  std::set<std::string_view> names;
  for (const Command& command : all_commands()) {
    CHECK(names.insert(command.name).second);
    CHECK_CONTAINS(text, "\n  " + std::string(command.name));
    CHECK_CONTAINS(usage(command), "usage: acmectl");
  }
  for (const Option& option : all_options()) {
    CHECK_CONTAINS(text, "      " + std::string(option.name));
    CHECK(option.command.empty() || names.contains(option.command));
  }
  std::size_t width = 0;
  for (char c : text) {
    width = c == '\n' ? 0 : width + 1;
    CHECK(width <= 100);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
