// DNS messages (RFC 1035): a question for addresses, and what came back. The bytes are
// a name server's, or anybody's who can send to our port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace acme::agent::dns {

enum class Family : std::uint8_t { v4, v6 };  // A, AAAA

struct Addresses {
  std::string failure;  // why there can be none: "NXDOMAIN"; empty: no error
  std::vector<std::string> list;
  std::int64_t ttl = 0;  // seconds; of the shortest lived
};

Result<std::string> address_query(const std::string& host, Family family);

// Nothing for what is no answer to this very query.
std::optional<Addresses> read_addresses(std::string_view answer, std::string_view query);

}  // namespace acme::agent::dns
