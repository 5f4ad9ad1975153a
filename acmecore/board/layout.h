// What lies in the board's memory. docs/BOARD.md has it as a table. Any change
// of this file's numbers, structs or functions raises kLayoutVersion: a server
// and a helper of different versions refuse each other's board.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "board/board.h"

namespace acme::board {

inline constexpr std::uint64_t kMagic = 0x0a6472616f424341;  // "ACBoard\n" in memory
inline constexpr std::uint32_t kLayoutVersion = 3;

// Everything that changes after creation is a word of this type. An atomic that
// hides a lock would be no use between processes.
using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8 && alignof(Word) == 8);

// At offset 0, written once at creation.
struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t slots;
  std::uint32_t tokens;
  std::uint32_t names;
  std::uint64_t heap_bytes;
  std::uint64_t checksum;  // over the words before it
};
static_assert(sizeof(Header) == 40);

// At offset 64, on a cache line of its own; all zero in a new board.
struct Live {
  Word tokens;      // how many are pending: at least as many as can be found
  Word status;      // a Ref
  Word heap_top;    // the first unit that no blob has ever had
  Word challenges;  // how many are pending: as for tokens
  Word names;       // how many were added: as for tokens
};
inline constexpr std::uint64_t kLiveAt = 64;
inline constexpr std::uint64_t kSlotsAt = 128;

// The heap is counted in units, so that a unit's number fits in half a word.
inline constexpr std::uint32_t kUnitBytes = 16;
inline constexpr std::uint32_t kUnitWords = kUnitBytes / sizeof(Word);

// What a slot, a table's cell and `status` hold: where a blob is, and a mark
// that tells one publication from the next (in a slot) or one text from
// another (in a cell). Unit 0 is never given to a blob and means "none".
struct Ref {
  std::uint32_t mark = 0;
  std::uint32_t unit = 0;

  static constexpr Ref of(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
  }
  constexpr std::uint64_t word() const { return static_cast<std::uint64_t>(mark) << 32 | unit; }
  explicit constexpr operator bool() const { return unit != 0; }
};

// Cells without a blob: one that never had one ends a search, one whose blob
// was removed does not.
inline constexpr std::uint64_t kEmptyCell = 0;
inline constexpr std::uint64_t kRemovedCell = Ref{1, 0}.word();
// A blob stands at most this many cells behind the one that its hash names.
inline constexpr std::uint32_t kMaxProbe = 128;

// A blob is one unit of head, then the payload, padded with zeros to a word.
// Head: kind (upper half) and payload length (lower half) in the first word, a
// checksum over that word and the payload's words in the second.
enum class Kind : std::uint32_t {
  bundle = 0x4c444e42,
  token = 0x4e4b4f54,
  challenge = 0x4e504c41,
  name = 0x454d414e,
  status = 0x54415453
};

// Above what is ever needed; they keep a damaged length from asking for much.
inline constexpr std::uint32_t kMaxBundleBytes = 256 * 1024;
inline constexpr std::uint32_t kMaxKeyAuthorizationBytes = 512;
inline constexpr std::uint32_t kMaxChallengeBytes = 16 * 1024;
inline constexpr std::uint32_t kMaxNameBytes = 1024;
inline constexpr std::uint32_t kMaxStatusBytes = 64 * 1024 * 1024;

constexpr std::uint32_t max_length(Kind kind) {
  switch (kind) {
    case Kind::bundle:
      return kMaxBundleBytes;
    case Kind::token:
      return kMaxKeyAuthorizationBytes;
    case Kind::challenge:
      return kMaxChallengeBytes;
    case Kind::name:
      return kMaxNameBytes;
    case Kind::status:
      return kMaxStatusBytes;
  }
  return 0;
}
constexpr std::uint32_t units_for(std::uint32_t length) {
  return 1 + length / kUnitBytes + (length % kUnitBytes != 0);
}

// Finds damage and torn copies; it is no defence against an attacker, who would
// have to be root already.
class Checksum {
 public:
  void add(std::uint64_t word) {
    sum_ = (sum_ ^ word) * 0xff51afd7ed558ccd;
    sum_ ^= sum_ >> 32;
  }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_ = 0x9e3779b97f4a7c15;
};

inline constexpr std::uint32_t kMaxSlots = 1 << 20;
inline constexpr std::uint32_t kMaxTokens = 1 << 20;
inline constexpr std::uint32_t kMaxAddedNames = 1 << 22;
inline constexpr std::uint64_t kMaxHeapBytes = std::uint64_t{kUnitBytes} << 32;
inline constexpr std::uint64_t kHeapAlignment = 4096;

// Where the cells of a table are: a power of two of them, at most half of them in use.
struct Cells {
  std::uint64_t at = 0;
  std::uint32_t count = 0;
};

// Where everything is, which follows from the shape alone.
struct Layout {
  BoardShape shape;
  Cells tokens = {};
  Cells challenges = {};
  Cells names = {};
  std::uint64_t heap_at = 0;
  std::uint64_t heap_units = 0;
  std::uint64_t total_bytes = 0;
};

// Nothing when the shape is out of bounds.
constexpr std::optional<Layout> layout_of(const BoardShape& shape) {
  if (shape.slots > kMaxSlots || shape.tokens > kMaxTokens || shape.names > kMaxAddedNames)
    return std::nullopt;
  if (shape.heap_bytes == 0 || shape.heap_bytes > kMaxHeapBytes) return std::nullopt;
  if (shape.heap_bytes % kHeapAlignment != 0) return std::nullopt;
  Layout layout{.shape = shape};
  std::uint64_t index_end = kSlotsAt + std::uint64_t{shape.slots} * sizeof(Word);
  const auto take = [&index_end](std::uint32_t entries) {
    const Cells cells{index_end, std::bit_ceil(2 * entries + 8)};
    index_end += std::uint64_t{cells.count} * sizeof(Word);
    return cells;
  };
  layout.tokens = take(shape.tokens);
  layout.challenges = take(shape.tokens);
  layout.names = take(shape.names);
  layout.heap_at = (index_end + kHeapAlignment - 1) / kHeapAlignment * kHeapAlignment;
  layout.heap_units = shape.heap_bytes / kUnitBytes;
  layout.total_bytes = layout.heap_at + shape.heap_bytes;
  return layout;
}

}  // namespace acme::board
