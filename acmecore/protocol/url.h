// What the URLs in a CA's answers mean; a relative reference of a header is
// resolved as RFC 3986 section 5 says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace acme::protocol {

// Visible ASCII, no longer than 2 KiB, without what breaks out of a header or a quoted text.
bool is_plain_url_text(std::string_view text);

// "http://…" or "https://…": what may be shown to a person to be opened.
bool is_web_url(std::string_view url);

// The absolute form of `reference` found in the answer of `base`; nothing for
// text that can be no URL. It is not checked whether anybody may be sent there.
std::optional<std::string> resolve(std::string_view base, std::string_view reference);

}  // namespace acme::protocol
