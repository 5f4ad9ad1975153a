// What two complaints have in common that differ in numbers, times and random parts only.
#pragma once

#include <string>
#include <string_view>

namespace acme {

// Every word with a digit in it becomes '#'.
std::string pattern_of(std::string_view words);

}  // namespace acme
