// http-01 (RFC 8555, 8.3): the blob is the key authorization, which begins with
// the token.
#pragma once

#include <string_view>

namespace acme::board {

bool is_token(std::string_view text);
bool is_key_authorization(std::string_view text, std::string_view token);
// The part before the dot.
std::string_view token_of(std::string_view key_authorization);

}  // namespace acme::board
