// The ways to prove that a name is ours (RFC 8555 section 8, RFC 8737).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace acme {

enum class ChallengeType : std::uint8_t {
  http01,
  tlsalpn01,
  dns01,
  dnsaccount01,  // draft-ietf-acme-dns-account-label: a label of the account's own
  dnspersist01,  // draft-ietf-acme-dns-persist: one record of the operator's, for good
};
inline constexpr ChallengeType kLastChallengeType = ChallengeType::dnspersist01;

std::string_view challenge_name(ChallengeType type);  // "http-01"; "unknown" for any other number
// Proven by a TXT record: the only ones by which a wildcard can be.
bool is_dns_challenge(ChallengeType type);
// Whose record is set for each order anew.
bool sets_dns_record(ChallengeType type);
std::optional<ChallengeType> parse_challenge_type(std::string_view text);

}  // namespace acme
