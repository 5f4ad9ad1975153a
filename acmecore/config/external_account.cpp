#include "config/external_account.h"

#include <algorithm>

#include "base/text.h"
#include "config/values.h"

namespace acme {
namespace {

constexpr std::string_view kInline = "data:";
constexpr std::size_t kLongestKid = 1024;
// HS256 takes no shorter key (RFC 7518 section 3.2), and CAs hand out none.
constexpr std::size_t kShortestKey = 43;  // characters of base64url for 32 bytes

Error wrong(const std::string& message) {
  return fail(Errc::invalid_config, message);
}

bool is_of_base64(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '+' || c == '/' || c == '=';
}

}  // namespace

Result<ExternalAccount> parse_external_account(std::string_view root, const std::string& kid,
                                               const std::string& key) {
  ExternalAccount account;
  if (kid.empty() || kid.size() > kLongestKid || kid != printable(kid))
    return wrong(
        "the name of the external account is empty or no plain text: write the key "
        "identifier that the CA gave you, then the file of its key");
  account.kid = kid;
  if (!key.starts_with(kInline)) {
    ACME_TRY(account.key_file, parse_path(root, key));
    return account;
  }
  std::string_view text = std::string_view(key).substr(kInline.size());
  if (!std::all_of(text.begin(), text.end(), is_of_base64))
    return wrong("the external account's key is not base64url: write it as the CA gave it to you");
  if (text.size() < kShortestKey)
    return wrong(
        "the external account's key is shorter than 32 bytes: write it as the CA gave it "
        "to you");
  account.key = Secret(text);
  return account;
}

}  // namespace acme
