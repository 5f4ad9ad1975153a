// acmectl import: another client's accounts and certificates go to the keeper.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/archive.h"
#include "base/env.h"
#include "base/text.h"
#include "ctl/commands.h"
#include "ctl/import_report.h"
#include "ctl/import_source.h"
#include "ctl/keeper_client.h"
#include "ctl/reach.h"

namespace acme::ctl {
namespace {

// Only what was asked for by name; each name must be there.
Outcome choose(const std::vector<std::string>& names, ImportSource& source) {
  if (names.empty()) return {};
  auto is_wanted = [&names](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : names) {
    const auto& all = source.import.certificates;
    const bool found = std::any_of(
        all.begin(), all.end(), [&](const auto& certificate) { return certificate.name == name; });
    const bool failed = std::any_of(source.problems.begin(), source.problems.end(),
                                    [&](const auto& problem) { return problem.name == name; });
    if (!found && !failed)
      return fail(Errc::not_found, "there is no certificate called " + printable(name));
  }
  std::erase_if(source.import.certificates,
                [&](const auto& certificate) { return !is_wanted(certificate.name); });
  std::erase_if(source.problems, [&](const ImportSource::Problem& problem) {
    return problem.what == "certificate" && !is_wanted(problem.name);
  });
  return {};
}

// A keeper that stores thousands must not forget the server meanwhile, nor we lose patience.
constexpr std::size_t kAtATime = 50;

std::vector<ipc::Import> in_parts(ipc::Import whole) {
  std::vector<ipc::Import> parts(1);
  parts.front().accounts = std::move(whole.accounts);
  for (ipc::ForeignCertificate& certificate : whole.certificates) {
    if (parts.back().certificates.size() == kAtATime) parts.emplace_back();
    parts.back().certificates.push_back(std::move(certificate));
  }
  for (ipc::Import& part : parts) part.dry_run = whole.dry_run;
  return parts;
}

Result<Json> rows_of(const ipc::ControlAnswer& answer) {
  if (!answer.ok) return fail(Errc::refused, answer.text);
  return Json::parse(answer.text);
}

// The rows of all parts; Errc::not_found: no server runs there.
Result<Json> tell_server(const Place& place, const std::vector<ipc::Import>& parts) {
  Json rows = Json::array();
  for (const ipc::Import& part : parts) {
    ipc::ControlRequest request;
    request.foreign = encode(part).view();
    ACME_TRY(const ipc::ControlAnswer answer, ask(place, ipc::ControlType::take_over, request));
    ACME_TRY(const Json some, rows_of(answer));
    for (const Json& row : some.items()) rows.append(row);
  }
  return rows;
}

// To the server that runs; else into the store that is there, or that was named.
Result<Json> hand_over_now(const std::vector<Place>& places, const std::vector<ipc::Import>& parts,
                           const Secret& whole) {
  for (const Place& place : places) {
    auto rows = tell_server(place, parts);
    if (rows || rows.error().code != Errc::not_found) return rows;
  }
  const bool is_named = places.size() == 1;
  for (const Place& place : places)
    if (!place.state_path.empty() && (is_named || access(place.state_path.c_str(), F_OK) == 0)) {
      ACME_TRY(const ipc::ControlAnswer answer, run_once(place, "import", {}, whole));
      return rows_of(answer);
    }
  return fail(Errc::not_found,
              "no server answers and there is no store: say for which server with --server or "
              "--state");
}

Result<Json> hand_over(const std::vector<Place>& places, ipc::Import found) {
  constexpr Millis kPatience = 5'000;
  const Env& env = system_env();
  const Secret whole = encode(found);
  const std::vector<ipc::Import> parts = in_parts(std::move(found));
  for (Millis began = env.boottime();; usleep(100'000)) {
    auto rows = hand_over_now(places, parts, whole);
    if (rows || rows.error().code != Errc::busy || env.boottime() - began > kPatience) return rows;
  }
}

}  // namespace

int import_command(const Invocation& invocation) {
  std::string path = invocation.names[1];
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  auto source = read_source(invocation.names[0], path);
  if (!source) {
    complain(source.error().message);
    return source.error().code == Errc::invalid_argument ? 2 : 1;
  }
  std::vector<std::string> names;
  for (const Invocation::Given& given : invocation.options)
    if (given.name == "--name") names.push_back(given.value);
  if (auto chosen = choose(names, *source); !chosen) return complain(chosen.error().message);
  source->import.dry_run = invocation.has("--dry-run");
  auto rows = hand_over(invocation.places, std::move(source->import));
  if (!rows && rows.error().message.empty()) return 1;  // acme-keeper has said why
  if (!rows) return complain_of_reach(rows.error());
  std::fputs(import_table(*rows, *source, system_env().now()).c_str(), stdout);
  return import_status(*rows, *source);
}

}  // namespace acme::ctl
