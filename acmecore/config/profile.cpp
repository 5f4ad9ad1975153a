#include "config/profile.h"

#include <algorithm>

#include "base/ip_address.h"
#include "config/issuers.h"

namespace acme {

WantedProfile wanted_profile(const IssuerConfig& issuer, const std::vector<std::string>& names) {
  if (!issuer.profile.empty()) return {issuer.profile, issuer.profile_required};
  const bool lets_encrypt =
      issuer.directory_url == kLetsEncrypt || issuer.directory_url == kLetsEncryptStaging;
  if (lets_encrypt &&
      std::any_of(names.begin(), names.end(), [](const std::string& name) { return is_ip(name); }))
    return {"shortlived", false};
  return {};
}

}  // namespace acme
