// What is to be done at a CA besides orders.
#pragma once

#include <cstdint>

namespace acme {

enum class ErrandKind : std::uint8_t { contact, rollover, deactivation, revocation };

}  // namespace acme
