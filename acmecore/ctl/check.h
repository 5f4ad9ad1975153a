// What a look at names has found, for people.
#pragma once

#include <cstddef>
#include <string>

#include "base/json.h"

namespace acme::ctl {

// `width`: of the terminal; 0: lines are as long as they are.
std::string check_table(const Json& check, std::size_t width = 0);
// 1: something was found that makes the CA fail.
int check_status(const Json& check);

}  // namespace acme::ctl
