// The ways to prove that a name is ours (RFC 8555 section 8, RFC 8737).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace acme {

enum class ChallengeType : std::uint8_t { http01, tlsalpn01, dns01 };

std::string_view challenge_name(ChallengeType type);  // "http-01"; "unknown" for any other number
std::optional<ChallengeType> parse_challenge_type(std::string_view text);

}  // namespace acme
