#include "config/site_names.h"

#include "config/names.h"

namespace acme {

std::vector<std::string> SiteNames::all() const {
  std::vector<std::string> out = hosts;
  out.insert(out.end(), wildcards.begin(), wildcards.end());
  return out;
}

std::vector<std::string> SiteNames::by_hand() const {
  std::vector<std::string> out = all();
  for (const Unfit& one : unfit)
    if (!one.name.empty()) out.push_back(one.name);
  return out;
}

SiteNames site_names(const std::vector<std::string>& names) {
  SiteNames out;
  for (const std::string& text : names) {
    CheckedName checked = check_name(text);
    switch (checked.kind) {
      case NameKind::dotted:
        out.wildcards.push_back("*." + checked.name);
        [[fallthrough]];
      case NameKind::host:
        out.hosts.push_back(std::move(checked.name));
        break;
      case NameKind::wildcard:
        out.wildcards.push_back(std::move(checked.name));
        break;
      case NameKind::single_label:
        out.unfit.push_back({text, std::move(checked.name), std::move(checked.reason)});
        break;
      case NameKind::ip_address:
      case NameKind::international:
      case NameKind::no_name:
        out.unfit.push_back({text, {}, std::move(checked.reason)});
        break;
    }
  }
  return out;
}

}  // namespace acme
