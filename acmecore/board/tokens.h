// The table of pending http-01 tokens: open addressing, one word a cell. The
// blob is the key authorization, which begins with the token (RFC 8555, 8.1).
#pragma once

#include <string_view>

#include "board/heap.h"

namespace acme::board {

bool is_token(std::string_view text);
bool is_key_authorization(std::string_view text, std::string_view token);
// The part before the dot.
std::string_view token_of(std::string_view key_authorization);

// Where to look for a token: in the cells home, home + 1, … , for its mark.
struct Probe {
  explicit Probe(std::string_view token);
  std::uint32_t cell(const Layout& layout, std::uint32_t step) const {
    return (home + step) & (layout.cells - 1);
  }
  std::uint32_t mark;
  std::uint32_t home;
};
inline std::uint32_t probe_limit(const Layout& layout) {
  return layout.cells < kMaxProbe ? layout.cells : kMaxProbe;
}

// The writer's side. Each change is one store to one cell, and a token that is
// there never moves: a reader cannot miss it.
class TokenTable {
 public:
  TokenTable(Mapping& board, Heap& heap) : board_(board), heap_(heap) {}
  TokenTable(const TokenTable&) = delete;
  TokenTable& operator=(const TokenTable&) = delete;

  void adopt();  // on attach: drops what is damaged, counts the rest
  Outcome put(std::string_view token, std::string_view key_authorization);
  void remove(std::string_view token);
  std::vector<std::string> all() const;

 private:
  struct Search {
    std::optional<std::uint32_t> found;
    std::optional<std::uint32_t> vacant;  // the first where it could stand
  };
  Search search(std::string_view token) const;
  bool holds(std::uint32_t cell, std::string_view token) const;
  bool adopt_cell(std::uint32_t cell);
  void tidy(std::uint32_t cell);
  void set_live(std::uint32_t count);

  Mapping& board_;
  Heap& heap_;
  std::uint32_t live_ = 0;
};

}  // namespace acme::board
