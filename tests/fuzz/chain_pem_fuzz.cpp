// What a CA answers as a certificate chain: whatever it is, it is read or
// refused, and what was read is written and read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "crypto/cert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace acme;
  static const PrivateKey key = *PrivateKey::generate(KeyType::ecdsa256);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)inspect_certificate(text);
  auto chain = chain_from_pem(text);
  if (!chain) return 0;
  if (chain->empty() || chain->size() > kMaxChainLength) std::abort();
  auto again = chain_from_pem(chain_to_pem(*chain));
  // PEM written with short lines may be longer than what was read.
  if (again && *again != *chain) std::abort();
  if (check_chain(*chain, {.key = &key, .names = {"a.example"}, .now = 1})) std::abort();
  return 0;
}
