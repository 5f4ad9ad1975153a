// Lists of byte strings, each after its length. Lengths and numbers are 32 bits
// in the machine's own order: the bytes never leave it. Inside this room only.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace acme::board {

using Length = std::uint32_t;

inline std::size_t part_size(std::size_t bytes) {
  return sizeof(Length) + bytes;
}

class PartWriter {
 public:
  explicit PartWriter(std::uint8_t* at) : at_(at) {}
  void number(Length value) { bytes(&value, sizeof value); }
  void part(std::string_view text) {
    number(static_cast<Length>(text.size()));
    bytes(text.data(), text.size());
  }

 private:
  void bytes(const void* data, std::size_t size) {
    std::memcpy(at_, data, size);
    at_ += size;
  }
  std::uint8_t* at_;
};

class PartReader {
 public:
  explicit PartReader(std::span<const std::uint8_t> bytes) : left_(bytes) {}
  bool at_end() const { return left_.empty(); }
  std::optional<Length> number() {
    Length value = 0;
    if (left_.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, left_.data(), sizeof value);
    left_ = left_.subspan(sizeof value);
    return value;
  }
  // Never an empty one.
  std::optional<std::span<const std::uint8_t>> part() {
    auto size = number();
    if (!size || *size == 0 || *size > left_.size()) return std::nullopt;
    auto bytes = left_.first(*size);
    left_ = left_.subspan(*size);
    return bytes;
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace acme::board
