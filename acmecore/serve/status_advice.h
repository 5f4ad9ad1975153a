// What an operator can do about a failure, by what a CA said of it.
#pragma once

#include <string_view>

namespace acme::serve {

// Stands for the certificate's id in the advice.
inline constexpr std::string_view kAdviceName = "NAME";

// A sentence or two; empty where we know nothing better than the CA's words.
std::string_view advice_on(std::string_view last_error);

}  // namespace acme::serve
