// SHA-256, HMAC, and base64url (RFC 4648 section 5, without padding), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace acme {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::span<const std::uint8_t> bytes);
Sha256 sha256(std::string_view text);

enum class HmacHash : std::uint8_t { sha256, sha384, sha512 };
Result<std::string> hmac(HmacHash hash, const Secret& key, std::string_view bytes);
// In a time that does not tell where they differ.
bool equal_bytes(std::string_view a, std::string_view b);

std::string hex(std::span<const std::uint8_t> bytes);  // lower case

std::string base32_encode(std::span<const std::uint8_t> bytes);  // RFC 4648, lower case, no padding

std::string base64url_encode(std::span<const std::uint8_t> bytes);
std::string base64url_encode(std::string_view text);
// Accepts padding (some CAs hand out padded EAB keys); refuses everything else.
Result<std::vector<std::uint8_t>> base64url_decode(std::string_view text);
Result<Secret> base64url_decode_secret(std::string_view text);  // an EAB key

}  // namespace acme
