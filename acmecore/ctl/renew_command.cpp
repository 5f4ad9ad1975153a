// acmectl renew: asks for orders, and on a terminal (or where it is told to wait) says how they
// end.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/lineage.h"
#include "base/text.h"
#include "ctl/chosen.h"
#include "ctl/commands.h"
#include "ctl/following.h"
#include "ctl/progress.h"
#include "ctl/reach.h"

namespace acme::ctl {
namespace {

constexpr useconds_t kPause = 300'000;

Result<Json> certificates_now(const std::vector<Place>& places) {
  ACME_TRY(const ipc::ControlAnswer answer, reach(places, {ipc::ControlType::status}));
  return Json::parse(answer.text);
}

// Those that are ordered now: not what is not due, nor what the CA asked to wait for.
std::vector<Json> ordered(const Json& status, const std::string& answer) {
  std::vector<Json> chosen;
  const std::vector<std::string> lines = split(answer, '\n');
  for (const Json& certificate : status["certificates"].items()) {
    const auto key = parse_key_type(certificate["key"].text_or(""));
    if (!key) continue;
    const std::string line =
        to_string(Lineage{certificate["id"].text_or(""), *key}) + ": ordered now";
    if (std::find(lines.begin(), lines.end(), line) != lines.end()) chosen.push_back(certificate);
  }
  return chosen;
}

// Whatever ends this program, the orders go on.
int watch(const std::vector<Place>& places, const std::vector<Json>& before) {
  Progress progress;
  std::vector<bool> told(before.size());
  bool failed = false;
  for (std::size_t open = before.size(); open > 0; usleep(kPause)) {
    auto status = certificates_now(places);
    if (!status) {
      progress.clear();
      return complain(status.error().message + "; what was asked for goes on");
    }
    const std::vector<Followed> all = follow(before, *status);
    std::string stage;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (told[i]) continue;
      if (all[i].end == End::under_way) {
        if (stage.empty()) stage = all[i].line;
        continue;
      }
      told[i] = true;
      --open;
      failed |= all[i].end == End::failed;
      progress.clear();
      print_lines(all[i].line);
    }
    if (open > 1) stage += " (and " + std::to_string(open - 1) + " more)";
    if (open > 0) progress.show(stage);
  }
  return failed ? 1 : 0;
}

// One certificate after the other: each has its own answer.
int dry_run(const Invocation& invocation) {
  int status = 0;
  for (const std::string& name : invocation.names) {
    Question question{ipc::ControlType::dry_run};
    question.request.names = {name};
    if (print_answer(reach(invocation.places, question)) != 0) status = 1;
  }
  return status;
}

}  // namespace

int renew_command(const Invocation& invocation) {
  if (invocation.has("--dry-run")) return dry_run(invocation);
  const bool waits = invocation.has("--wait") || Progress().is_shown();
  const bool force = invocation.has("--force");
  // As it is before: the CA may be quicker than we ask.
  auto before = waits ? certificates_now(invocation.places) : Result<Json>(Json());
  Question question{ipc::ControlType::renew, {}, force ? "renew-forced" : "renew"};
  question.request.names = invocation.names;
  question.request.force = force;
  auto answer = reach(invocation.places, question);
  const int status = print_answer(answer);
  if (status != 0 || !waits || !before) return status;
  return watch(invocation.places, ordered(*before, answer->text));
}

}  // namespace acme::ctl
