// The status as a table for people.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace acme::ctl {

using Row = std::vector<std::string>;
// The first row is the heading; all are of its length. Rows that are wider than `width` have their
// widest cells cut; 0: as wide as they are.
std::string aligned(const std::vector<Row>& rows, std::size_t width = 0);
// A line with its end, broken between words where it is longer than `width`; what is broken off
// begins in column `indent`. 0: never broken.
std::string wrapped(const std::string& line, std::size_t width, std::size_t indent);
// Of the terminal that standard output is; 0: it is none.
std::size_t terminal_width();

std::string status_table(const Json& status, WallTime now, std::size_t width = 0);

}  // namespace acme::ctl
