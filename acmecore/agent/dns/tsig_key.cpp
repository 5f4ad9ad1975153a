#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "agent/dns/tsig.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::size_t kLongestText = 16 * 1024;
constexpr std::size_t kShortestSecret = 16;  // bytes; half of what RFC 8945 advises

Error wrong(const std::string& message) {
  return fail(Errc::invalid_config, message);
}

std::optional<HmacHash> hash_of(std::string_view name) {
  const std::string text = lower(name);
  if (text == "hmac-sha256") return HmacHash::sha256;
  if (text == "hmac-sha384") return HmacHash::sha384;
  if (text == "hmac-sha512") return HmacHash::sha512;
  return std::nullopt;
}

// As it stands in the text.
struct Parts {
  std::string algorithm;
  std::string name;
  std::string_view secret;
};

// Words of BIND's configuration; strings without their quotes, comments left out.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const char c = text.front();
    std::size_t size = 1;
    if (c == '#' || text.starts_with("//")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
      continue;
    }
    if (text.starts_with("/*")) {
      const std::size_t end = text.find("*/");
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
      continue;
    }
    if (c == '"') {
      const std::size_t end = std::min(text.find('"', 1), text.size());
      words.push_back(text.substr(1, end - 1));
      size = std::min(end + 1, text.size());
    } else if (c == '{' || c == '}' || c == ';') {
      words.push_back(text.substr(0, 1));
    } else if (!std::isspace(static_cast<unsigned char>(c))) {
      size = std::min(text.find_first_of("{};\" \t\r\n"), text.size());
      words.push_back(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  return words;
}

// key "name" { algorithm hmac-sha256; secret "…"; };
std::optional<Parts> read_key_clause(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  auto at = std::find(words.begin(), words.end(), "key");
  if (words.end() - at < 3 || at[2] != "{") return std::nullopt;
  Parts parts;
  parts.name = at[1];
  for (at += 3; words.end() - at >= 2 && *at != "}"; ++at) {
    if (*at == "algorithm") parts.algorithm = at[1];
    if (*at == "secret") parts.secret = at[1];
  }
  return parts;
}

// [algorithm:]name:base64, also behind a '#'
std::optional<Parts> read_colons(std::string_view line) {
  while (!line.empty() && (line.front() == '#' || line.front() == ' ')) line.remove_prefix(1);
  const std::size_t last = line.rfind(':');
  if (last == std::string_view::npos || line.find_first_of(" \t") != std::string_view::npos)
    return std::nullopt;
  const std::size_t first = line.find(':');
  Parts parts;
  if (first != last) parts.algorithm = line.substr(0, first);
  const std::size_t begin = first == last ? 0 : first + 1;
  parts.name = line.substr(begin, last - begin);
  parts.secret = line.substr(last + 1);
  if (parts.name.find(':') != std::string::npos || parts.secret.empty()) return std::nullopt;
  return parts;
}

Parts read_parts(std::string_view text) {
  if (auto parts = read_key_clause(text)) return *parts;
  const std::string_view line = trim(text.substr(0, text.find('\n')));
  if (auto parts = read_colons(line)) return *parts;
  return {{}, {}, trim(text)};
}

Result<Secret> decode_base64(std::string_view text) {
  Secret copy(text);
  auto* bytes = reinterpret_cast<char*>(copy.data());
  std::replace(bytes, bytes + copy.size(), '+', '-');
  std::replace(bytes, bytes + copy.size(), '/', '_');
  auto decoded = base64url_decode_secret(copy.view());
  if (!decoded)
    return wrong(
        "the TSIG key is not base64, nor a file that tsig-keygen or keymgr -t has written");
  if (decoded->size() < kShortestSecret)
    return wrong("the TSIG key is shorter than 16 bytes: make one with tsig-keygen or keymgr -t");
  return decoded;
}

std::string as_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  return lower(text);
}

}  // namespace

Result<TsigKey> read_tsig_key(std::string_view text, std::string_view name,
                              std::string_view algorithm) {
  if (text.size() > kLongestText) return wrong("the TSIG key is longer than 16 KiB");
  const Parts parts = read_parts(text);
  TsigKey key;
  key.name = as_name(parts.name.empty() ? name : parts.name);
  if (key.name.empty())
    return wrong(
        "the TSIG key has no name: write key_name= as the name server's configuration has it");
  if (!parts.name.empty() && !name.empty() && as_name(name) != key.name)
    return wrong("the TSIG key's name is " + printable(key.name) + " where it stands, and " +
                 printable(name) + " in key_name=: leave out key_name=");
  const std::string_view algorithm_text = parts.algorithm.empty() ? algorithm : parts.algorithm;
  const auto hash = hash_of(algorithm_text.empty() ? "hmac-sha256" : algorithm_text);
  if (!hash)
    return wrong("the TSIG key " + printable(key.name) + " is for \"" + printable(algorithm_text) +
                 "\": make one for hmac-sha256, hmac-sha384 or hmac-sha512");
  if (!algorithm.empty() && hash_of(algorithm) != hash)
    return wrong("the TSIG key " + printable(key.name) +
                 " is for another algorithm than algorithm=: leave out algorithm=");
  key.hash = *hash;
  ACME_TRY(key.secret, decode_base64(parts.secret));
  return key;
}

}  // namespace acme::agent::dns
