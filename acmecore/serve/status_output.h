// Text that goes out in pieces, so that a page of thousands of certificates is never one string.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace acme::serve {

class StatusOutput {
 public:
  // `write` says false when nobody wants more.
  using Write = std::function<bool(std::string_view)>;
  explicit StatusOutput(Write write) : write_(std::move(write)) { buffer_.reserve(kPiece + 1024); }

  // Ours, as it is.
  StatusOutput& operator<<(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kPiece) flush();
    return *this;
  }
  StatusOutput& operator<<(std::size_t number) { return *this << std::to_string(number); }
  bool flush() {
    if (wanted_ && !buffer_.empty()) wanted_ = write_(buffer_);
    buffer_.clear();
    return wanted_;
  }
  bool wanted() const { return wanted_; }

 private:
  static constexpr std::size_t kPiece = 16 * 1024;
  Write write_;
  std::string buffer_;
  bool wanted_ = true;
};

// Anybody's, in HTML's text or in a quoted attribute.
std::string escaped(std::string_view text);

}  // namespace acme::serve
