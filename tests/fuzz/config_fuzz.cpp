// Any bytes as the configuration that keeper and agent read: refused, or a
// configuration that survives another journey and can be used.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace acme;
  // The fuzzer need not find magic and version again and again.
  static const std::string head = [] {
    const Secret empty = encode_config({});
    return std::string(empty.view().substr(0, empty.view().find(ACME_VERSION))) + ACME_VERSION;
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)decode_config(bytes);
  auto config = decode_config(head + std::string(bytes));
  if (!config) return 0;
  auto again = decode_config(encode_config(*config).view());
  if (!again || encode_config(*again).view() != encode_config(*config).view()) std::abort();
  for (const CertificateConfig& certificate : config->certificates)
    for (KeyType key : certificate.keys)
      if (key_type_name(key).empty()) std::abort();
  for (const IssuerConfig& issuer : config->issuers)
    for (ChallengeType type : issuer.challenges)
      if (challenge_name(type) == "unknown") std::abort();
  (void)encode_config(reduced_for_agent(*config));
  return 0;
}
