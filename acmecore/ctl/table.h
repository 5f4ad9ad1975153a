// The status as a table for people.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace acme::ctl {

using Row = std::vector<std::string>;
// The first row is the heading; all are of its length.
std::string aligned(const std::vector<Row>& rows);

std::string status_table(const Json& status, WallTime now);

}  // namespace acme::ctl
