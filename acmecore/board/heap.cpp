#include "board/heap.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>

namespace acme::board {
namespace {

constexpr std::uint64_t kPopulate = 64 * 1024 / kUnitBytes;

}  // namespace

bool Heap::adopt(std::uint32_t unit, Kind kind) {
  auto payload = read_blob(board_, unit, kind);
  return payload && claim(unit, units_for(static_cast<std::uint32_t>(payload->size())));
}

bool Heap::claim(std::uint64_t unit, std::uint64_t units) {
  auto next = used_.lower_bound(unit);
  if (next != used_.end() && next->first < unit + units) return false;
  if (next != used_.begin() && std::prev(next)->first + std::prev(next)->second > unit)
    return false;
  used_.emplace_hint(next, unit, units);
  return true;
}

void Heap::settle() {
  std::uint64_t end = 1;
  for (const auto& [unit, units] : used_) {
    rest(end, unit - end);
    end = unit + units;
  }
  const std::uint64_t recorded = board_.live().heap_top.load(std::memory_order_relaxed);
  top_ = std::clamp(recorded, end, board_.layout().heap_units);
  rest(end, top_ - end);
}

Result<std::uint32_t> Heap::put(Kind kind, std::span<const std::uint8_t> payload) {
  if (payload.size() > max_length(kind))
    return fail(Errc::invalid_argument,
                "the board takes no text of " + std::to_string(payload.size()) + " bytes here");
  sweep();
  const std::uint64_t units = units_for(static_cast<std::uint32_t>(payload.size()));
  auto unit = take_free(units);
  if (!unit) {
    ACME_TRY(unit, take_new(units));
  }
  claim(*unit, units);
  write_blob(board_, static_cast<std::uint32_t>(*unit), kind, payload);
  return static_cast<std::uint32_t>(*unit);
}

// First fit, from the low end: so the high end stays untouched and costs nothing.
std::optional<std::uint64_t> Heap::take_free(std::uint64_t units) {
  auto room =
      std::find_if(free_.begin(), free_.end(), [=](const auto& r) { return r.second >= units; });
  if (room == free_.end()) return std::nullopt;
  const auto [unit, size] = *room;
  free_.erase(room);
  if (size > units) free_.emplace(unit + units, size - units);
  return unit;
}

Result<std::uint64_t> Heap::take_new(std::uint64_t units) {
  if (units > board_.layout().heap_units - top_) return full(units);
  ACME_CHECK(populate(top_, units));
  const std::uint64_t unit = top_;
  top_ += units;
  // Before the first word is written: a writer that attaches after our death
  // knows that somebody may have been here.
  board_.live().heap_top.store(top_, std::memory_order_release);
  return unit;
}

// Memory for pages that nobody has written yet. Where there is none left, the
// first store would be a SIGBUS; this is an error code. A little more than what
// is asked for, because ten thousand calls of the system take their time.
Outcome Heap::populate(std::uint64_t unit, std::uint64_t units) {
  if (unit + units <= populated_) return {};
  const std::uint64_t until =
      std::min((unit + units) / kPopulate * kPopulate + kPopulate, board_.layout().heap_units);
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(board_.unit(unit));
  const std::uintptr_t start = begin / page * page;
  const std::size_t size = begin + (until - unit) * kUnitBytes - start;
  int result = 0;
  do {
    result = madvise(reinterpret_cast<void*>(start), size, MADV_POPULATE_WRITE);
  } while (result < 0 && (errno == EAGAIN || errno == EINTR));
  // Before Linux 5.14 there is no such advice.
  if (result == 0 || errno == EINVAL) {
    populated_ = until;
    return {};
  }
  return fail(Errc::no_memory,
              "the system has no memory for the board: " + system_error("madvise", errno).message);
}

Error Heap::full(std::uint64_t units) const {
  std::uint64_t resting = 0;
  for (const Resting& room : resting_) resting += room.units;
  return fail(Errc::no_memory, "the board is full: no room for " +
                                   std::to_string(units * kUnitBytes) + " of its " +
                                   std::to_string(board_.layout().shape.heap_bytes) + " bytes; " +
                                   std::to_string(resting * kUnitBytes) + " come free within " +
                                   std::to_string(kGrace / 1000) + " s");
}

void Heap::drop(std::uint32_t unit) {
  auto room = used_.find(unit);
  if (room == used_.end()) return;
  rest(room->first, room->second);
  used_.erase(room);
}

void Heap::rest(std::uint64_t unit, std::uint64_t units) {
  if (units > 0) resting_.push_back({unit, units, env_.boottime() + kGrace});
}

void Heap::sweep() {
  const Millis now = env_.boottime();
  for (; !resting_.empty() && resting_.front().until <= now; resting_.pop_front()) {
    const Resting& room = resting_.front();
    wipe(board_, room.unit, room.units);
    free(room.unit, room.units);
  }
}

// Joined with its free neighbours, so that big blobs find room again.
void Heap::free(std::uint64_t unit, std::uint64_t units) {
  auto next = free_.lower_bound(unit);
  if (next != free_.end() && next->first == unit + units) {
    units += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == unit) {
      previous->second += units;
      return;
    }
  }
  free_.emplace_hint(next, unit, units);
}

}  // namespace acme::board
