#include "config/issuer_checks.h"

#include "config/directives.h"

namespace acme {

Outcome check_challenges(const IssuerSettings& issuer, ServerKind server) {
  if (!issuer.dns.empty()) return {};
  for (ChallengeType type : issuer.challenges)
    if (sets_dns_record(type))
      return fail(Errc::invalid_config, "the challenge type " + std::string(challenge_name(type)) +
                                            " needs a DNS provider: write \"" +
                                            directive_name(server, "dns") +
                                            "\" into the issuer \"" + issuer.id + "\", too, in " +
                                            to_string(issuer.place));
  return {};
}

std::vector<std::string> warnings_of(const IssuerSettings& issuer, ServerKind server) {
  std::vector<std::string> out;
  if (!issuer.verify_tls)
    out.push_back("the TLS certificate of the CA \"" + issuer.id + "\" is not checked (" +
                  directive_name(server, "verify") + " off): for tests only");
  if (!issuer.external_account.key.empty())
    out.push_back("the key of the external account at \"" + issuer.id +
                  "\" stands in the configuration (" + directive_name(server, "external_account") +
                  " ... data:...), for everybody who can read that: put it into a file that only "
                  "root can read");
  if (issuer.outbound.proxy && !issuer.outbound.proxy->password.empty())
    out.push_back("the password of the proxy for \"" + issuer.id +
                  "\" stands in the configuration (" + directive_name(server, "proxy") +
                  "), for everybody who can read that: write password=file:PATH behind the URL, "
                  "with a file that only root can read");
  out.insert(out.end(), issuer.warnings.begin(), issuer.warnings.end());
  for (std::string& warning : out) warning += ", in " + to_string(issuer.place);
  return out;
}

}  // namespace acme
