// All that is known of each certificate, for people.
#pragma once

#include <string>

#include "base/json.h"
#include "base/time.h"

namespace acme::ctl {

std::string certificate_pages(const Json& status, WallTime now, std::size_t width = 0);

}  // namespace acme::ctl
