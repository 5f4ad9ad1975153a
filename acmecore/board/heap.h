// The writer's book-keeping of the heap. It is private to the process and made
// anew from the references on the board by each writer that attaches: so a
// writer may die anywhere.
#pragma once

#include <deque>
#include <map>
#include <span>

#include "board/blob.h"

namespace acme::board {

// For so long nobody writes where a blob was that a reader may still be copying.
inline constexpr Millis kGrace = 10'000;

class Heap {
 public:
  Heap(const Env& env, Mapping& board) : env_(env), board_(board) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Attaching: first `adopt` for each reference on the board, which is true when
  // the blob is intact and its room nobody else's; then `settle`, by which
  // everything that ever was a blob's and is so no longer begins to rest.
  bool adopt(std::uint32_t unit, Kind kind);
  void settle();

  // Writes a blob and returns its unit; nobody refers to it yet.
  Result<std::uint32_t> put(Kind kind, std::span<const std::uint8_t> payload);
  // The blob that no reference names any longer begins to rest.
  void drop(std::uint32_t unit);
  // Wipes what has rested for the grace time and frees it.
  void sweep();

 private:
  using Rooms = std::map<std::uint64_t, std::uint64_t>;  // unit → number of units
  struct Resting {
    std::uint64_t unit;
    std::uint64_t units;
    Millis until;
  };

  bool claim(std::uint64_t unit, std::uint64_t units);
  void rest(std::uint64_t unit, std::uint64_t units);
  void free(std::uint64_t unit, std::uint64_t units);
  std::optional<std::uint64_t> take_free(std::uint64_t units);
  Result<std::uint64_t> take_new(std::uint64_t units);
  Outcome populate(std::uint64_t unit, std::uint64_t units);
  Error full(std::uint64_t units) const;

  const Env& env_;
  Mapping& board_;
  Rooms used_;
  Rooms free_;
  std::deque<Resting> resting_;  // in the order of `until`
  std::uint64_t top_ = 1;        // from here on no blob has ever been; unit 0 is none's
  std::uint64_t populated_ = 0;  // up to here there is memory since we attached
};

}  // namespace acme::board
