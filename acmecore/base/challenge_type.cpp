#include "base/challenge_type.h"

namespace acme {
namespace {

constexpr std::string_view kNames[] = {"http-01", "tls-alpn-01", "dns-01", "dns-account-01",
                                       "dns-persist-01"};

}  // namespace

std::string_view challenge_name(ChallengeType type) {
  auto index = static_cast<std::size_t>(type);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

bool is_dns_challenge(ChallengeType type) {
  return sets_dns_record(type) || type == ChallengeType::dnspersist01;
}

bool sets_dns_record(ChallengeType type) {
  return type == ChallengeType::dns01 || type == ChallengeType::dnsaccount01;
}

std::optional<ChallengeType> parse_challenge_type(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == text) return static_cast<ChallengeType>(i);
  return std::nullopt;
}

}  // namespace acme
