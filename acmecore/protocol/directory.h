// The CA's directory (RFC 8555 section 7.1.1): never is an endpoint hard-coded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace acme::protocol {

struct Directory {
  std::string new_nonce;
  std::string new_account;
  std::string new_order;
  std::string revoke_cert;
  std::string key_change;
  std::string renewal_info;
  std::string terms_of_service;
  std::string website;
  bool external_account_required = false;
  std::vector<std::string> profiles;
  std::vector<std::string> caa_identities;  // the CA's own names (RFC 8659)

  // Every origin that is named: the directory's own first.
  std::vector<std::string> origins;
  bool has_origin_of(std::string_view url) const;
};

Result<Directory> read_directory(std::string_view body, std::string_view directory_url);

}  // namespace acme::protocol
