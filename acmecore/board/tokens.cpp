#include "board/tokens.h"

#include <algorithm>

#include "board/layout.h"

namespace acme::board {
namespace {

bool is_base64url(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

bool is_token(std::string_view text) {
  return text.size() >= 22 && text.size() <= 256 && is_base64url(text);
}

bool is_key_authorization(std::string_view text, std::string_view token) {
  return text.size() > token.size() + 1 && text.size() <= kMaxKeyAuthorizationBytes &&
         text.starts_with(token) && text[token.size()] == '.' &&
         is_base64url(text.substr(token.size() + 1));
}

std::string_view token_of(std::string_view key_authorization) {
  return key_authorization.substr(0, key_authorization.find('.'));
}

}  // namespace acme::board
