// What a look at names has found, for people.
#pragma once

#include "base/json.h"

namespace acme::ctl {

std::string check_table(const Json& check);
// 1: something was found that makes the CA fail.
int check_status(const Json& check);

}  // namespace acme::ctl
