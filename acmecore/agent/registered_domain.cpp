#include "agent/registered_domain.h"

#include <libpsl.h>

namespace acme::agent {

std::string registered_domain(const std::string& name) {
  std::string host = name.starts_with("*.") ? name.substr(2) : name;
  if (host.find_first_not_of("0123456789.") == std::string::npos ||
      host.find(':') != std::string::npos)
    return host;  // an address
  // Compiled into the library: no file is read.
  const psl_ctx_t* list = psl_builtin();
  const char* domain = list ? psl_registrable_domain(list, host.c_str()) : nullptr;
  return domain ? domain : host;
}

}  // namespace acme::agent
