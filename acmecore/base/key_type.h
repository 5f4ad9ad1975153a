// The kinds of private keys that directives can ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace acme {

enum class KeyType : std::uint8_t { ecdsa256, ecdsa384, ecdsa521, rsa2048, rsa3072, rsa4096 };

// "ecdsa:256" … "rsa:4096"; "ecdsa" and "rsa" are the first of each.
std::optional<KeyType> parse_key_type(std::string_view text);
std::string_view key_type_name(KeyType type);  // "ecdsa:256"
std::string_view key_type_slug(KeyType type);  // "ecdsa-256": a folder's name in the store
std::optional<KeyType> key_type_from_slug(std::string_view slug);

}  // namespace acme
