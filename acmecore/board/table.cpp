#include "board/table.h"

#include "board/challenge.h"
#include "board/names.h"
#include "board/tokens.h"

namespace acme::board {
namespace {

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

const TableSpec kTokens{Kind::token,     &Live::tokens, &BoardShape::tokens,
                        &Layout::tokens, token_of,      "http-01 tokens are pending"};
const TableSpec kChallenges{Kind::challenge,     &Live::challenges,
                            &BoardShape::tokens, &Layout::challenges,
                            server_name_of,      "tls-alpn-01 names are pending"};
const TableSpec kNames{Kind::name,     &Live::names, &BoardShape::names,
                       &Layout::names, name_key_of,  "names were added since the last reload"};

// FNV-1a, its bits mixed well enough for both halves to be used by themselves.
Probe::Probe(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  mark = static_cast<std::uint32_t>(hash >> 32);
  home = static_cast<std::uint32_t>(hash);
}

bool Table::holds(std::uint32_t n, std::string_view key) const {
  auto payload = read_blob(board_, ref(n).unit, spec_.kind);
  return payload && spec_.key_of(payload->view()) == key;
}

Table::Search Table::search(std::string_view key) const {
  const Probe probe(key);
  Search search;
  for (std::uint32_t step = 0; step < probe_limit(cells()); ++step) {
    const std::uint32_t n = probe.cell(cells(), step);
    const std::uint64_t word = cell(n).load(std::memory_order_relaxed);
    const Ref there = Ref::of(word);
    if (!there && !search.vacant) search.vacant = n;
    if (word == kEmptyCell) break;
    if (there && there.mark == probe.mark && holds(n, key)) {
      search.found = n;
      break;
    }
  }
  return search;
}

Outcome Table::put(std::span<const std::uint8_t> payload) {
  const std::string_view key = spec_.key_of(text_of(payload));
  const Search place = search(key);
  const std::uint32_t most = board_.layout().shape.*spec_.most;
  const bool room = place.vacant && live_ < most;
  if (!place.found && !room)
    return fail(Errc::no_memory, "the board is full: " + std::to_string(live_) + " of at most " +
                                     std::to_string(most) + " " + spec_.what);

  const std::uint32_t n = place.found ? *place.found : *place.vacant;
  const Ref old = ref(n);
  if (place.found) {
    auto there = read_blob(board_, old.unit, spec_.kind);
    if (there && there->view() == text_of(payload)) return {};
  }
  ACME_TRY(std::uint32_t unit, heap_.put(spec_.kind, payload));
  // Counted first: dying in between leaves a count that is too high, which
  // costs readers a search, and not a blob that nobody looks for.
  if (!place.found) set_live(live_ + 1);
  cell(n).store(Ref{Probe(key).mark, unit}.word(), std::memory_order_release);
  heap_.drop(old.unit);
  return {};
}

void Table::remove(std::string_view key) {
  auto n = search(key).found;
  if (!n) return;
  const Ref old = ref(*n);
  cell(*n).store(kRemovedCell, std::memory_order_release);
  heap_.drop(old.unit);
  tidy(*n);
  set_live(live_ - 1);
}

std::optional<Secret> Table::find(std::string_view key) const {
  auto n = search(key).found;
  return n ? read_blob(board_, ref(*n).unit, spec_.kind) : std::nullopt;
}

// A removed cell before an empty one can be empty itself: a search that came as
// far as this ends one cell later anyway. As this is done at each removal, the
// table is clean again whenever it is empty.
void Table::tidy(std::uint32_t n) {
  const std::uint32_t mask = cells().count - 1;
  const auto load = [this](std::uint32_t at) { return cell(at).load(std::memory_order_relaxed); };
  for (; load(n) == kRemovedCell && load((n + 1) & mask) == kEmptyCell; n = (n - 1) & mask)
    cell(n).store(kEmptyCell, std::memory_order_release);
}

void Table::set_live(std::uint32_t count) {
  live_ = count;
  (board_.live().*spec_.pending).store(count, std::memory_order_release);
}

// Whether the cell holds an intact blob that a search for it would find here.
bool Table::adopt_cell(std::uint32_t n) {
  auto payload = read_blob(board_, ref(n).unit, spec_.kind);
  if (!payload) return false;
  const Probe probe(spec_.key_of(payload->view()));
  const std::uint32_t distance = (n - probe.home) & (cells().count - 1);
  return ref(n).mark == probe.mark && distance < probe_limit(cells()) &&
         heap_.adopt(ref(n).unit, spec_.kind);
}

void Table::adopt() {
  std::uint32_t live = 0;
  for (std::uint32_t n = 0; n < cells().count; ++n) {
    if (cell(n).load(std::memory_order_relaxed) == kEmptyCell) continue;
    if (ref(n) && adopt_cell(n)) {
      ++live;
    } else {
      cell(n).store(kRemovedCell, std::memory_order_release);
    }
  }
  for (std::uint32_t n = 0; n < cells().count; ++n) tidy(n);
  set_live(live);
}

std::vector<std::string> Table::all() const {
  std::vector<std::string> keys;
  for (std::uint32_t n = 0; n < cells().count; ++n) {
    if (!ref(n)) continue;
    auto payload = read_blob(board_, ref(n).unit, spec_.kind);
    if (payload) keys.emplace_back(spec_.key_of(payload->view()));
  }
  return keys;
}

}  // namespace acme::board
