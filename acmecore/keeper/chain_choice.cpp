#include "keeper/chain_choice.h"

#include "base/text.h"
#include "crypto/cert.h"

namespace acme::keeper {
namespace {

Result<std::string> issuer_of_topmost(std::string_view pem) {
  ACME_TRY(std::vector<std::string> chain, chain_from_pem(pem));
  ACME_TRY(CertificateInfo topmost, inspect_certificate(chain.back()));
  return topmost.issuer;
}

}  // namespace

ChainChoice choose_chain(const std::vector<std::string>& pem_chains, std::string_view preferred) {
  ChainChoice choice;
  for (std::size_t i = 0; i < pem_chains.size(); ++i) {
    auto issuer = issuer_of_topmost(pem_chains[i]);
    choice.issuers.push_back(issuer ? "\"" + *issuer + "\"" : "what cannot be read");
    if (issuer && *issuer == preferred && !choice.index) choice.index = i;
  }
  return choice;
}

}  // namespace acme::keeper
