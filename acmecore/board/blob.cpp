// The order of memory accesses. A reader may copy from room that the writer has
// begun to use again (it slept through the grace time, say), and must find out.
// The writer stores a blob's words with `release`, the reader loads them with
// `acquire`: whoever sees one word of a new blob also sees that the reference
// to the old one is gone, because the writer changed that before. The same
// could be had from relaxed accesses between fences, but ThreadSanitizer does
// not understand fences, on x86 there is no difference in the code, and
// elsewhere it is nothing beside parsing the certificate.
#include "board/blob.h"

#include <algorithm>
#include <cstring>

namespace acme::board {
namespace {

constexpr std::uint64_t head_word(Kind kind, std::uint32_t length) {
  return static_cast<std::uint64_t>(kind) << 32 | length;
}

// The bytes that the n-th word of a payload has; the last one may have less.
std::size_t bytes_in_word(std::size_t n, std::size_t length) {
  return std::min(sizeof(std::uint64_t), length - n * sizeof(std::uint64_t));
}

std::size_t words_of(std::size_t length) {
  return (length + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
}

// The payload's length, if a blob of this kind can stand there.
std::optional<std::uint32_t> length_at(const Mapping& board, std::uint32_t unit, Kind kind) {
  const std::uint64_t heap_units = board.layout().heap_units;
  if (unit == 0 || unit >= heap_units) return std::nullopt;
  const std::uint64_t head = board.unit(unit)[0].load(std::memory_order_acquire);
  const auto length = static_cast<std::uint32_t>(head);
  if (head != head_word(kind, length) || length > max_length(kind)) return std::nullopt;
  if (units_for(length) > heap_units - unit) return std::nullopt;
  return length;
}

}  // namespace

void write_blob(Mapping& board, std::uint32_t unit, Kind kind,
                std::span<const std::uint8_t> payload) {
  const std::uint64_t head = head_word(kind, static_cast<std::uint32_t>(payload.size()));
  Word* words = board.unit(unit);
  Checksum sum;
  sum.add(head);
  words[0].store(head, std::memory_order_release);
  for (std::size_t n = 0; n < words_of(payload.size()); ++n) {
    std::uint64_t word = 0;
    std::memcpy(&word, payload.data() + n * sizeof word, bytes_in_word(n, payload.size()));
    sum.add(word);
    words[kUnitWords + n].store(word, std::memory_order_release);
  }
  words[1].store(sum.value(), std::memory_order_release);
}

std::optional<Secret> read_blob(const Mapping& board, std::uint32_t unit, Kind kind) {
  auto length = length_at(board, unit, kind);
  if (!length) return std::nullopt;
  const Word* words = board.unit(unit);
  Secret payload(*length);
  Checksum sum;
  sum.add(head_word(kind, *length));
  for (std::size_t n = 0; n < words_of(*length); ++n) {
    const std::uint64_t word = words[kUnitWords + n].load(std::memory_order_acquire);
    sum.add(word);
    std::memcpy(payload.data() + n * sizeof word, &word, bytes_in_word(n, *length));
  }
  if (words[1].load(std::memory_order_acquire) != sum.value()) return std::nullopt;
  return payload;
}

void wipe(Mapping& board, std::uint64_t unit, std::uint64_t units) {
  Word* words = board.unit(unit);
  for (std::size_t n = 0; n < units * kUnitWords; ++n) words[n].store(0, std::memory_order_release);
}

}  // namespace acme::board
