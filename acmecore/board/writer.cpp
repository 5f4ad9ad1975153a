// Whatever changes is changed by one store of one word, after all that the word
// refers to has been written. So a writer may be killed between any two stores:
// readers see the old state or the new one, and the next writer finds the room
// that no reference names.
#include <algorithm>
#include <string>

#include "board/board.h"
#include "board/challenge.h"
#include "board/names.h"
#include "board/table.h"
#include "board/tokens.h"

namespace acme {

using namespace board;

struct BoardWriter::State {
  State(const Env& env, Mapping mapping)
      : board(std::move(mapping)),
        heap(env, board),
        tokens(kTokens, board, heap),
        challenges(kChallenges, board, heap),
        names(kNames, board, heap) {}

  void adopt();
  void adopt(Word& place, Kind kind);
  bool holds(const Word& place, Kind kind, std::span<const std::uint8_t> payload) const;
  Outcome publish(Word& place, Kind kind, std::span<const std::uint8_t> payload);
  void withdraw(Word& place);

  Mapping board;
  Heap heap;
  Table tokens;
  Table challenges;
  Table names;
};

namespace {

// A mark that goes on when the place is empty: what is published after that
// differs from what was published before.
std::uint32_t next_mark(Ref ref) {
  return ref.mark + 1 == 0 ? 1 : ref.mark + 1;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Ref load(const Word& place) {
  return Ref::of(place.load(std::memory_order_relaxed));
}

}  // namespace

void BoardWriter::State::adopt() {
  for (std::uint32_t n = 0; n < board.layout().shape.slots; ++n) adopt(board.slot(n), Kind::bundle);
  adopt(board.live().status, Kind::status);
  tokens.adopt();
  challenges.adopt();
  names.adopt();
  heap.settle();
}

void BoardWriter::State::adopt(Word& place, Kind kind) {
  const Ref ref = load(place);
  if (!ref || heap.adopt(ref.unit, kind)) return;
  // No `drop`: the room may well be another reference's.
  place.store(Ref{next_mark(ref), 0}.word(), std::memory_order_release);
}

bool BoardWriter::State::holds(const Word& place, Kind kind,
                               std::span<const std::uint8_t> payload) const {
  const Ref ref = load(place);
  if (!ref) return false;
  auto there = read_blob(board, ref.unit, kind);
  return there && std::ranges::equal(there->span(), payload);
}

Outcome BoardWriter::State::publish(Word& place, Kind kind, std::span<const std::uint8_t> payload) {
  if (holds(place, kind, payload)) return {};
  const Ref old = load(place);
  ACME_TRY(std::uint32_t unit, heap.put(kind, payload));
  place.store(Ref{next_mark(old), unit}.word(), std::memory_order_release);
  heap.drop(old.unit);
  return {};
}

void BoardWriter::State::withdraw(Word& place) {
  const Ref old = load(place);
  if (!old) return;
  place.store(Ref{next_mark(old), 0}.word(), std::memory_order_release);
  heap.drop(old.unit);
}

BoardWriter::BoardWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoardWriter::BoardWriter(BoardWriter&&) noexcept = default;
BoardWriter& BoardWriter::operator=(BoardWriter&&) noexcept = default;
BoardWriter::~BoardWriter() = default;

Result<BoardWriter> BoardWriter::attach(const Env& env, int fd) {
  ACME_TRY(Mapping board, Mapping::map(env, fd, true));
  auto state = std::make_unique<State>(env, std::move(board));
  state->adopt();
  return BoardWriter(std::move(state));
}

std::uint32_t BoardWriter::slots() const {
  return state_->board.layout().shape.slots;
}

Outcome BoardWriter::publish(std::uint32_t slot, const Bundle& bundle) {
  if (slot >= slots())
    return fail(Errc::invalid_argument, "the board has no slot " + std::to_string(slot));
  ACME_TRY(Secret bytes, encode_bundle(bundle));
  return state_->publish(state_->board.slot(slot), Kind::bundle, bytes.span());
}

bool BoardWriter::holds(std::uint32_t slot, const Bundle& bundle) const {
  if (slot >= slots()) return false;
  auto bytes = encode_bundle(bundle);
  return bytes && state_->holds(state_->board.slot(slot), Kind::bundle, bytes->span());
}

void BoardWriter::withdraw(std::uint32_t slot) {
  if (slot < slots()) state_->withdraw(state_->board.slot(slot));
}

Outcome BoardWriter::put_token(std::string_view token, std::string_view key_authorization) {
  if (!is_token(token)) return fail(Errc::invalid_argument, "this is no http-01 token");
  if (!is_key_authorization(key_authorization, token))
    return fail(Errc::invalid_argument, "this is no key authorization of the token");
  return state_->tokens.put(bytes_of(key_authorization));
}

void BoardWriter::remove_token(std::string_view token) {
  state_->tokens.remove(token);
}

std::vector<std::string> BoardWriter::tokens() const {
  return state_->tokens.all();
}

Outcome BoardWriter::put_challenge(std::string_view server_name, const AlpnAnswer& answer) {
  ACME_TRY(Secret payload, encode_challenge(server_name, answer));
  return state_->challenges.put(payload.span());
}

void BoardWriter::remove_challenge(std::string_view server_name) {
  state_->challenges.remove(server_name);
}

Result<AlpnAnswer> BoardWriter::challenge(std::string_view server_name) const {
  auto payload = state_->challenges.find(server_name);
  if (!payload) return fail(Errc::not_found, "not there");
  return decode_challenge(payload->span());
}

std::vector<std::string> BoardWriter::challenges() const {
  return state_->challenges.all();
}

Outcome BoardWriter::put_name(const AddedName& name) {
  ACME_TRY(Secret payload, encode_name(name));
  return state_->names.put(payload.span());
}

std::vector<AddedName> BoardWriter::names() const {
  std::vector<AddedName> found;
  for (const std::string& key : state_->names.all()) {
    auto payload = state_->names.find(key);
    auto name = payload ? decode_name(payload->span()) : fail(Errc::not_found, {});
    if (name) found.push_back(*std::move(name));
  }
  return found;
}

Outcome BoardWriter::publish_status(std::string_view json) {
  return state_->publish(state_->board.live().status, Kind::status, bytes_of(json));
}

void BoardWriter::sweep() {
  state_->heap.sweep();
}

}  // namespace acme
