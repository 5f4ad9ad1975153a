#include "serve/status_advice.h"

namespace acme::serve {
namespace {

struct Advice {
  std::string_view sign;  // in the error
  std::string_view words;
};

// The types of RFC 8555 section 6.7 as our errors begin with them or have them within, and
// words of our own. The first that is found counts: the more telling ones come first.
constexpr Advice kAdvice[] = {
    {"rateLimited",
     "The CA limits how often it may be asked. It is asked again by itself when the limit allows "
     "it; try new configurations with its staging directory."},
    {"caa",
     "A CAA record forbids this CA to issue for the name. Add one that names the CA, or remove "
     "the one that does not."},
    {"userActionRequired",
     "The CA wants a person: open the page that it names. acmectl account agree takes new terms "
     "of service."},
    {"externalAccountRequired",
     "The CA knows its customers only: give the account that it gave you by external_account_key "
     "(ACMEExternalAccount)."},
    {"rejectedIdentifier",
     "The CA does not issue for this name. Remove it, or use another issuer for it."},
    {"unsupportedIdentifier",
     "The CA does not issue for this kind of name. Remove it, or use another issuer for it."},
    {"accountDoesNotExist",
     "The CA does not know the account any more; a new one is made with the next try."},
    {"badSignatureAlgorithm",
     "The CA does not take this kind of account key: set another one (account_key, "
     "ACMEAccountKey)."},
    {"badCSR",
     "The CA does not take this request, mostly for the kind of its key: set another one (key, "
     "ACMEKeyType)."},
    {"dnssec", "The zone's DNSSEC signatures do not verify: have its host mend them."},
    {"(the CA was not asked)",
     "The proof in DNS failed before the CA was asked, and is tried again by itself: the DNS "
     "host's or "
     "name server's own words say what is missing."},
    {"TXT",
     "The CA looked for a TXT record. acmectl check NAME tells where it should stand and what the "
     "name servers say."},
    {"dns:",
     "The CA could not resolve the name. See that it has an A or AAAA record that leads here: "
     "acmectl check NAME."},
    {"DNS problem",
     "The CA could not resolve the name. See that it has an A or AAAA record that leads here: "
     "acmectl check NAME."},
    {"ailed to connect",
     "The CA could not reach this server. See that the name leads here and that ports 80 and 443 "
     "are open to the world, by IPv6 too where there is an AAAA record: acmectl check NAME."},
    {"connection: ",
     "The CA could not reach this server. See that the name leads here and that ports 80 and 443 "
     "are open to the world, by IPv6 too where there is an AAAA record: acmectl check NAME."},
    {"incorrectResponse",
     "Somebody else answered the challenge: see that the name leads to this server, and to no "
     "other one behind the same address: acmectl check NAME."},
    {"unauthorized",
     "The CA did not see the proof: see that the name leads to this server, and to no other one "
     "behind the same address: acmectl check NAME."},
    {"tls:",
     "The CA could not complete a TLS handshake on port 443. A proxy that ends TLS in front of "
     "this server needs challenge http-01."},
    {"cannot be resolved",
     "This machine cannot resolve the CA's host: see that its name servers answer."},
    {"certificate problem",
     "The CA's own TLS certificate is not trusted here: give its authority by "
     "ssl_trusted_certificate (ACMECACertificateFile)."},
    {"serverInternal", "The CA has a fault of its own; it is asked again by itself."},
    {"onnect", "The CA cannot be reached from here: see that this machine may connect to it."},
};

}  // namespace

std::string_view advice_on(std::string_view last_error) {
  for (const Advice& advice : kAdvice)
    if (last_error.find(advice.sign) != std::string_view::npos) return advice.words;
  return {};
}

}  // namespace acme::serve
