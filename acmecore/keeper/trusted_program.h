// Whether a program may be run as root: nobody else may be able to put another one in its place.
#pragma once

#include <string>

#include "base/result.h"

namespace acme::keeper {

// Everything on the way, links included, belongs to root or to us and cannot be written by others
// (a sticky folder is passed towards what is so). An error says what to mend.
Outcome check_program(const std::string& path);

}  // namespace acme::keeper
