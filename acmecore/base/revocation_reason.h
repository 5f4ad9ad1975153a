// Why a certificate is revoked (RFC 5280 section 5.3.1): those that a subscriber may give.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace acme {

enum class RevocationReason : std::uint8_t {
  unspecified = 0,
  key_compromise = 1,
  superseded = 4,
  cessation_of_operation = 5,
};

// By its name in RFC 5280, in upper or lower case.
std::optional<RevocationReason> parse_revocation_reason(std::string_view text);
std::string_view revocation_reason_name(RevocationReason reason);  // "keyCompromise"

}  // namespace acme
