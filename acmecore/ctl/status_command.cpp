// acmectl status: the table, one certificate's page, or a line for monitoring.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/env.h"
#include "base/text.h"
#include "ctl/chosen.h"
#include "ctl/foreign_file.h"
#include "ctl/monitoring.h"
#include "ctl/pages.h"
#include "ctl/reach.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

// As the keeper last wrote it, for who may not ask: but a keeper that was killed wrote nothing
// then.
Result<Json> status_file(const std::vector<Place>& places) {
  for (const Place& place : places) {
    auto status = read_foreign_json(place.runtime_path + "/status.json");
    if (!status && status.error().code == Errc::not_found) continue;
    if (!status) return status;
    const auto pid = static_cast<pid_t>((*status)["helper_pid"].number_or(0));
    if ((*status)["helper_up"].truth() && (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH)))
      status->set("helper_up", Json::boolean(false));
    return status;
  }
  return fail(Errc::not_found, "no server answers, and there is no status.json");
}

Result<Json> parsed(const ipc::ControlAnswer& answer) {
  if (!answer.ok) return fail(Errc::io, answer.text);  // empty: acme-keeper has said why
  return Json::parse(answer.text);
}

Result<Json> read_status(const std::vector<Place>& places) {
  auto answer = reach(places, {ipc::ControlType::status});
  if (answer) return parsed(*answer);
  // Who may not ask the keeper may not read the store either.
  if (geteuid() != 0)
    if (auto status = status_file(places)) return status;
  if (answer.error().code != Errc::not_found) return std::move(answer).error();
  answer = reach(places, {ipc::ControlType::status, {}, "status"});
  if (!answer) return std::move(answer).error();
  return parsed(*answer);
}

int check(const Invocation& invocation) {
  Limits limits;
  for (auto [option, limit] :
       {std::pair{"--warning", &limits.warning}, std::pair{"--critical", &limits.critical}}) {
    const std::string value = invocation.value(option);
    if (invocation.has(option) && !(*limit = parse_threshold(value))) {
      std::fputs(unknown(std::string(option) + " takes 30d, 36h or 25%, not " + value).line.c_str(),
                 stdout);
      return static_cast<int>(Verdict::unknown);
    }
  }
  auto status = read_status(invocation.places);
  if (status) status = with_certificates(*std::move(status), invocation.names);
  const Finding finding = status
                              ? judge(*status, limits, system_env().now())
                              : unknown(status.error().message.empty() ? "the store cannot be read"
                                                                       : status.error().message);
  std::fputs(finding.line.c_str(), stdout);
  return static_cast<int>(finding.verdict);
}

}  // namespace

int status_command(const Invocation& invocation) {
  if (invocation.has("--check")) return check(invocation);
  auto status = read_status(invocation.places);
  if (!status) return complain_of_reach(status.error());
  auto chosen = with_certificates(*std::move(status), invocation.names);
  if (!chosen) return complain(chosen.error().message);
  const WallTime now = system_env().now();
  const std::string out = invocation.has("--json") ? chosen->pretty() + "\n"
                          : invocation.names.empty()
                              ? status_table(*chosen, now, terminal_width())
                              : certificate_pages(*chosen, now, terminal_width());
  std::fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace acme::ctl
