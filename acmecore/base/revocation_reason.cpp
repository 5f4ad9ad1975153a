#include "base/revocation_reason.h"

#include "base/text.h"

namespace acme {
namespace {

struct Row {
  RevocationReason reason;
  std::string_view name;
};
constexpr Row kRows[] = {
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::key_compromise, "keyCompromise"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessation_of_operation, "cessationOfOperation"},
};

}  // namespace

std::optional<RevocationReason> parse_revocation_reason(std::string_view text) {
  for (const Row& row : kRows)
    if (equals_ignoring_case(row.name, text)) return row.reason;
  return std::nullopt;
}

std::string_view revocation_reason_name(RevocationReason reason) {
  for (const Row& row : kRows)
    if (row.reason == reason) return row.name;
  return "unspecified";
}

}  // namespace acme
