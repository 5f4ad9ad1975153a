// Internationalized names: what people read, and what stands in DNS.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace acme {

bool has_foreign_letters(std::string_view name);  // bytes beyond ASCII

// "Bücher.example" (UTF-8) to "xn--bcher-kva.example": IDNA2008 as TR46 maps its input
// (upper case, width, dots). The error says why it is no name, without naming it.
Result<std::string> to_a_labels(std::string_view name);

}  // namespace acme
