#include "ctl/import_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/archive.h"
#include "base/env.h"
#include "base/text.h"
#include "ctl/import_report.h"
#include "ctl/import_source.h"
#include "ctl/keeper_client.h"
#include "ctl/places.h"

namespace acme::ctl {
namespace {

constexpr const char* kUsage =
    "usage: acmectl [--server nginx|httpd] [--state PATH] [--runtime PATH]\n"
    "               import certbot|mod_md|nginx-acme PATH [--name NAME]... [--dry-run]\n"
    "\n"
    "  PATH            certbot's folder (/etc/letsencrypt), mod_md's MDStoreDir, or the state\n"
    "                  path of nginx-acme; it is read and never changed\n"
    "  --name NAME     only this certificate, by its name there\n"
    "  --dry-run       only tell what would be taken\n"
    "\n"
    "Exit status: 0 all was taken or there already, 3 something was not, 1 failed.\n";

struct Options {
  std::vector<Place> places;
  std::string client;
  std::string path;
  std::vector<std::string> names;
  bool dry_run = false;
};

bool parse(int argc, char** argv, Options& options) {
  Places places;
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool has_value = i + 1 < argc;
    if (argument == "--dry-run") {
      options.dry_run = true;
    } else if (argument == "--name" && has_value) {
      options.names.emplace_back(argv[++i]);
    } else if (places.take(argc, argv, i)) {
      continue;
    } else if (argument.starts_with("-")) {
      return false;
    } else {
      words.emplace_back(argument);
    }
  }
  options.places = places.all();
  if (words.size() != 3) return false;  // "import" is the first
  options.client = words[1];
  options.path = words[2];
  while (options.path.size() > 1 && options.path.ends_with('/')) options.path.pop_back();
  return true;
}

int complain(const std::string& what) {
  std::fprintf(stderr, "acmectl: %s\n", printable(what).c_str());
  return 1;
}

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
Result<Json> hand_over_now(const Options& options, const std::vector<ipc::Import>& parts,
                           const Secret& whole) {
  for (const Place& place : options.places) {
    auto rows = tell_server(place, parts);
    if (rows || rows.error().code != Errc::not_found) return rows;
  }
  const bool is_named = options.places.size() == 1;
  for (const Place& place : options.places)
    if (!place.state_path.empty() && (is_named || access(place.state_path.c_str(), F_OK) == 0)) {
      ACME_TRY(const ipc::ControlAnswer answer, run_once(place, "import", {}, whole));
      return rows_of(answer);
    }
  return fail(Errc::not_found,
              "no server answers and there is no store: say for which server with --server or "
              "--state");
}

Result<Json> hand_over(const Options& options, ipc::Import found) {
  constexpr Millis kPatience = 5'000;
  const Env& env = system_env();
  const Secret whole = encode(found);
  const std::vector<ipc::Import> parts = in_parts(std::move(found));
  for (Millis began = env.boottime();; usleep(100'000)) {
    auto rows = hand_over_now(options, parts, whole);
    if (rows || rows.error().code != Errc::busy || env.boottime() - began > kPatience) return rows;
  }
}

}  // namespace

bool is_import(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--state" || argument == "--runtime" || argument == "--server")
      ++i;
    else if (!argument.starts_with("-"))
      return argument == "import";
  }
  return false;
}

int import_command(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  auto source = read_source(options.client, options.path);
  if (!source) {
    complain(source.error().message);
    return source.error().code == Errc::invalid_argument ? 2 : 1;
  }
  if (auto chosen = choose(options.names, *source); !chosen)
    return complain(chosen.error().message);
  source->import.dry_run = options.dry_run;
  auto rows = hand_over(options, std::move(source->import));
  if (!rows) {
    if (rows.error().message.empty()) return 1;  // acme-keeper has said why
    return complain(rows.error().message + (geteuid() == 0 ? "" : " (only root may ask)"));
  }
  std::fputs(import_table(*rows, *source, system_env().now()).c_str(), stdout);
  return import_status(*rows, *source);
}

}  // namespace acme::ctl
