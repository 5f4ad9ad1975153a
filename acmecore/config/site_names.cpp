#include "config/site_names.h"

#include <algorithm>

#include "config/idn.h"
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
    if (has_foreign_letters(text) && !checked.name.empty())
      out.international.push_back({text, checked.name});
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
      case NameKind::ip_address:
        if (checked.reason.empty()) {
          out.hosts.push_back(std::move(checked.name));
          break;
        }
        [[fallthrough]];
      case NameKind::single_label:
        out.unfit.push_back({text, std::move(checked.name), std::move(checked.reason)});
        break;
      case NameKind::no_name:
        out.unfit.push_back({text, {}, std::move(checked.reason)});
        break;
    }
  }
  std::erase_if(out.international, [&](const SiteNames::International& one) {
    return std::find(names.begin(), names.end(), one.name) != names.end();
  });
  return out;
}

}  // namespace acme
