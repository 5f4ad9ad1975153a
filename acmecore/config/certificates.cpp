#include "config/certificates.h"

#include <algorithm>

#include "base/ip_address.h"
#include "base/text.h"
#include "config/names.h"

namespace acme {
namespace {

constexpr std::size_t kMaxDerivedId = 128;

// What makes two certificates the same. A digest of it is in ids: it stays as it is.
std::string content_key(const CertificateConfig& certificate) {
  std::string key = join(certificate.names, " ");
  key.append("|").append(join(certificate.issuers, " ")).append("|");
  for (KeyType type : certificate.keys) key.append(key_type_name(type)).append(" ");
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

// The first DNS name in the operator's order that fits into it (X.520), else the first address.
std::string common_name_of(const std::vector<std::string>& names) {
  constexpr std::size_t kLongest = 64;
  for (bool address : {false, true})
    for (const std::string& name : names)
      if (is_ip(name) == address && name.size() <= kLongest) return name;
  return {};
}

// CAs refuse a name beside the wildcard that covers it.
void drop_redundant(std::vector<std::string>& sorted_names) {
  const std::vector<std::string> all = sorted_names;
  std::erase_if(sorted_names, [&](const std::string& name) {
    const std::string wildcard = wildcard_for(name);
    return !wildcard.empty() && std::binary_search(all.begin(), all.end(), wildcard);
  });
}

}  // namespace

bool CoveredNames::has(const std::string& name) const {
  return names_.contains(name) || names_.contains(wildcard_for(name));
}

CertificateSet::CertificateSet(Overlaps overlaps, std::size_t sites) : overlaps_(overlaps) {
  entries_.reserve(sites);
  by_content_.reserve(sites);
}

Result<std::uint32_t> CertificateSet::add(Request request) {
  CertificateConfig certificate;
  std::string first_name = request.names.front();
  certificate.names = request.names;
  std::sort(certificate.names.begin(), certificate.names.end());
  certificate.names.erase(std::unique(certificate.names.begin(), certificate.names.end()),
                          certificate.names.end());
  drop_redundant(certificate.names);
  std::erase_if(request.names, [&](const std::string& name) {
    return coverage(certificate.names, name) != Coverage::exact;
  });
  if (request.common_name) certificate.common_name = common_name_of(request.names);
  if (certificate.names.size() > kMaxNames)
    return fail(Errc::invalid_config, std::to_string(certificate.names.size()) +
                                          " names are too many for one certificate (at most " +
                                          std::to_string(kMaxNames) +
                                          "): give them to several, in " +
                                          to_string(request.place));
  certificate.issuers = std::move(request.issuers);
  certificate.keys = std::move(request.keys);
  certificate.renew = request.renew;
  certificate.partial = request.partial;

  std::string content = content_key(certificate);
  // The same certificate may be named in several places (a snippet that is
  // included twice); two certificates of one name would share a folder.
  if (auto given = given_ids_.find(request.id); given != given_ids_.end()) {
    if (given->second.content == content) return given->second.index;
    return fail(Errc::invalid_config, "name=" + request.id + " is given to two certificates, in " +
                                          to_string(given->second.place) + " and in " +
                                          to_string(request.place) + ": rename one");
  }
  std::uint32_t index;
  auto known = by_content_.find(content);
  if (known != by_content_.end() &&
      (request.id.empty() || entries_[known->second].config.id.empty())) {
    index = known->second;
    if (!request.id.empty()) entries_[index].config.id = request.id;
  } else {
    if (request.by_hand) ACME_CHECK(check_overlap(certificate.names, request.place));
    certificate.id = request.id;
    index = append(
        {std::move(certificate), std::move(first_name), request.by_hand ? request.place : Place()},
        request.by_hand);
    by_content_.try_emplace(content, index);
  }
  if (!request.id.empty())
    given_ids_.emplace(request.id, GivenId{std::move(content), request.place, index});
  return index;
}

Outcome CertificateSet::check_overlap(const std::vector<std::string>& names,
                                      const Place& place) const {
  if (overlaps_ == Overlaps::allowed) return {};
  for (const std::string& name : names)
    if (auto others = by_hand_with(name); !others.empty())
      return fail(Errc::invalid_config, "the name \"" + name +
                                            "\" stands in two certificates given by hand, in " +
                                            to_string(entries_[others.front()].place) + " and in " +
                                            to_string(place) + ": leave it out of one");
  return {};
}

std::uint32_t CertificateSet::append(Entry entry, bool by_hand) {
  auto index = static_cast<std::uint32_t>(entries_.size());
  if (by_hand)
    for (const std::string& name : entry.config.names) by_name_[name].push_back(index);
  entries_.push_back(std::move(entry));
  return index;
}

std::span<const std::uint32_t> CertificateSet::by_hand_with(const std::string& name) const {
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return {};
  return it->second;
}

std::optional<std::uint32_t> CertificateSet::covering(const std::vector<std::string>& names) const {
  if (by_name_.empty()) return std::nullopt;
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
  if (by_name_.empty()) return found;
  std::unordered_set<std::uint32_t> seen;
  for (const std::string& name : names) {
    for (const std::string& key : {name, wildcard_for(name)})
      for (std::uint32_t index : by_hand_with(key))
        if (seen.insert(index).second) found.push_back(index);
  }
  return found;
}

std::string CertificateSet::derived_id(const Entry& entry) const {
  std::string id = id_from(entry.first_name);
  if (!taken_ids_.contains(id)) return id;
  const std::string base = id;
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
  out.reserve(entries_.size());
  taken_ids_.reserve(entries_.size());
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
