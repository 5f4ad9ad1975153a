#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <new>

namespace acme {
namespace {

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Error not_base64url() {
  return fail(Errc::protocol, "not base64url (RFC 4648 section 5)");
}

// base64url → base64, or 0 for a character that has no place in it.
char to_base64(char c) {
  if (c == '-') return '+';
  if (c == '_') return '/';
  bool valid = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return valid ? c : '\0';
}

// The text without its padding, when the padding is all there or all absent.
bool strip_padding(std::string_view& text) {
  std::size_t end = text.find('=');
  if (end == std::string_view::npos) return true;
  bool complete = text.size() % 4 == 0 && text.size() - end <= 2;
  bool only_padding = text.find_first_not_of('=', end) == std::string_view::npos;
  text = text.substr(0, end);
  return complete && only_padding;
}

}  // namespace

Sha256 sha256(std::span<const std::uint8_t> bytes) {
  Sha256 digest;
  unsigned int size = 0;
  // It fails for want of memory only.
  if (!EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr))
    throw std::bad_alloc();
  return digest;
}

Sha256 sha256(std::string_view text) {
  return sha256(as_bytes(text));
}

Result<std::string> hmac(HmacHash hash, const Secret& key, std::string_view bytes) {
  const EVP_MD* digest = hash == HmacHash::sha256   ? EVP_sha256()
                         : hash == HmacHash::sha384 ? EVP_sha384()
                                                    : EVP_sha512();
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out;
  unsigned int size = 0;
  if (!HMAC(digest, key.data(), static_cast<int>(key.size()), as_bytes(bytes).data(), bytes.size(),
            out.data(), &size))
    return fail(Errc::crypto, "HMAC failed");
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

bool equal_bytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) out += {kDigits[byte >> 4], kDigits[byte & 15]};
  return out;
}

std::string base32_encode(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (std::uint8_t byte : bytes) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += kDigits[(held >> (bits - 5)) & 31];
  }
  if (bits > 0) out += kDigits[(held << (5 - bits)) & 31];
  return out;
}

std::string base64url_encode(std::span<const std::uint8_t> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.resize((bytes.size() * 4 + 2) / 3);
  return out;
}

std::string base64url_encode(std::string_view text) {
  return base64url_encode(as_bytes(text));
}

Result<Secret> base64url_decode_secret(std::string_view text) {
  if (!strip_padding(text) || text.size() % 4 == 1) return not_base64url();
  if (text.empty()) return Secret();  // EVP_DecodeBlock looks at the first byte
  std::size_t size = text.size() * 3 / 4;
  Secret encoded((text.size() + 3) / 4 * 4);
  std::fill_n(encoded.data(), encoded.size(), '=');
  std::transform(text.begin(), text.end(), encoded.data(), to_base64);
  if (encoded.view().find('\0') != std::string_view::npos) return not_base64url();

  Secret decoded(encoded.size() / 4 * 3);
  if (EVP_DecodeBlock(decoded.data(), encoded.data(), static_cast<int>(encoded.size())) < 0)
    return not_base64url();
  // Bits left over in the last character must be zero: one text for one value.
  if (decoded.size() > size && decoded.data()[size] != 0) return not_base64url();
  decoded.truncate(size);
  return decoded;
}

Result<std::vector<std::uint8_t>> base64url_decode(std::string_view text) {
  ACME_TRY(Secret decoded, base64url_decode_secret(text));
  return std::vector<std::uint8_t>(decoded.span().begin(), decoded.span().end());
}

}  // namespace acme
