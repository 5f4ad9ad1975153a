#include "ctl/history.h"

#include "base/text.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

constexpr std::size_t kIndent = 24;

std::string line_of(const Json& event) {
  std::string line = printable(event["at"].text_or("?"));
  line += "  " + printable(event["event"].text_or("?"));
  if (auto issuer = event["issuer"].text()) line += "  " + printable(*issuer);
  if (auto words = event["words"].text()) line += ": " + printable(*words);
  if (const std::int64_t times = event["times"].number_or(1); times > 1)
    line += " (" + std::to_string(times) + " times since " +
            printable(event["since"].text_or("?")) + ")";
  return line;
}

}  // namespace

std::string history_pages(const Json& log, std::size_t width) {
  std::string out;
  for (const Json& certificate : log["certificates"].items()) {
    out += (out.empty() ? "" : "\n") + printable(certificate["id"].text_or("?")) + " (" +
           printable(certificate["key"].text_or("?")) + ")\n";
    const std::vector<Json> events = certificate["history"].items();
    if (events.empty()) out += "nothing is known yet\n";
    for (const Json& event : events) out += wrapped(line_of(event), width, kIndent);
  }
  return out;
}

}  // namespace acme::ctl
