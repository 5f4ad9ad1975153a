// acmectl: the operator's command.

#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/wiping_free.h"  // once in the program: freed memory is wiped
#include "ctl/commands.h"
#include "ctl/import_command.h"
#include "ctl/issuers.h"
#include "ctl/keeper_client.h"
#include "ctl/places.h"
#include "ctl/table.h"

namespace {

using namespace acme;
using namespace acme::ctl;

struct Options {
  std::vector<Place> places;
  std::string words;  // of the command
  const Command* command = nullptr;
  ipc::ControlRequest request;
  bool json = false;
  bool yes = false;
};

int complain(const std::string& what) {
  if (!what.empty()) std::fprintf(stderr, "acmectl: %s\n", printable(what).c_str());
  return 1;
}

// The helper's own words, which may hold somebody else's.
void print_lines(std::string_view text) {
  for (const std::string& line : split(trim(text), '\n')) std::puts(printable(line).c_str());
}

bool parse(int argc, char** argv, Options& options) {
  Places places;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    bool has_value = i + 1 < argc;
    if (argument == "--json") {
      options.json = true;
    } else if (argument == "--yes") {
      options.yes = true;
    } else if (argument == "--no-order") {
      options.request.no_order = true;
    } else if (argument == "--reason" && has_value) {
      options.request.reason = argv[++i];
    } else if (places.take(argc, argv, i)) {
      continue;
    } else if (argument.starts_with("-")) {
      return false;
    } else if (options.words.empty()) {
      options.words = argument;
    } else if (has_subcommands(options.words)) {
      options.words += " " + std::string(argument);
    } else {
      options.request.names.emplace_back(argument);
    }
  }
  options.places = places.all();
  options.command = find_command(options.words);
  const std::size_t names = options.request.names.size();
  return options.command && names >= options.command->least_names &&
         names <= options.command->most_names;
}

// The first place where a server answers; else the first whose store is there.
Result<ipc::ControlAnswer> reach_now(const Options& options) {
  const Command& command = *options.command;
  for (const Place& place : options.places) {
    auto answer = ask(place, command.type, options.request);
    if (answer || answer.error().code != Errc::not_found) return answer;
  }
  if (command.offline.empty())
    return fail(Errc::not_found, "no server answers at " + options.places.front().runtime_path +
                                     ": only a running one can do that");
  for (const Place& place : options.places)
    if (!place.state_path.empty() && access(place.state_path.c_str(), F_OK) == 0)
      return run_once(place, std::string(command.offline), options.request.names);
  return fail(Errc::not_found, "no server answers and there is no store at " +
                                   options.places.front().state_path +
                                   "; name the server's state path with --state");
}

// A server that was started a moment ago holds its store before it answers.
Result<ipc::ControlAnswer> reach(const Options& options) {
  constexpr Millis kPatience = 5'000;
  const Env& env = system_env();
  for (Millis began = env.boottime();; usleep(100'000)) {
    auto answer = reach_now(options);
    if (answer || answer.error().code != Errc::busy || env.boottime() - began > kPatience)
      return answer;
  }
}

bool carries(const Json& certificate, const std::string& name) {
  if (certificate["id"].text_or("") == name) return true;
  for (const Json& item : certificate["names"].items())
    if (item.text_or("") == name) return true;
  return false;
}

Json choose(const Json& status, const std::vector<std::string>& names) {
  Json chosen = Json::array();
  for (const Json& certificate : status["certificates"].items())
    for (const std::string& name : names)
      if (carries(certificate, name)) chosen.append(certificate);
  return chosen;
}

// "*.example.com" for "www.example.com".
std::string wildcard_for(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? name : "*" + name.substr(dot);
}

int print_status(const Options& options, const std::vector<std::string>& names,
                 const std::string& text) {
  auto status = Json::parse(text);
  if (!status) return complain(text);
  if (!names.empty()) {
    Json chosen = choose(*status, names);
    if (chosen.items().empty()) {
      std::vector<std::string> wildcards;
      for (const std::string& name : names) wildcards.push_back(wildcard_for(name));
      chosen = choose(*status, wildcards);
    }
    if (chosen.items().empty())
      return complain("no certificate is called " + names.front() + " or has that name");
    status->set("certificates", std::move(chosen));
  }
  std::string out =
      options.json ? status->pretty() + "\n" : status_table(*status, system_env().now());
  std::fputs(out.c_str(), stdout);
  return 0;
}

int print_issuers(const Options& options, const std::vector<std::string>& names,
                  const std::string& text) {
  auto all = Json::parse(text);
  if (!all) return complain(text);
  Json chosen = Json::array();
  for (const Json& issuer : (*all)["issuers"].items())
    if (names.empty() || issuer["id"].text_or("") == names.front()) chosen.append(issuer);
  if (!names.empty() && chosen.items().empty())
    return complain("no issuer is called " + names.front());
  all->set("issuers", chosen);
  std::string out = options.json                         ? all->pretty() + "\n"
                    : options.command->name == "issuers" ? issuer_table(chosen)
                                                         : account_pages(chosen);
  std::fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (is_import(argc, argv)) return import_command(argc, argv);
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const ipc::ControlType type = options.command->type;
  if (type == ipc::ControlType::account_deactivate && !options.yes)
    return complain(
        "a deactivated account is of no use any more, for ever, and its open orders end: "
        "say --yes if that is what you want");
  const bool is_filtered_here =
      type == ipc::ControlType::status || type == ipc::ControlType::issuers;
  std::vector<std::string> names = options.request.names;
  if (is_filtered_here) options.request.names.clear();
  auto answer = reach(options);
  if (!answer) {
    std::string hint = geteuid() == 0 ? "" : " (only root may ask)";
    return complain(answer.error().message + hint);
  }
  if (type == ipc::ControlType::status && answer->ok)
    return print_status(options, names, answer->text);
  if (type == ipc::ControlType::issuers && answer->ok)
    return print_issuers(options, names, answer->text);
  if (!answer->ok && answer->text.find('\n') == std::string::npos) return complain(answer->text);
  print_lines(answer->text);
  return answer->ok ? 0 : 1;
}
