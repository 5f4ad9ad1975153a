// The status as a table for people.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace acme::ctl {

// Rows of cells, the first one the headings, in columns.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

std::string status_table(const Json& status, WallTime now);

}  // namespace acme::ctl
