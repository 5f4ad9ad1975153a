#include "serve/supplied.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/certificate_file.h"

namespace acme::serve {

void SuppliedFiles::add(std::uint32_t site, std::string_view file) {
  auto [known, is_new] = by_name_.emplace(file, files_.size());
  if (is_new) files_.push_back({std::string(file), {}, {}});
  files_[known->second].sites.push_back(site);
}

std::vector<SuppliedCertificate> SuppliedFiles::read() const {
  std::vector<SuppliedCertificate> out;
  for (const SuppliedCertificate& file : files_) out.push_back(read_supplied(file));
  return out;
}

std::vector<SuppliedFile> SuppliedFiles::for_helper(const Resolution& resolution) const {
  std::vector<SuppliedFile> out;
  for (const SuppliedCertificate& file : files_) {
    SuppliedFile each{file.file, {}};
    bool every_site = true;
    for (std::uint32_t site : file.sites) {
      const std::vector<std::uint32_t> none;
      const auto& ours =
          site < resolution.sites.size() ? resolution.sites[site].certificates : none;
      every_site = every_site && !ours.empty();
      if (!ours.empty()) each.successors.push_back(resolution.config.certificates[ours.front()].id);
    }
    if (!every_site) each.successors.clear();
    std::sort(each.successors.begin(), each.successors.end());
    each.successors.erase(std::unique(each.successors.begin(), each.successors.end()),
                          each.successors.end());
    out.push_back(std::move(each));
  }
  return out;
}

SuppliedCertificate read_supplied(SuppliedCertificate certificate) {
  auto info = inspect_certificate_file(certificate.file);
  if (!info) {
    certificate.error = info.error().message;
    return certificate;
  }
  for (const std::string& name : info->names) certificate.names.push_back(printable(name));
  // One of old times, which clients of today do not take.
  if (info->names.empty()) certificate.names.push_back(printable(info->subject));
  certificate.issuer_name = printable(info->issuer);
  certificate.serial = info->serial;
  certificate.not_before = info->not_before;
  certificate.not_after = info->not_after;
  return certificate;
}

}  // namespace acme::serve
