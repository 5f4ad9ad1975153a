#include "config/certificates.h"

#include <algorithm>

#include "base/text.h"
#include "config/names.h"

namespace acme {
namespace {

constexpr std::size_t kMaxDerivedId = 128;

// What makes two certificates the same.
std::string content_key(const CertificateConfig& certificate) {
  std::string key = join(certificate.names, " ") + "|" + join(certificate.issuers, " ") + "|";
  for (KeyType type : certificate.keys) key += std::string(key_type_name(type)) + " ";
  return key;
}

std::string id_from(std::string name) {
  std::replace(name.begin(), name.end(), '*', '_');
  std::replace(name.begin(), name.end(), ':', '-');
  if (name.size() > kMaxDerivedId) name.resize(kMaxDerivedId);
  return name;
}

// FNV-1a: no adversary chooses these (the operator's own names), and this room
// stays free of a crypto library.
std::string six_hex_digits(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (int shift = 20; shift >= 0; shift -= 4) out += kHex[((hash >> 24) >> shift) & 15];
  return out;
}

}  // namespace

Result<std::uint32_t> CertificateSet::add(Request request) {
  CertificateConfig certificate;
  std::string first_name = request.names.front();
  certificate.names = std::move(request.names);
  std::sort(certificate.names.begin(), certificate.names.end());
  certificate.names.erase(std::unique(certificate.names.begin(), certificate.names.end()),
                          certificate.names.end());
  if (certificate.names.size() > kMaxNames)
    return fail(Errc::invalid_config,
                std::to_string(certificate.names.size()) +
                    " names are too many for one certificate (at most " +
                    std::to_string(kMaxNames) + ") in " + to_string(request.place) +
                    ": give them to several");
  certificate.issuers = std::move(request.issuers);
  certificate.keys = std::move(request.keys);
  certificate.renew = request.renew;

  std::string content = content_key(certificate);
  auto known = by_content_.find(content);
  if (known != by_content_.end()) {
    CertificateConfig& same = certificates_[known->second];
    bool one_name = request.id.empty() || same.id.empty() || same.id == request.id;
    if (one_name) {
      if (same.id.empty() && !request.id.empty()) {
        ACME_CHECK(claim_id(request.id, request.place));
        same.id = request.id;
      }
      if (request.by_hand && !by_hand_[known->second]) {
        by_hand_[known->second] = true;
        index_names(known->second);
      }
      return known->second;
    }
  }
  if (!request.id.empty()) ACME_CHECK(claim_id(request.id, request.place));
  certificate.id = std::move(request.id);
  return append(std::move(certificate), std::move(first_name), std::move(content), request.by_hand);
}

}  // namespace acme
