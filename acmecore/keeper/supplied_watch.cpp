#include "keeper/supplied_watch.h"

#include "base/text.h"
#include "crypto/certificate_file.h"

namespace acme::keeper {
namespace {

// About 50 ms, where each of them is new.
constexpr unsigned kMostReads = 200;

}  // namespace

SuppliedWatch::SuppliedWatch(const Config& config) {
  for (const SuppliedFile& each : config.supplied)
    files_.push_back({{each.file, each.successors}, {}, false});
}

std::vector<SuppliedCertificate> SuppliedWatch::look() {
  std::vector<SuppliedCertificate> out;
  unsigned reads = 0;
  is_behind_ = false;
  for (Watched& each : files_) {
    SuppliedCertificate& certificate = each.certificate;
    const DomainFileState state = state_of_domain_file(certificate.file);
    const bool is_changed = !state.same_file(each.state);
    is_behind_ = is_behind_ || (is_changed && reads == kMostReads);
    if (is_changed && reads < kMostReads) {
      ++reads;
      each.state = state;
      auto info = inspect_certificate_file(certificate.file);
      each.is_known = static_cast<bool>(info);
      if (info) {
        certificate.names.clear();
        for (const std::string& name : info->names) certificate.names.push_back(printable(name));
        if (info->names.empty()) certificate.names.push_back(printable(info->subject));
        certificate.not_before = info->not_before;
        certificate.not_after = info->not_after;
      }
    }
    if (each.is_known) out.push_back(certificate);
  }
  return out;
}

}  // namespace acme::keeper
