#include "ctl/reach.h"

#include <unistd.h>

#include <cstdio>

#include "base/env.h"
#include "base/text.h"

namespace acme::ctl {
namespace {

bool has_store(const Place& place) {
  return !place.state_path.empty() && access(place.state_path.c_str(), F_OK) == 0;
}

// " at /run/acmecore/nginx or /run/acmecore/httpd": wherever it was looked for.
std::string at_all(const std::vector<Place>& places, std::string Place::*path) {
  std::string all;
  for (const Place& place : places)
    if (!(place.*path).empty()) all += (all.empty() ? " at " : " or ") + place.*path;
  return all;
}

Error no_store(const std::vector<Place>& places) {
  return fail(Errc::not_found, "there is no store" + at_all(places, &Place::state_path) +
                                   "; name the server's state path with --state");
}

Result<ipc::ControlAnswer> reach_now(const std::vector<Place>& places, const Question& question) {
  for (const Place& place : places) {
    auto answer = ask(place, question.type, question.request);
    if (answer || answer.error().code != Errc::not_found) return answer;
  }
  if (question.offline.empty())
    return fail(Errc::not_found,
                "no server answers" + at_all(places, &Place::runtime_path) +
                    ": only a running one can do that; start it, or name its runtime path with "
                    "--runtime");
  for (const Place& place : places)
    if (has_store(place)) return run_once(place, question.offline, question.request.names);
  return fail(Errc::not_found, "no server answers and " + no_store(places).message);
}

}  // namespace

Result<ipc::ControlAnswer> reach(const std::vector<Place>& places, const Question& question) {
  constexpr Millis kPatience = 5'000;
  const Env& env = system_env();
  for (Millis began = env.boottime();; usleep(100'000)) {
    auto answer = reach_now(places, question);
    if (answer || answer.error().code != Errc::busy || env.boottime() - began > kPatience)
      return answer;
  }
}

Result<ipc::ControlAnswer> read_store(const std::vector<Place>& places, const std::string& command,
                                      const std::vector<std::string>& names) {
  for (const Place& place : places)
    if (has_store(place)) return run_once(place, command, names);
  return no_store(places);
}

int complain(const std::string& what) {
  if (!what.empty()) std::fprintf(stderr, "acmectl: %s\n", printable(what).c_str());
  return 1;
}

int complain_of_reach(const Error& error) {
  if (geteuid() == 0) return complain(error.message);
  // acme-keeper has said why where there are no words.
  if (error.message.empty()) return complain("only root may read the store: try again as root");
  return complain(error.message + " (only root may ask: try again as root)");
}

void print_lines(std::string_view text) {
  for (const std::string& line : split(trim(text), '\n')) std::puts(printable(line).c_str());
}

int print_answer(const Result<ipc::ControlAnswer>& answer) {
  if (!answer) return complain_of_reach(answer.error());
  if (!answer->ok && answer->text.empty())  // acme-keeper has said why
    return geteuid() == 0 ? 1 : complain("only root may read the store: try again as root");
  if (!answer->ok && answer->text.find('\n') == std::string::npos) return complain(answer->text);
  print_lines(answer->text);
  return answer->ok ? 0 : 1;
}

}  // namespace acme::ctl
