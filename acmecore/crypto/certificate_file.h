// A PEM file of an operator's own, in which a private key may stand beside the certificate: only
// the first certificate is looked at, and what else was read is wiped.
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/cert.h"

namespace acme {

// A regular file of at most 1 MiB. Never waits for the other end of a pipe.
Result<CertificateInfo> inspect_certificate_file(const std::string& file);

}  // namespace acme
