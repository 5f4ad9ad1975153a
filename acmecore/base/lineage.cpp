#include "base/lineage.h"

namespace acme {

std::string to_string(const Lineage& lineage) {
  return lineage.certificate + "/" + std::string(key_type_slug(lineage.key));
}

}  // namespace acme
