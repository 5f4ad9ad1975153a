#include "base/key_type.h"

namespace acme {
namespace {

struct Row {
  KeyType type;
  std::string_view name;
  std::string_view slug;
};

constexpr Row kRows[] = {
    {KeyType::ecdsa256, "ecdsa:256", "ecdsa-256"}, {KeyType::ecdsa384, "ecdsa:384", "ecdsa-384"},
    {KeyType::ecdsa521, "ecdsa:521", "ecdsa-521"}, {KeyType::rsa2048, "rsa:2048", "rsa-2048"},
    {KeyType::rsa3072, "rsa:3072", "rsa-3072"},    {KeyType::rsa4096, "rsa:4096", "rsa-4096"},
};

}  // namespace

std::optional<KeyType> parse_key_type(std::string_view text) {
  if (text == "ecdsa") return KeyType::ecdsa256;
  if (text == "rsa") return KeyType::rsa2048;
  for (const Row& row : kRows)
    if (row.name == text) return row.type;
  return std::nullopt;
}

std::string_view key_type_name(KeyType type) {
  return kRows[static_cast<int>(type)].name;
}
std::string_view key_type_slug(KeyType type) {
  return kRows[static_cast<int>(type)].slug;
}

std::optional<KeyType> key_type_from_slug(std::string_view slug) {
  for (const Row& row : kRows)
    if (row.slug == slug) return row.type;
  return std::nullopt;
}

}  // namespace acme
