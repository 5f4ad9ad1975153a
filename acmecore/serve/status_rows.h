// One certificate as rows of the page's tables.
#pragma once

#include <string>

#include "serve/status_output.h"
#include "serve/status_view.h"

namespace acme::serve {

void write_row(StatusOutput& out, const StatusRow& row, WallTime now);
// "59 days", "3 h 20 min left": for people.
std::string time_left(const StatusRow& row, WallTime now);
// What happens next, and when.
std::string next_step(const StatusRow& row, WallTime now);

}  // namespace acme::serve
