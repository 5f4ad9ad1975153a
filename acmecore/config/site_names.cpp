#include "config/site_names.h"

#include "base/text.h"
#include "config/names.h"

namespace acme {

std::vector<std::string> SiteNames::all() const {
  std::vector<std::string> out = hosts;
  out.insert(out.end(), wildcards.begin(), wildcards.end());
  return out;
}

SiteNames site_names(const SiteDescription& site, Log* log) {
  SiteNames names;
  for (const std::string& text : site.names) {
    CheckedName checked = check_name(text);
    if (checked.kind == NameKind::host || checked.kind == NameKind::dotted)
      names.hosts.push_back(checked.name);
    if (checked.kind == NameKind::wildcard) names.wildcards.push_back(checked.name);
    if (checked.kind == NameKind::dotted) names.wildcards.push_back("*." + checked.name);
    if (!checked.reason.empty() && log)
      log->warning("no certificate for the name \"" + printable(text) + "\": " + checked.reason +
                   ", in " + to_string(site.place));
  }
  return names;
}

}  // namespace acme
