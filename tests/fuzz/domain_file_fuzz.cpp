// Any bytes as a domain file: certificates whose names keep their rules, or
// lines that are told to be wrong.
#include <cstdint>
#include <cstdlib>

#include "config/domain_file.h"
#include "config/names.h"

namespace {

using namespace acme;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const DomainFile file = parse_domain_file(text, "f");
  unsigned line = 0;
  for (const CertificateDirective& certificate : file.certificates) {
    require(certificate.place.line > line && certificate.place.line <= size + 1);
    line = certificate.place.line;
    require(!certificate.names.empty());
    for (const std::string& name : certificate.names) require(check_name(name).name == name);
  }
  for (const Error& fault : file.faults)
    require(fault.code == Errc::invalid_config && !fault.message.empty());
  return 0;
}
