// The part of a name that its owner registered: CAs limit the certificates of one.
#pragma once

#include <string>

namespace acme::agent {

// "example.co.uk" of "*.www.example.co.uk", by the public suffix list; the name itself where
// there is none (an IP address, a suffix).
std::string registered_domain(const std::string& name);

}  // namespace acme::agent
