#include "ctl/import_report.h"

#include "base/text.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

constexpr const char* kNotTaken = "not taken";
constexpr int kSomethingLeft = 3;

}  // namespace

std::string import_table(const Json& rows, const ImportSource& source, WallTime now) {
  std::vector<std::vector<std::string>> cells = {{"WHAT", "NAME", "ENDS", "INTO", "RESULT"}};
  auto add = [&cells](std::string what, std::string name, std::string ends, std::string into,
                      std::string result, const std::string& words) {
    if (!words.empty()) result += ": " + words;
    cells.push_back(
        {std::move(what), printable(name), std::move(ends), std::move(into), printable(result)});
  };
  for (const Json& row : rows.items()) {
    auto ends = parse_rfc3339(row["ends"].text_or(""));
    const std::string into = row["into"].text_or("");
    add(row["what"].text_or(""), row["name"].text_or(""), ends ? format_relative(*ends - now) : "-",
        into.empty() ? "-" : into, row["result"].text_or(""), row["words"].text_or(""));
  }
  for (const ImportSource::Problem& problem : source.problems)
    add(problem.what, problem.name, "-", "-", kNotTaken, problem.words);
  return aligned(cells);
}

int import_status(const Json& rows, const ImportSource& source) {
  if (!source.problems.empty()) return kSomethingLeft;
  for (const Json& row : rows.items())
    if (row["result"].text_or("") == kNotTaken) return kSomethingLeft;
  return 0;
}

}  // namespace acme::ctl
