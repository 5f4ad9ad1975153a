// The certificates that the operator supplied (ssl_certificate, SSLCertificateFile): read once,
// by the master when it opens the configuration, for the status page. None of them is ours to
// renew, and none that cannot be read is a reason to stop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/resolve.h"

namespace acme::serve {

struct SuppliedCertificate {
  std::string file;
  std::vector<std::uint32_t> sites;  // that it was given to
  std::string error;                 // why nothing more is known
  std::vector<std::string> names = {};
  std::string issuer_name = {};
  std::string serial = {};
  WallTime not_before = 0;
  WallTime not_after = 0;
};

// Collected while the configuration is read: a file that several sites have is one.
class SuppliedFiles {
 public:
  void add(std::uint32_t site, std::string_view file);
  std::vector<SuppliedCertificate> read() const;
  // What the keeper has to look at (Config::supplied).
  std::vector<SuppliedFile> for_helper(const Resolution& resolution) const;

 private:
  std::vector<SuppliedCertificate> files_;
  std::unordered_map<std::string, std::size_t> by_name_;  // thousands of sites may have their own
};

// The first certificate of a PEM file, whatever else is in it.
SuppliedCertificate read_supplied(SuppliedCertificate certificate);

}  // namespace acme::serve
