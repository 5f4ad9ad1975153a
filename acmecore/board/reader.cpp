#include <unistd.h>

#include <cerrno>
#include <string>

#include "board/board.h"
#include "board/challenge.h"
#include "board/names.h"
#include "board/table.h"
#include "board/tokens.h"

namespace acme {

using namespace board;

struct BoardReader::State {
  Mapping board;
};

namespace {

// A publication takes longer than a copy, so that a second try is rare already.
constexpr int kTries = 16;

// Messages of what is no fault fit into a string without an allocation: a
// flood of requests for unknown tokens shall cost nothing.
Error nothing() {
  return fail(Errc::not_found, "not there");
}

Result<BoardReader::Copy> copy_of(const Mapping& board, const Word& place, Kind kind) {
  bool changed = false;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t word = place.load(std::memory_order_acquire);
    const Ref ref = Ref::of(word);
    if (!ref) return nothing();
    auto bytes = read_blob(board, ref.unit, kind);
    changed = place.load(std::memory_order_acquire) != word;
    if (bytes && !changed) return BoardReader::Copy{ref.mark, std::move(*bytes)};
  }
  if (changed) return fail(Errc::busy, "the board changes faster than it can be read");
  return fail(Errc::damaged, "the board is damaged: a reference names no intact blob");
}

// Relaxed: who has to see a challenge is told of it after it was stored.
bool any_in(const Mapping& board, const TableSpec& table) {
  return (board.live().*table.pending).load(std::memory_order_relaxed) != 0;
}

Result<Secret> find(const Mapping& board, const TableSpec& table, std::string_view key) {
  const Probe probe(key);
  const Cells& cells = board.layout().*table.cells;
  for (std::uint32_t step = 0; step < probe_limit(cells); ++step) {
    const Word& cell = board.cell(cells.at, probe.cell(cells, step));
    const std::uint64_t word = cell.load(std::memory_order_acquire);
    if (word == kEmptyCell) break;
    if (!Ref::of(word) || Ref::of(word).mark != probe.mark) continue;
    auto copy = copy_of(board, cell, table.kind);
    // Removed meanwhile, damaged, or another one with the same mark.
    if (!copy || table.key_of(copy->bytes.view()) != key) continue;
    return std::move(copy->bytes);
  }
  return nothing();
}

}  // namespace

BoardReader::BoardReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoardReader::BoardReader(BoardReader&&) noexcept = default;
BoardReader& BoardReader::operator=(BoardReader&&) noexcept = default;
BoardReader::~BoardReader() = default;

Result<BoardReader> BoardReader::map(const Env& env, int fd) {
  UniqueFd own;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return system_error("fcntl of the board", errno);
  if ((flags & O_ACCMODE) != O_RDONLY) {
    ACME_TRY(own, reopen_board(fd, BoardAccess::read_only));
    fd = own.get();
  }
  ACME_TRY(Mapping board, Mapping::map(env, fd, false));
  return BoardReader(std::make_unique<State>(State{std::move(board)}));
}

std::uint32_t BoardReader::slots() const {
  return state_->board.layout().shape.slots;
}

std::uint64_t BoardReader::generation(std::uint32_t slot) const {
  if (slot >= slots()) return 0;
  const Ref ref = Ref::of(state_->board.slot(slot).load(std::memory_order_acquire));
  return ref ? ref.mark : 0;
}

Result<BoardReader::Copy> BoardReader::certificate(std::uint32_t slot) const {
  if (slot >= slots()) return nothing();
  return copy_of(state_->board, state_->board.slot(slot), Kind::bundle);
}

Result<std::string> BoardReader::status() const {
  ACME_TRY(Copy copy, copy_of(state_->board, state_->board.live().status, Kind::status));
  return std::string(copy.bytes.view());
}

Result<std::string> BoardReader::key_authorization(std::string_view token) const {
  if (!any_in(state_->board, kTokens) || !is_token(token)) return nothing();
  ACME_TRY(Secret found, find(state_->board, kTokens, token));
  return std::string(found.view());
}

bool BoardReader::has_challenges() const {
  return any_in(state_->board, kChallenges);
}

Result<AlpnAnswer> BoardReader::challenge(std::string_view server_name) const {
  if (!has_challenges()) return nothing();
  ACME_TRY(Secret found, find(state_->board, kChallenges, server_name));
  return decode_challenge(found.span());
}

bool BoardReader::has_names() const {
  return any_in(state_->board, kNames);
}

Result<AddedName> BoardReader::name(std::uint32_t site, std::string_view name) const {
  if (!has_names()) return nothing();
  ACME_TRY(Secret found, find(state_->board, kNames, name_key(site, name)));
  return decode_name(found.span());
}

}  // namespace acme
