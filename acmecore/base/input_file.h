// What a program is to read on its standard input, as a file in memory: nobody has to wait for
// the program to read it.
#pragma once

#include <string_view>

#include "base/env.h"
#include "base/fd.h"
#include "base/result.h"

namespace acme {

// No descriptor for no text: /dev/null does.
Result<UniqueFd> input_file(const Env& env, std::string_view text);

}  // namespace acme
