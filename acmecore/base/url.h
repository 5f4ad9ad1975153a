// The origin of an https URL: who may be talked to, and what may be signed for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace acme {

inline constexpr std::size_t kMaxUrl = 2048;

// "https://host:port" in lower case, the default port left out. Nothing for
// what is no plain https URL: other schemes, user info, control bytes, blanks,
// non-ASCII, more than kMaxUrl bytes.
std::optional<std::string> https_origin(std::string_view url);

}  // namespace acme
