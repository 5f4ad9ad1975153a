#include "ctl/check.h"

#include <vector>

#include "base/text.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

const char* verdict_of(const Json& sight) {
  const std::string verdict = sight["verdict"].text_or("");
  if (verdict == "good") return "ok";
  return verdict == "bad" ? "FAILS" : "?";
}

constexpr std::size_t kNarrowest = 24;
constexpr std::size_t kIndent = 4;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::string check_table(const Json& check, std::size_t width) {
  std::vector<Row> rows = {{"NAME", "WHAT", "VERDICT", ""}};
  std::vector<std::string> words = {""};
  for (const Json& name : check["names"].items())
    for (const Json& sight : name["checks"].items()) {
      rows.push_back({printable(name["name"].text_or("?")), printable(sight["what"].text_or("?")),
                      verdict_of(sight), ""});
      words.push_back(printable(sight["words"].text_or("")));
    }
  // What was seen is never cut: it is what has to be read. It is broken under its own column, or
  // where that leaves no room, under the name.
  const std::vector<std::string> lines = lines_of(aligned(rows, width));
  const std::size_t column = lines.front().size();
  const std::size_t indent = width >= column + kNarrowest ? column : kIndent;
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) out += wrapped(lines[i] + words[i], width, indent);
  out += "\n" + printable(check["certificate"].text_or("?")) + " at " +
         printable(check["issuer"].text_or("?")) + ": ";
  out += check_status(check) == 0 ? "nothing was found that would make the CA fail.\n"
                                  : "the CA will probably fail, as said above.\n";
  return out +
         wrapped(
             "All of it is seen from this machine: behind NAT, or with DNS of one's own, a CA may "
             "see something else.",
             width, 0);
}

int check_status(const Json& check) {
  for (const Json& name : check["names"].items())
    for (const Json& sight : name["checks"].items())
      if (sight["verdict"].text_or("") == "bad") return 1;
  return 0;
}

}  // namespace acme::ctl
