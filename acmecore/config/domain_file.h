// A domain file: one certificate per line, in the words of ACMEDomain
// (names… [name=id] [issuer=a,b] [key=…]). `#` begins a comment; empty lines
// mean nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace acme {

inline constexpr std::size_t kMaxDomainFile = std::size_t{64} << 20;

struct DomainFile {
  std::vector<CertificateDirective> certificates;
  std::vector<Error> faults;  // the first lines that are wrong, and how many more are
};

// `path` is for messages and places.
DomainFile parse_domain_file(std::string_view text, const std::string& path);

// The file's text. That it cannot be read is a typing error.
Result<std::string> read_domain_file(const std::string& path);

}  // namespace acme
