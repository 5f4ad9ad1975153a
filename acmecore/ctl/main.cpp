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
#include "ctl/import_command.h"
#include "ctl/keeper_client.h"
#include "ctl/table.h"

namespace {

using namespace acme;
using namespace acme::ctl;

constexpr const char* kUsage =
    "usage: acmectl [--server nginx|httpd] [--state PATH] [--runtime PATH] COMMAND\n"
    "\n"
    "  status [NAME] [--json]   every certificate, its end, its next renewal, its last error\n"
    "  renew NAME...            order these certificates again, now\n"
    "  import CLIENT PATH       take over from certbot, mod_md or nginx-acme\n"
    "\n"
    "  --state PATH    the server's state path, where its configuration sets one\n"
    "  --runtime PATH  its runtime path (default: beside --state its folder run)\n"
    "Without them the paths of nginx and of httpd are tried in turn.\n";

struct Options {
  std::vector<Place> places;
  std::string command;
  std::vector<std::string> names;
  bool json = false;
};

int complain(const std::string& what) {
  if (!what.empty()) std::fprintf(stderr, "acmectl: %s\n", printable(what).c_str());
  return 1;
}

// The helper's own words, which may hold somebody else's.
void print_lines(std::string_view text) {
  for (const std::string& line : split(trim(text), '\n')) std::puts(printable(line).c_str());
}

Place usual_place(const std::string& server) {
  return {"/var/lib/acmecore/" + server, "/run/acmecore/" + server};
}

bool parse(int argc, char** argv, Options& options) {
  std::string state;
  std::string runtime;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    bool has_value = i + 1 < argc;
    if (argument == "--json") {
      options.json = true;
    } else if (argument == "--state" && has_value) {
      state = argv[++i];
    } else if (argument == "--runtime" && has_value) {
      runtime = argv[++i];
    } else if (argument == "--server" && has_value) {
      options.places = {usual_place(argv[++i])};
    } else if (argument.starts_with("-")) {
      return false;
    } else if (options.command.empty()) {
      options.command = argument;
    } else {
      options.names.emplace_back(argument);
    }
  }
  if (!state.empty() || !runtime.empty())
    options.places = {{state, runtime.empty() ? state + "/run" : runtime}};
  if (options.places.empty()) options.places = {usual_place("nginx"), usual_place("httpd")};
  return options.command == "status" || (options.command == "renew" && !options.names.empty());
}

// The first place where a server answers; else the first whose store is there.
Result<ipc::ControlAnswer> reach_now(const Options& options, ipc::ControlType type) {
  ipc::ControlRequest request{options.names};
  for (const Place& place : options.places) {
    auto answer = ask(place, type, request);
    if (answer || answer.error().code != Errc::not_found) return answer;
  }
  for (const Place& place : options.places)
    if (!place.state_path.empty() && access(place.state_path.c_str(), F_OK) == 0)
      return run_once(place, options.command, options.names);
  return fail(Errc::not_found, "no server answers and there is no store at " +
                                   options.places.front().state_path +
                                   "; name the server's state path with --state");
}

// A server that was started a moment ago holds its store before it answers.
Result<ipc::ControlAnswer> reach(const Options& options, ipc::ControlType type) {
  constexpr Millis kPatience = 5'000;
  const Env& env = system_env();
  for (Millis began = env.boottime();; usleep(100'000)) {
    auto answer = reach_now(options, type);
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

int print_status(const Options& options, const std::string& text) {
  auto status = Json::parse(text);
  if (!status) return complain(text);
  if (!options.names.empty()) {
    Json chosen = Json::array();
    for (const Json& certificate : (*status)["certificates"].items())
      for (const std::string& name : options.names)
        if (carries(certificate, name)) chosen.append(certificate);
    if (chosen.items().empty())
      return complain("no certificate is called " + options.names.front() + " or has that name");
    status->set("certificates", std::move(chosen));
  }
  std::string out =
      options.json ? status->pretty() + "\n" : status_table(*status, system_env().now());
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
  bool is_status = options.command == "status";
  Options asked = options;
  if (is_status) asked.names.clear();  // status is filtered here
  auto answer = reach(asked, is_status ? ipc::ControlType::status : ipc::ControlType::renew);
  if (!answer) {
    std::string hint = geteuid() == 0 ? "" : " (only root may ask)";
    return complain(answer.error().message + hint);
  }
  if (!answer->ok) return complain(answer->text);
  if (is_status) return print_status(options, answer->text);
  print_lines(answer->text);
  return 0;
}
