// tls-alpn-01 (RFC 8737): the blob's payload is the server name, the digest of
// the key authorization, and one bundle for each kind of key.
#pragma once

#include <span>
#include <string_view>

#include "board/board.h"

namespace acme::board {

inline constexpr std::size_t kMaxServerName = 255;

Result<Secret> encode_challenge(std::string_view server_name, const AlpnAnswer& answer);
Result<AlpnAnswer> decode_challenge(std::span<const std::uint8_t> payload);
// Empty where there is none.
std::string_view server_name_of(std::string_view payload);

}  // namespace acme::board
