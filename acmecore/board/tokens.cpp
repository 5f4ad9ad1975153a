#include "board/tokens.h"

#include <algorithm>

namespace acme::board {
namespace {

bool is_base64url(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

bool is_token(std::string_view text) {
  return text.size() >= 22 && text.size() <= 256 && is_base64url(text);
}

bool is_key_authorization(std::string_view text, std::string_view token) {
  return text.size() > token.size() + 1 && text.size() <= kMaxKeyAuthorizationBytes &&
         text.starts_with(token) && text[token.size()] == '.' &&
         is_base64url(text.substr(token.size() + 1));
}

std::string_view token_of(std::string_view key_authorization) {
  return key_authorization.substr(0, key_authorization.find('.'));
}

// FNV-1a, its bits mixed well enough for both halves to be used by themselves.
Probe::Probe(std::string_view token) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : token) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  mark = static_cast<std::uint32_t>(hash >> 32);
  home = static_cast<std::uint32_t>(hash);
}

bool TokenTable::holds(std::uint32_t cell, std::string_view token) const {
  const Ref ref = Ref::of(board_.cell(cell).load(std::memory_order_relaxed));
  auto payload = read_blob(board_, ref.unit, Kind::token);
  return payload && token_of(payload->view()) == token;
}

TokenTable::Search TokenTable::search(std::string_view token) const {
  const Probe probe(token);
  Search search;
  for (std::uint32_t step = 0; step < probe_limit(board_.layout()); ++step) {
    const std::uint32_t cell = probe.cell(board_.layout(), step);
    const std::uint64_t word = board_.cell(cell).load(std::memory_order_relaxed);
    const Ref ref = Ref::of(word);
    if (!ref && !search.vacant) search.vacant = cell;
    if (word == kEmptyCell) break;
    if (ref && ref.mark == probe.mark && holds(cell, token)) {
      search.found = cell;
      break;
    }
  }
  return search;
}

Outcome TokenTable::put(std::string_view token, std::string_view key_authorization) {
  if (!is_token(token)) return fail(Errc::invalid_argument, "this is no http-01 token");
  if (!is_key_authorization(key_authorization, token))
    return fail(Errc::invalid_argument, "this is no key authorization of the token");
  const Search place = search(token);
  const bool room = place.vacant && live_ < board_.layout().shape.tokens;
  if (!place.found && !room)
    return fail(Errc::no_memory, "the board is full: " + std::to_string(live_) + " of at most " +
                                     std::to_string(board_.layout().shape.tokens) +
                                     " http-01 tokens are pending");

  Word& cell = board_.cell(place.found ? *place.found : *place.vacant);
  const Ref old = Ref::of(cell.load(std::memory_order_relaxed));
  if (place.found) {
    auto payload = read_blob(board_, old.unit, Kind::token);
    if (payload && payload->view() == key_authorization) return {};
  }
  ACME_TRY(std::uint32_t unit, heap_.put(Kind::token, bytes_of(key_authorization)));
  // Counted first: dying in between leaves a count that is too high, which
  // costs readers a search, and not a token that nobody looks for.
  if (!place.found) set_live(live_ + 1);
  cell.store(Ref{Probe(token).mark, unit}.word(), std::memory_order_release);
  heap_.drop(old.unit);
  return {};
}

void TokenTable::remove(std::string_view token) {
  auto cell = search(token).found;
  if (!cell) return;
  const Ref old = Ref::of(board_.cell(*cell).load(std::memory_order_relaxed));
  board_.cell(*cell).store(kRemovedCell, std::memory_order_release);
  heap_.drop(old.unit);
  tidy(*cell);
  set_live(live_ - 1);
}

// A removed cell before an empty one can be empty itself: a search that came as
// far as this ends one cell later anyway. As this is done at each removal, the
// table is clean again whenever it is empty.
void TokenTable::tidy(std::uint32_t cell) {
  const std::uint32_t mask = board_.layout().cells - 1;
  const auto load = [this](std::uint32_t n) {
    return board_.cell(n).load(std::memory_order_relaxed);
  };
  for (; load(cell) == kRemovedCell && load((cell + 1) & mask) == kEmptyCell;
       cell = (cell - 1) & mask)
    board_.cell(cell).store(kEmptyCell, std::memory_order_release);
}

void TokenTable::set_live(std::uint32_t count) {
  live_ = count;
  board_.live().tokens.store(count, std::memory_order_release);
}

// Whether the cell holds an intact token that a search for it would find here.
bool TokenTable::adopt_cell(std::uint32_t cell) {
  const Ref ref = Ref::of(board_.cell(cell).load(std::memory_order_relaxed));
  auto payload = read_blob(board_, ref.unit, Kind::token);
  if (!payload) return false;
  const Probe probe(token_of(payload->view()));
  const std::uint32_t distance = (cell - probe.home) & (board_.layout().cells - 1);
  return ref.mark == probe.mark && distance < probe_limit(board_.layout()) &&
         heap_.adopt(ref.unit, Kind::token);
}

void TokenTable::adopt() {
  std::uint32_t live = 0;
  for (std::uint32_t cell = 0; cell < board_.layout().cells; ++cell) {
    const std::uint64_t word = board_.cell(cell).load(std::memory_order_relaxed);
    if (word == kEmptyCell) continue;
    if (Ref::of(word) && adopt_cell(cell)) {
      ++live;
    } else {
      board_.cell(cell).store(kRemovedCell, std::memory_order_release);
    }
  }
  for (std::uint32_t cell = 0; cell < board_.layout().cells; ++cell) tidy(cell);
  set_live(live);
}

std::vector<std::string> TokenTable::all() const {
  std::vector<std::string> tokens;
  for (std::uint32_t cell = 0; cell < board_.layout().cells; ++cell) {
    const Ref ref = Ref::of(board_.cell(cell).load(std::memory_order_relaxed));
    if (!ref) continue;
    auto payload = read_blob(board_, ref.unit, Kind::token);
    if (payload) tokens.emplace_back(token_of(payload->view()));
  }
  return tokens;
}

}  // namespace acme::board
