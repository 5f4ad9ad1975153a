// acmectl export and eject: certificates leave the store.
#include <cstdio>
#include <filesystem>
#include <map>
#include <utility>

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

// The store's own path is the one that was found: it is told with the status.
Result<std::pair<Json, std::string>> stored_status(const std::vector<Place>& places) {
  for (const Place& place : places) {
    auto answer = read_store({place}, "status", {});
    if (!answer && answer.error().code == Errc::not_found) continue;
    if (!answer) return std::move(answer).error();
    if (!answer->ok) return fail(Errc::refused, "");
    ACME_TRY(Json status, Json::parse(answer->text));
    return std::pair(std::move(status), absolute(place.state_path));
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
  auto stored = stored_status(invocation.places);
  if (!stored) return complain_of_reach(stored.error());
  const auto& [status, state_path] = *stored;
  std::map<std::pair<std::string, std::string>, std::string> folders;
  if (!invocation.names.empty()) {
    auto written = write_out({{state_path, ""}}, {absolute(invocation.names.front())});
    if (!written) return complain_of_reach(written.error());
    for (const Json& row : written->items())
      folders[{row["id"].text_or(""), row["key"].text_or("")}] = row["folder"].text_or("");
  }
  const auto folder_of = [&, path = state_path](const Json& certificate) {
    auto found = folders.find({certificate["id"].text_or(""), certificate["key"].text_or("")});
    return found == folders.end() ? folder_in_store(path, certificate) : found->second;
  };
  std::fputs(static_lines(status, folder_of).c_str(), stdout);
  return 0;
}

}  // namespace acme::ctl
