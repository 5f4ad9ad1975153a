// Where a redirect leads: whom a CA would ask next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace acme::agent {

struct WebPlace {
  std::string host;  // lower case; an address in its canonical form, without brackets
  std::uint16_t port = 80;
};

// Of an http or https URL; nothing for any other, and for one with user information.
std::optional<WebPlace> web_place(const std::string& url);

}  // namespace acme::agent
