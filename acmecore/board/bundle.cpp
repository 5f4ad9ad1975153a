// A bundle's bytes: the key, the number of certificates, then each of them.
#include "board/board.h"
#include "board/layout.h"
#include "board/parts.h"

namespace acme {

using namespace board;

namespace {

constexpr std::uint32_t kMaxCertificates = 16;

Result<std::size_t> encoded_size(const Bundle& bundle) {
  if (bundle.key_der.empty() || bundle.chain.empty() || bundle.chain.size() > kMaxCertificates)
    return fail(Errc::invalid_argument, "a bundle has a key and 1 to 16 certificates");
  std::size_t size = part_size(bundle.key_der.size()) + sizeof(Length);
  for (const std::string& certificate : bundle.chain) {
    if (certificate.empty()) return fail(Errc::invalid_argument, "a bundle's certificate is empty");
    size += part_size(certificate.size());
  }
  if (size > kMaxBundleBytes)
    return fail(Errc::invalid_argument, "a key and its chain have " + std::to_string(size) +
                                            " bytes; the board takes " +
                                            std::to_string(kMaxBundleBytes));
  return size;
}

}  // namespace

Result<Secret> encode_bundle(const Bundle& bundle) {
  ACME_TRY(std::size_t size, encoded_size(bundle));
  Secret bytes(size);
  PartWriter out(bytes.data());
  out.part(bundle.key_der.view());
  out.number(static_cast<Length>(bundle.chain.size()));
  for (const std::string& certificate : bundle.chain) out.part(certificate);
  return bytes;
}

Result<Bundle> decode_bundle(std::span<const std::uint8_t> bytes) {
  const auto damaged = [] { return fail(Errc::damaged, "a bundle's bytes break its format"); };
  PartReader in(bytes);
  auto key = in.part();
  auto count = in.number();
  if (!key || !count || *count == 0 || *count > kMaxCertificates) return damaged();
  Bundle bundle;
  for (Length i = 0; i < *count; ++i) {
    auto certificate = in.part();
    if (!certificate) return damaged();
    bundle.chain.emplace_back(certificate->begin(), certificate->end());
  }
  if (!in.at_end()) return damaged();
  bundle.key_der = Secret(*key);
  return bundle;
}

}  // namespace acme
