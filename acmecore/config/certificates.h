// The certificates of a configuration while it is being resolved: equal ones
// become one, each gets an id and a slot on the board in the end.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/settings.h"

namespace acme {

// The names that some certificates have together.
class CoveredNames {
 public:
  // `names` outlive this.
  void add(const std::vector<std::string>& names) { names_.insert(names.begin(), names.end()); }
  // Itself, or a wildcard for it.
  bool has(const std::string& name) const;

 private:
  std::unordered_set<std::string_view> names_;
};

class CertificateSet {
 public:
  // Whether certificates given by hand may share a name (nginx), or not (httpd).
  enum class Overlaps { allowed, refused };
  // About as many as there are sites.
  CertificateSet(Overlaps overlaps, std::size_t sites);

  struct Request {
    std::vector<std::string> names;  // normalised, in the operator's order
    std::vector<std::string> issuers;
    std::vector<KeyType> keys;
    RenewPolicy renew;
    bool partial = false;
    std::string id;  // given by hand; empty: from the first name
    bool by_hand = false;
    bool common_name = false;  // an issuer wants one in the CSR
    const Place& place;
  };
  // Index of the certificate. Equal names, issuers and keys are one, unless
  // both were given ids of their own.
  Result<std::uint32_t> add(Request request);

  // The one given by hand that covers all of these: exact names before wildcards.
  std::optional<std::uint32_t> covering(const std::vector<std::string>& names) const;
  // Those given by hand that cover one of them at least, in the order of the names.
  std::vector<std::uint32_t> touching(const std::vector<std::string>& names) const;

  const std::vector<std::string>& names(std::uint32_t index) const {
    return entries_[index].config.names;
  }
  const std::string& first_name(std::uint32_t index) const { return entries_[index].first_name; }
  const Place& place(std::uint32_t index) const { return entries_[index].place; }

  // With ids and slots.
  std::vector<CertificateConfig> finish();

 private:
  struct Entry {
    CertificateConfig config;
    std::string first_name;
    Place place;  // of those given by hand
  };

  Outcome check_overlap(const std::vector<std::string>& names, const Place& place) const;
  std::uint32_t append(Entry entry, bool by_hand);
  std::span<const std::uint32_t> by_hand_with(const std::string& name) const;
  std::string derived_id(const Entry& entry) const;

  const Overlaps overlaps_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::uint32_t> by_content_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_name_;  // given by hand only
  struct GivenId {
    std::string content;
    Place place;
    std::uint32_t index;
  };
  std::unordered_map<std::string, GivenId> given_ids_;
  std::unordered_set<std::string> taken_ids_;
};

}  // namespace acme
