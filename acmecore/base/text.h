// Small text helpers, and the one escape that all foreign text goes through
// before it reaches a log, a page, JSON or a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace acme {

// What a CA, a name server or a program said, made safe to print: control
// bytes and invalid UTF-8 become \xNN, the result is cut at 512 bytes.
std::string printable(std::string_view foreign);

std::string lower(std::string_view text);  // ASCII only
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace acme
