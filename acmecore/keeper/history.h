// What became of a certificate, for acmectl log.
#pragma once

#include <string>
#include <vector>

#include "ipc/control.h"
#include "keeper/certificates.h"

namespace acme::keeper {

// JSON of the lineages of one certificate, or of the one that carries the name (docs/STATUS.md).
ipc::ControlAnswer log_of(const Certificates& certificates, const Store& store,
                          const std::vector<std::string>& names);

// What acmectl renew says of a certificate that is not due.
std::string not_due_line(const Lineage& lineage, WallTime due, WallTime now);

}  // namespace acme::keeper
