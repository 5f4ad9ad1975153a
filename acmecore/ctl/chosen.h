// Certificates of a status by what they are called, or by a name that they carry.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace acme::ctl {

// The status with those alone; all without a name. Errc::not_found: one is of no certificate.
Result<Json> with_certificates(Json status, const std::vector<std::string>& names);

}  // namespace acme::ctl
