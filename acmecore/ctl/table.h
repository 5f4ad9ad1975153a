// The status as a table for people.
#pragma once

#include <string>

#include "base/json.h"
#include "base/time.h"

namespace acme::ctl {

std::string status_table(const Json& status, WallTime now);

}  // namespace acme::ctl
