#include "protocol/document.h"

#include <algorithm>

#include "base/ip_address.h"
#include "base/json.h"
#include "base/text.h"

namespace acme::protocol {
namespace {

constexpr std::size_t kTokenLeast = 22;
constexpr std::size_t kTokenMost = 256;
constexpr std::size_t kChallenges = 32;  // of one authorization; CAs offer about five

std::optional<Problem> problem_in(const Json& member) {
  if (!member.is_object()) return std::nullopt;
  return read_problem_json(member.compact());
}

// A CA may write an address in another way than we have it.
std::string canonical_identifier(std::string_view value) {
  if (std::optional<std::string> address = canonical_ip(value)) return *address;
  return lower(value);
}

OrderStatus order_status(std::string_view text) {
  if (text == "pending") return OrderStatus::pending;
  if (text == "ready") return OrderStatus::ready;
  if (text == "processing") return OrderStatus::processing;
  if (text == "valid") return OrderStatus::valid;
  if (text == "invalid") return OrderStatus::invalid;
  return OrderStatus::unknown;
}

AuthorizationStatus authorization_status(std::string_view text) {
  if (text == "pending") return AuthorizationStatus::pending;
  if (text == "valid") return AuthorizationStatus::valid;
  if (text == "invalid") return AuthorizationStatus::invalid;
  if (text == "deactivated" || text == "expired" || text == "revoked")
    return AuthorizationStatus::ended;
  return AuthorizationStatus::unknown;
}

// A challenge can still be answered when it is absent-minded about its status.
bool is_open(const AuthorizationDocument::Challenge& challenge) {
  return challenge.status.empty() || challenge.status == "pending" ||
         challenge.status == "processing";
}

// dns-persist-01 has none.
bool lacks_token(const AuthorizationDocument::Challenge& challenge) {
  return challenge.type != challenge_name(ChallengeType::dnspersist01) &&
         !is_token(challenge.token);
}

}  // namespace

std::optional<OrderDocument> read_order(std::string_view body) {
  Result<Json> json = Json::parse(body);
  if (!json || !json->is_object()) return std::nullopt;
  OrderDocument order;
  order.status_text = (*json)["status"].text_or("");
  order.status = order_status(order.status_text);
  order.expires = parse_rfc3339((*json)["expires"].text_or("")).value_or(0);
  for (const Json& item : (*json)["identifiers"].items())
    if (std::optional<std::string> value = item["value"].text())
      order.identifiers.push_back(canonical_identifier(*value));
  for (const Json& item : (*json)["authorizations"].items())
    if (std::optional<std::string> url = item.text()) order.authorizations.push_back(*url);
  order.finalize = (*json)["finalize"].text_or("");
  order.certificate = (*json)["certificate"].text_or("");
  order.error = problem_in((*json)["error"]);
  return order;
}

std::optional<AuthorizationDocument> read_authorization(std::string_view body) {
  Result<Json> json = Json::parse(body);
  if (!json || !json->is_object()) return std::nullopt;
  AuthorizationDocument out;
  out.status_text = (*json)["status"].text_or("");
  out.status = authorization_status(out.status_text);
  out.identifier = canonical_identifier((*json)["identifier"]["value"].text_or(""));
  out.wildcard = (*json)["wildcard"].truth();
  if (out.identifier.starts_with("*.")) {  // against the RFC, but it has been seen
    out.identifier.erase(0, 2);
    out.wildcard = true;
  }
  for (const Json& item : (*json)["challenges"].items()) {
    if (out.challenges.size() == kChallenges) break;
    out.challenges.push_back({item["type"].text_or(""), item["url"].text_or(""),
                              item["token"].text_or(""), item["status"].text_or(""),
                              problem_in(item["error"]),
                              read_issuer_domain_names(item["issuer-domain-names"])});
  }
  return out;
}

std::vector<std::string> read_issuer_domain_names(const Json& list) {
  constexpr std::size_t kMost = 10;  // draft-ietf-acme-dns-persist: more is malformed
  std::vector<std::string> names;
  for (const Json& item : list.items()) {
    std::string name = lower(item.text_or(""));
    const bool good =
        !name.empty() && name.size() <= 253 &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
    if (good && names.size() < kMost) names.push_back(std::move(name));
  }
  return names;
}

bool is_token(std::string_view text) {
  return text.size() >= kTokenLeast && text.size() <= kTokenMost &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::optional<Choice> choose(const AuthorizationDocument& authorization,
                             const std::vector<ChallengeType>& preference) {
  std::optional<Choice> first;
  for (ChallengeType type : preference) {
    for (const auto& challenge : authorization.challenges) {
      if (challenge.type != challenge_name(type) || lacks_token(challenge) ||
          challenge.url.empty() || !is_open(challenge))
        continue;
      if (challenge.status == "processing") return Choice{type, &challenge};
      if (!first) first = Choice{type, &challenge};
    }
  }
  return first;
}

std::string offered(const AuthorizationDocument& authorization) {
  std::vector<std::string> types;
  for (const auto& challenge : authorization.challenges) {
    if (challenge.type.empty()) continue;
    std::string type = printable(challenge.type.substr(0, 40));
    if (lacks_token(challenge)) type += " (without a usable token)";
    if (!is_open(challenge)) type += " (" + printable(challenge.status.substr(0, 20)) + ")";
    types.push_back(std::move(type));
  }
  std::sort(types.begin(), types.end());
  if (types.empty()) return "nothing";
  std::string last = types.back();
  types.pop_back();
  return types.empty() ? last : join(types, ", ") + " and " + last;
}

}  // namespace acme::protocol
