// A bundle's bytes: the length of the key and the key, the number of
// certificates, then the length of each and its bytes. Lengths are 32 bits in
// the machine's own order: the bytes never leave it.
#include <cstring>
#include <optional>

#include "board/board.h"
#include "board/layout.h"

namespace acme {
namespace {

constexpr std::uint32_t kMaxCertificates = 16;
using Length = std::uint32_t;

class Output {
 public:
  explicit Output(std::uint8_t* at) : at_(at) {}
  void number(Length value) { bytes(&value, sizeof value); }
  void part(const void* data, std::size_t size) {
    number(static_cast<Length>(size));
    bytes(data, size);
  }

 private:
  void bytes(const void* data, std::size_t size) {
    std::memcpy(at_, data, size);
    at_ += size;
  }
  std::uint8_t* at_;
};

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : left_(bytes) {}
  bool at_end() const { return left_.empty(); }
  std::optional<Length> number() {
    Length value = 0;
    if (left_.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, left_.data(), sizeof value);
    left_ = left_.subspan(sizeof value);
    return value;
  }
  // Never an empty one.
  std::optional<std::span<const std::uint8_t>> part() {
    auto size = number();
    if (!size || *size == 0 || *size > left_.size()) return std::nullopt;
    auto bytes = left_.first(*size);
    left_ = left_.subspan(*size);
    return bytes;
  }

 private:
  std::span<const std::uint8_t> left_;
};

Result<std::size_t> encoded_size(const Bundle& bundle) {
  if (bundle.key_der.empty() || bundle.chain.empty() || bundle.chain.size() > kMaxCertificates)
    return fail(Errc::invalid_argument, "a bundle has a key and 1 to 16 certificates");
  std::size_t size = 2 * sizeof(Length) + bundle.key_der.size();
  for (const std::string& certificate : bundle.chain) {
    if (certificate.empty()) return fail(Errc::invalid_argument, "a bundle's certificate is empty");
    size += sizeof(Length) + certificate.size();
  }
  if (size > board::kMaxBundleBytes)
    return fail(Errc::invalid_argument, "a key and its chain have " + std::to_string(size) +
                                            " bytes; the board takes " +
                                            std::to_string(board::kMaxBundleBytes));
  return size;
}

}  // namespace

Result<Secret> encode_bundle(const Bundle& bundle) {
  ACME_TRY(std::size_t size, encoded_size(bundle));
  Secret bytes(size);
  Output out(bytes.data());
  out.part(bundle.key_der.data(), bundle.key_der.size());
  out.number(static_cast<Length>(bundle.chain.size()));
  for (const std::string& certificate : bundle.chain)
    out.part(certificate.data(), certificate.size());
  return bytes;
}

Result<Bundle> decode_bundle(std::span<const std::uint8_t> bytes) {
  const auto damaged = [] { return fail(Errc::damaged, "a bundle's bytes break its format"); };
  Input in(bytes);
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
