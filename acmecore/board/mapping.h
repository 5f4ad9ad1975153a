// A board in this process's memory, its header verified.
#pragma once

#include <string_view>
#include <utility>

#include "board/layout.h"

namespace acme::board {

// Of `call`, by `error` (an errno); a lack of memory is told from the rest.
Error system_error(std::string_view call, int error);

Header header_of(const BoardShape& shape);

class Mapping {
 public:
  // `writable` asks for a mapping that the writer can use.
  static Result<Mapping> map(const Env& env, int fd, bool writable);
  Mapping(Mapping&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), layout_(other.layout_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(layout_, other.layout_);
    return *this;
  }
  ~Mapping();

  const Layout& layout() const { return layout_; }

  // Indexes are the caller's to check.
  Live& live() { return *at<Live>(kLiveAt); }
  const Live& live() const { return *at<const Live>(kLiveAt); }
  Word& slot(std::uint32_t n) { return at<Word>(kSlotsAt)[n]; }
  const Word& slot(std::uint32_t n) const { return at<const Word>(kSlotsAt)[n]; }
  // Of the table whose first cell is at that offset.
  Word& cell(std::uint64_t table_at, std::uint32_t n) { return at<Word>(table_at)[n]; }
  const Word& cell(std::uint64_t table_at, std::uint32_t n) const {
    return at<const Word>(table_at)[n];
  }
  Word* unit(std::uint64_t n) { return at<Word>(layout_.heap_at + n * kUnitBytes); }
  const Word* unit(std::uint64_t n) const {
    return at<const Word>(layout_.heap_at + n * kUnitBytes);
  }

 private:
  Mapping(void* base, const Layout& layout) : base_(base), layout_(layout) {}
  template <class T>
  T* at(std::uint64_t offset) const {
    return reinterpret_cast<T*>(static_cast<char*>(base_) + offset);
  }

  void* base_;
  Layout layout_;
};

}  // namespace acme::board
