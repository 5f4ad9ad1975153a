// One small binary codec for what crosses a process border: the configuration
// (sealed memfd) and the messages between keeper, agent and acmectl. Both
// ends are the same build; the carrier (frame, memfd) has the version.
//
// A struct takes part by one static function that names its members once:
//
//   struct Point {
//     int x; std::string label;
//     template <class Self, class Archive>
//     static void fields(Self& self, Archive& archive) { archive(self.x, self.label); }
//   };
//
// Integers are little endian and of fixed width, texts and lists have a
// 32-bit length. Reading checks every length against what is left and never
// trusts a count; a reader that failed stays failed.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace acme {

class ArchiveWriter {
 public:
  template <class... Ts>
  void operator()(const Ts&... values) {
    (put(values), ...);
  }
  Secret finish() {
    out_.truncate(used_);
    used_ = 0;
    return std::move(out_);
  }

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      put_number<std::uint8_t>(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      put_number(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::integral<T>) {
      put_number(value);
    } else {
      T::fields(value, *this);
    }
  }
  void put(const std::string& text) { put_bytes(text.data(), text.size()); }
  void put(const Secret& secret) { put_bytes(secret.data(), secret.size()); }
  template <class T>
  void put(const std::vector<T>& list) {
    put_number(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) put(item);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }

  template <class T>
  void put_number(T number) {
    using U = std::make_unsigned_t<T>;
    auto bits = static_cast<U>(number);
    std::uint8_t bytes[sizeof(U)];
    for (std::size_t i = 0; i < sizeof(U); ++i)
      bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(bits) >> (8 * i));
    append(bytes, sizeof bytes);
  }
  void put_bytes(const void* data, std::size_t size) {
    put_number(static_cast<std::uint32_t>(size));
    append(data, size);
  }
  // Messages carry secrets now and then, so the buffer is one that wipes itself.
  void append(const void* data, std::size_t size) {
    if (used_ + size > out_.size()) {
      Secret larger((used_ + size) * 2 + 64);
      if (used_ != 0) std::memcpy(larger.data(), out_.data(), used_);
      out_ = std::move(larger);
    }
    if (size != 0) std::memcpy(out_.data() + used_, data, size);
    used_ += size;
  }

  Secret out_;
  std::size_t used_ = 0;
};

class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view bytes) : rest_(bytes) {}

  template <class... Ts>
  void operator()(Ts&... values) {
    (get(values), ...);
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      get_number(byte);
      if (byte > 1) ok_ = false;
      value = byte == 1;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      get_number(number);
      value = static_cast<T>(number);
    } else if constexpr (std::integral<T>) {
      get_number(value);
    } else {
      T::fields(value, *this);
    }
  }
  void get(std::string& text) { text = std::string(bytes()); }
  void get(Secret& secret) { secret = Secret(bytes()); }
  template <class T>
  void get(std::vector<T>& list) {
    list.clear();
    std::uint32_t count = 0;
    get_number(count);
    if (count > rest_.size()) ok_ = false;  // every item takes a byte at least
    for (std::uint32_t i = 0; ok_ && i < count; ++i) get(list.emplace_back());
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    value.reset();
    if (ok_ && there) get(value.emplace());
  }

  template <class T>
  void get_number(T& number) {
    number = 0;
    if (!ok_ || rest_.size() < sizeof(T)) {
      ok_ = false;
      return;
    }
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bits |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(rest_[i])) << (8 * i);
    number = static_cast<T>(bits);
    rest_.remove_prefix(sizeof(T));
  }
  std::string_view bytes() {
    std::uint32_t size = 0;
    get_number(size);
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  std::string_view rest_;
  bool ok_ = true;
};

template <class T>
Secret encode(const T& value) {
  ArchiveWriter writer;
  writer(value);
  return writer.finish();
}

template <class T>
Result<T> decode(std::string_view bytes) {
  ArchiveReader reader(bytes);
  T value{};
  reader(value);
  if (!reader.at_end()) return fail(Errc::protocol, "message is truncated or has trailing bytes");
  return value;
}

}  // namespace acme
