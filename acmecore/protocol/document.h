// The two objects that an order is made of, read forgivingly: unknown fields,
// unknown challenge types and missing members are no errors here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "config/config.h"
#include "protocol/message.h"

namespace acme::protocol {

enum class OrderStatus : std::uint8_t { pending, ready, processing, valid, invalid, unknown };

// RFC 8555 section 7.1.3.
struct OrderDocument {
  OrderStatus status = OrderStatus::unknown;
  std::string status_text;               // as it was said
  WallTime expires = 0;                  // 0: not said
  std::vector<std::string> identifiers;  // values, lower case, addresses as inet_ntop has them
  std::vector<std::string> authorizations;
  std::string finalize;
  std::string certificate;
  std::optional<Problem> error;
};
// Nothing when the text is no order at all.
std::optional<OrderDocument> read_order(std::string_view body);

enum class AuthorizationStatus : std::uint8_t { pending, valid, invalid, ended, unknown };

// RFC 8555 section 7.1.4; `ended` is deactivated, expired or revoked.
struct AuthorizationDocument {
  struct Challenge {
    std::string type;
    std::string url;
    std::string token;
    std::string status;
    std::optional<Problem> error;
    // Of dns-persist-01: whose name may stand in the record.
    std::vector<std::string> issuer_domain_names = {};
  };
  AuthorizationStatus status = AuthorizationStatus::unknown;
  std::string status_text;
  std::string identifier;  // lower case; the base name of a wildcard
  bool wildcard = false;
  std::vector<Challenge> challenges;
};
std::optional<AuthorizationDocument> read_authorization(std::string_view body);

// RFC 8555 section 8.1: base64url with 128 bits at least.
bool is_token(std::string_view text);

// The challenge that is answered: one that the CA is already at work on, else
// the first of the preference list that is offered with all it needs.
struct Choice {
  ChallengeType type = ChallengeType::http01;
  const AuthorizationDocument::Challenge* challenge = nullptr;
};
std::optional<Choice> choose(const AuthorizationDocument& authorization,
                             const std::vector<ChallengeType>& preference);

// Of a challenge, or of a directory's caaIdentities: host names, not many.
std::vector<std::string> read_issuer_domain_names(const Json& list);

// "http-01 and foo-99", "nothing": what a CA offered, for the operator.
std::string offered(const AuthorizationDocument& authorization);

}  // namespace acme::protocol
