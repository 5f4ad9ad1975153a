// The certificates of a configuration while it is being resolved: equal ones
// become one, each gets an id and a slot on the board in the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/settings.h"

namespace acme {

class CertificateSet {
 public:
  struct Request {
    std::vector<std::string> names;  // normalised, in the operator's order
    std::vector<std::string> issuers;
    std::vector<KeyType> keys;
    RenewPolicy renew;
    std::string id;  // given by hand; empty: from the first name
    bool by_hand = false;
    Place place;
  };
  // Index of the certificate. Equal names, issuers and keys are one, unless
  // both were given names of their own.
  Result<std::uint32_t> add(Request request);

  // The one given by hand that covers all of these: exact names before wildcards.
  std::optional<std::uint32_t> covering(const std::vector<std::string>& names) const;
  // Those given by hand that cover one of them at least, in order.
  std::vector<std::uint32_t> touching(const std::vector<std::string>& names) const;

  const std::vector<std::string>& names(std::uint32_t index) const {
    return certificates_[index].names;
  }

  // With ids and slots.
  std::vector<CertificateConfig> finish();

 private:
  void index_names(std::uint32_t index);
  std::vector<std::uint32_t> by_hand_with(const std::string& name) const;
  std::string free_id(const CertificateConfig& certificate, const std::string& wanted) const;

  std::vector<CertificateConfig> certificates_;
  std::vector<std::string> first_names_;
  std::vector<bool> by_hand_;
  std::unordered_map<std::string, std::uint32_t> by_content_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_name_;  // given by hand only
  std::unordered_map<std::string, Place> given_ids_;
  std::unordered_map<std::string, bool> taken_ids_;
};

}  // namespace acme
