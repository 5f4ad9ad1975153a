// The operator's own files: keys, CA certificates. Size-capped, read whole.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace acme::keeper {

Result<Secret> read_secret_file(const std::string& path);

}  // namespace acme::keeper
