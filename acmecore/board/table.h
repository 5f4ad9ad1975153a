// A table of blobs that are found by a text of their own: open addressing, one
// word a cell. There are three: http-01 key authorizations by their tokens,
// tls-alpn-01 certificates by the server names that CAs ask for, and the slots of
// names that were added while the server runs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "board/heap.h"

namespace acme::board {

struct TableSpec {
  Kind kind;
  Word Live::*pending;              // how many there are: at least as many as can be found
  std::uint32_t BoardShape::*most;  // how many there may be
  Cells Layout::*cells;
  // The text that the payload of an intact blob is found by.
  std::string_view (*key_of)(std::string_view payload);
  const char* what;  // "http-01 tokens"
};
extern const TableSpec kTokens;
extern const TableSpec kChallenges;
extern const TableSpec kNames;

// Where to look for a text: in the cells home, home + 1, … , for its mark.
struct Probe {
  explicit Probe(std::string_view key);
  std::uint32_t cell(const Cells& cells, std::uint32_t step) const {
    return (home + step) & (cells.count - 1);
  }
  std::uint32_t mark;
  std::uint32_t home;
};
inline std::uint32_t probe_limit(const Cells& cells) {
  return cells.count < kMaxProbe ? cells.count : kMaxProbe;
}

// The writer's side. Each change is one store to one cell, and what is there
// never moves: a reader cannot miss it.
class Table {
 public:
  Table(const TableSpec& spec, Mapping& board, Heap& heap)
      : spec_(spec), board_(board), heap_(heap) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void adopt();  // on attach: drops what is damaged, counts the rest
  Outcome put(std::span<const std::uint8_t> payload);
  void remove(std::string_view key);
  std::optional<Secret> find(std::string_view key) const;
  std::vector<std::string> all() const;  // the keys

 private:
  struct Search {
    std::optional<std::uint32_t> found;
    std::optional<std::uint32_t> vacant;  // the first where it could stand
  };
  const Cells& cells() const { return board_.layout().*spec_.cells; }
  Word& cell(std::uint32_t n) const { return board_.cell(cells().at, n); }
  Ref ref(std::uint32_t n) const { return Ref::of(cell(n).load(std::memory_order_relaxed)); }
  Search search(std::string_view key) const;
  bool holds(std::uint32_t n, std::string_view key) const;
  bool adopt_cell(std::uint32_t n);
  void tidy(std::uint32_t n);
  void set_live(std::uint32_t count);

  const TableSpec& spec_;
  Mapping& board_;
  Heap& heap_;
  std::uint32_t live_ = 0;
};

}  // namespace acme::board
