// acmectl export and eject: certificates leave the store.
#include <cstdio>
#include <filesystem>
#include <map>
#include <utility>

#include "base/env.h"
#include "base/text.h"
#include "ctl/commands.h"
#include "ctl/eject.h"
#include "ctl/reach.h"

namespace acme::ctl {
namespace {

std::string absolute(const std::string& folder) {
  std::string path = std::filesystem::absolute(folder).lexically_normal();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// What was written: `id`, `key` and `folder` of each.
Result<Json> write_out(const std::vector<Place>& places, const std::vector<std::string>& what) {
  ACME_TRY(const ipc::ControlAnswer answer, read_store(places, "export", what));
  if (!answer.ok) return fail(Errc::refused, "");  // acme-keeper has said why
  return Json::parse(answer.text);
}

Result<Json> stored(const Place& place, const std::string& what) {
  ACME_TRY(const ipc::ControlAnswer answer, read_store({place}, what, {}));
  if (!answer.ok) return fail(Errc::refused, "");
  return Json::parse(answer.text);
}

// The store is the first one that is there.
Result<Ejection> stored_ejection(const std::vector<Place>& places) {
  for (const Place& place : places) {
    Ejection out;
    auto status = stored(place, "status");
    if (!status && status.error().code == Errc::not_found) continue;
    if (!status) return std::move(status).error();
    out.status = *std::move(status);
    ACME_TRY(out.layout, stored(place, "layout"));
    out.mentions = mentions_in(out.layout["file"].text_or(""), out.layout["root"].text_or(""),
                               out.status["server"].text_or("") == "httpd");
    out.store = absolute(place.state_path);
    return out;
  }
  return std::move(read_store(places, "status", {})).error();
}

}  // namespace

int export_command(const Invocation& invocation) {
  auto written = write_out(invocation.places, {absolute(invocation.names[1]), invocation.names[0]});
  if (!written) return complain_of_reach(written.error());
  for (const Json& row : written->items())
    std::printf("%s (%s): written to %s\n", printable(row["id"].text_or("?")).c_str(),
                printable(row["key"].text_or("?")).c_str(),
                printable(row["folder"].text_or("?")).c_str());
  return 0;
}

int eject_command(const Invocation& invocation) {
  auto ejection = stored_ejection(invocation.places);
  if (!ejection) return complain_of_reach(ejection.error());
  const std::string state_path = ejection->store;
  std::map<std::pair<std::string, std::string>, std::string> folders;
  if (!invocation.names.empty()) {
    auto written = write_out({{state_path, ""}}, {absolute(invocation.names.front())});
    if (!written) return complain_of_reach(written.error());
    for (const Json& row : written->items())
      folders[{row["id"].text_or(""), row["key"].text_or("")}] = row["folder"].text_or("");
  }
  ejection->folder_of = [&](const Json& certificate) {
    auto found = folders.find({certificate["id"].text_or(""), certificate["key"].text_or("")});
    return found == folders.end() ? folder_in_store(state_path, certificate) : found->second;
  };
  if (!folders.empty()) ejection->store.clear();
  std::fputs(static_lines(*ejection, system_env().now()).c_str(), stdout);
  return 0;
}

}  // namespace acme::ctl
