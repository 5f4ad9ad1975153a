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

}  // namespace

std::string check_table(const Json& check) {
  std::vector<Row> rows = {{"NAME", "WHAT", "VERDICT", ""}};
  for (const Json& name : check["names"].items())
    for (const Json& sight : name["checks"].items())
      rows.push_back({printable(name["name"].text_or("?")), printable(sight["what"].text_or("?")),
                      verdict_of(sight), printable(sight["words"].text_or(""))});
  std::string out = aligned(rows);
  out += "\n" + printable(check["certificate"].text_or("?")) + " at " +
         printable(check["issuer"].text_or("?")) + ": ";
  out += check_status(check) == 0 ? "nothing was found that would make the CA fail.\n"
                                  : "the CA will probably fail, as said above.\n";
  return out +
         "All of it is seen from this machine: behind NAT, or with DNS of one's own, a CA may "
         "see something else.\n";
}

int check_status(const Json& check) {
  for (const Json& name : check["names"].items())
    for (const Json& sight : name["checks"].items())
      if (sight["verdict"].text_or("") == "bad") return 1;
  return 0;
}

}  // namespace acme::ctl
