// Which of the chains that a CA offers is taken (RFC 8555, section 7.4.2): the leaf is
// the same in all, they lead to different roots.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace acme::keeper {

struct ChainChoice {
  std::optional<std::size_t> index;  // none leads there
  std::vector<std::string> issuers;  // where each one leads, for the operator
};

// The first whose topmost certificate was issued by this common name. Chains are foreign
// bytes: what cannot be read is passed over here, and refused when it is checked.
ChainChoice choose_chain(const std::vector<std::string>& pem_chains, std::string_view preferred);

}  // namespace acme::keeper
