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
    return fail(Errc::invalid_config, std::to_string(certificate.names.size()) +
                                          " names are too many for one certificate (at most " +
                                          std::to_string(kMaxNames) +
                                          "): give them to several, in " +
                                          to_string(request.place));
  certificate.issuers = request.issuers;
  certificate.keys = request.keys;
  certificate.renew = request.renew;

  const std::string content = content_key(certificate);
  if (!request.id.empty()) ACME_CHECK(claim_id(request, content));
  certificate.id = request.id;
  if (auto known = by_content_.find(content); known != by_content_.end()) {
    std::string& id = entries_[known->second].config.id;
    if (id.empty()) id = request.id;
    if (request.id.empty() || id == request.id) return known->second;
  }
  std::uint32_t index = append(std::move(certificate), std::move(first_name), request.by_hand);
  by_content_.emplace(content, index);
  return index;
}

// The same certificate may be named in several places (a snippet that is
// included twice); two certificates of one name would share a folder.
Outcome CertificateSet::claim_id(const Request& request, const std::string& content) {
  auto [it, added] = given_ids_.try_emplace(request.id, GivenId{content, request.place});
  if (added || it->second.content == content) return {};
  return fail(Errc::invalid_config, "name=" + request.id + " is given to two certificates, in " +
                                        to_string(it->second.place) + " and in " +
                                        to_string(request.place) + ": rename one");
}

std::uint32_t CertificateSet::append(CertificateConfig certificate, std::string first_name,
                                     bool by_hand) {
  auto index = static_cast<std::uint32_t>(entries_.size());
  if (by_hand)
    for (const std::string& name : certificate.names) by_name_[name].push_back(index);
  entries_.push_back({std::move(certificate), std::move(first_name)});
  return index;
}

std::span<const std::uint32_t> CertificateSet::by_hand_with(const std::string& name) const {
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return {};
  return it->second;
}

std::optional<std::uint32_t> CertificateSet::covering(const std::vector<std::string>& names) const {
  std::optional<std::uint32_t> by_wildcard;
  for (std::uint32_t index : touching({names.front()})) {
    Coverage worst = Coverage::exact;
    for (const std::string& name : names)
      worst = std::min(worst, coverage(entries_[index].config.names, name));
    if (worst == Coverage::exact) return index;
    if (worst == Coverage::wildcard && !by_wildcard) by_wildcard = index;
  }
  return by_wildcard;
}

std::vector<std::uint32_t> CertificateSet::touching(const std::vector<std::string>& names) const {
  std::vector<std::uint32_t> found;
  for (const std::string& name : names) {
    for (const std::string& key : {name, wildcard_for(name)})
      for (std::uint32_t index : by_hand_with(key))
        if (std::find(found.begin(), found.end(), index) == found.end()) found.push_back(index);
  }
  return found;
}

// The first name; when that is taken, with a digest of what makes the
// certificate another one, so that the id stays when other sites come and go.
std::string CertificateSet::derived_id(const Entry& entry) const {
  const std::string base = id_from(entry.first_name);
  std::string id = base;
  std::string salted = content_key(entry.config);
  while (taken_ids_.contains(id)) {
    id = base + "-" + six_hex_digits(salted);
    salted += "+";
  }
  return id;
}

std::vector<CertificateConfig> CertificateSet::finish() {
  for (const auto& [id, given] : given_ids_) taken_ids_.insert(id);
  std::vector<CertificateConfig> out;
  std::uint32_t slot = 0;
  for (Entry& entry : entries_) {
    if (entry.config.id.empty()) {
      entry.config.id = derived_id(entry);
      taken_ids_.insert(entry.config.id);
    }
    entry.config.first_slot = slot;
    slot += static_cast<std::uint32_t>(entry.config.keys.size());
    out.push_back(std::move(entry.config));
  }
  return out;
}

}  // namespace acme
