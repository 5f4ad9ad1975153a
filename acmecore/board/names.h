// Names that were added while the server runs: the blob's payload is what it is
// found by (the site's number and the name), then the slots, then the certificate.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "board/board.h"

namespace acme::board {

// Of a table: four bytes of the site's number, then the name.
std::string name_key(std::uint32_t site, std::string_view name);

Result<Secret> encode_name(const AddedName& name);
Result<AddedName> decode_name(std::span<const std::uint8_t> payload);
// Empty where there is none.
std::string_view name_key_of(std::string_view payload);

}  // namespace acme::board
