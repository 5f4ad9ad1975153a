#include "keeper/dns_persist.h"

#include <algorithm>
#include <map>

#include "base/ip_address.h"
#include "base/text.h"

namespace acme::keeper {
namespace {

// Base names, and whether a wildcard of them is wanted.
std::map<std::string, bool> bases_of(const std::vector<std::string>& names) {
  std::map<std::string, bool> bases;
  for (const std::string& name : names) {
    const bool wildcard = name.starts_with("*.");
    if (!is_ip(name)) bases[wildcard ? name.substr(2) : name] |= wildcard;
  }
  return bases;
}

}  // namespace

Result<std::string> persistent_text(Accounts& accounts, const std::string& issuer, bool wildcard) {
  const AccountRecord account = accounts.record(issuer);
  if (account.account_url.empty())
    return fail(Errc::not_found, "there is no account at " + issuer +
                                     " yet: it is made with the first order; ask again then");
  if (account.caa_identities.empty())
    return fail(Errc::not_found, issuer +
                                     " has not named its domain yet: it does with its directory or "
                                     "with the first order; ask again then");
  return account.caa_identities.front() + "; accounturi=" + account.account_url +
         (wildcard ? "; policy=wildcard" : "");
}

Result<std::string> persistent_records(const Config& config, Accounts& accounts,
                                       Certificates& certificates, const std::string& name) {
  const std::vector<Lineage> lineages = certificates.lineages_of(name);
  if (lineages.empty())
    return fail(Errc::not_found,
                "no certificate is called " + printable(name) + " or has that name");
  const CertificateConfig& certificate = *certificates.find(lineages.front())->config;
  std::string out;
  for (const std::string& id : certificate.issuers) {
    const IssuerConfig* issuer = config.issuer(id);
    if (!issuer || std::find(issuer->challenges.begin(), issuer->challenges.end(),
                             ChallengeType::dnspersist01) == issuer->challenges.end())
      continue;
    for (const auto& [base, wildcard] : bases_of(certificate.names)) {
      ACME_TRY(const std::string text, persistent_text(accounts, id, wildcard));
      out += "_validation-persist." + base + ". IN TXT \"" + text + "\"\n";
    }
  }
  if (out.empty())
    return fail(Errc::not_found, "no issuer of " + certificate.id +
                                     " has dns-persist-01 among its challenge types: add it there");
  return out;
}

}  // namespace acme::keeper
