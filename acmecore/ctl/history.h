// What became of a certificate, for people: newest last.
#pragma once

#include <string>

#include "base/json.h"

namespace acme::ctl {

std::string history_pages(const Json& log, std::size_t width = 0);

}  // namespace acme::ctl
