// Writing and reading one blob of the heap.
#pragma once

#include <optional>
#include <span>

#include "base/secret.h"
#include "board/mapping.h"

namespace acme::board {

// The room must be the writer's own: units_for(payload.size()) of it.
void write_blob(Mapping& board, std::uint32_t unit, Kind kind,
                std::span<const std::uint8_t> payload);

// Nothing when no intact blob of this kind stands there. Never reads outside
// the heap, whatever stands in it. A reader has to check its reference again
// afterwards: only an unchanged one says that the copy is what was published.
std::optional<Secret> read_blob(const Mapping& board, std::uint32_t unit, Kind kind);

// Zeros, for the bytes of a key.
void wipe(Mapping& board, std::uint64_t unit, std::uint64_t units);

}  // namespace acme::board
