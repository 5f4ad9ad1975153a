// What came of an import, as a table for people.
#pragma once

#include <string>

#include "base/json.h"
#include "base/time.h"
#include "ctl/import_source.h"

namespace acme::ctl {

// `rows` as keeper/import gives them, and what could not even be read.
std::string import_table(const Json& rows, const ImportSource& source, WallTime now);
// 0: all was taken or there already; 3: something was not.
int import_status(const Json& rows, const ImportSource& source);

}  // namespace acme::ctl
