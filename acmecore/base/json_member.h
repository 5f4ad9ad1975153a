// One member of a JSON object, found in its text without reading the whole.
#pragma once

#include <optional>
#include <string_view>

namespace acme {

// The value as it stands there, a string with its quotes. Nothing where there is no such
// member, where `text` is no object, or where it is not well-formed up to that member: for
// files of our own, whose reader falls back on Json.
std::optional<std::string_view> json_member(std::string_view text, std::string_view key);

}  // namespace acme
