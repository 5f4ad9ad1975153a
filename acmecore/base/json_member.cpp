#include "base/json_member.h"

#include <cstddef>

namespace acme {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // With its quotes.
  std::optional<std::string_view> string() {
    skip_space();
    const std::size_t begin = at_;
    if (!take('"')) return std::nullopt;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return text_.substr(begin, at_ - begin);
      if (c == '\\') ++at_;
    }
    return std::nullopt;
  }

  std::optional<std::string_view> value() {
    skip_space();
    if (at_ == text_.size()) return std::nullopt;
    if (text_[at_] == '"') return string();
    const std::size_t begin = at_;
    if (text_[at_] == '{' || text_[at_] == '[') {
      if (!skip_nested()) return std::nullopt;
    } else {
      while (at_ < text_.size() && !is_one_of(text_[at_], ",]}") && !is_space(text_[at_])) ++at_;
    }
    if (at_ == begin) return std::nullopt;
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  // Brackets are counted, not told apart: it is enough to find the end.
  bool skip_nested() {
    for (std::size_t depth = 0; at_ < text_.size();) {
      const char c = text_[at_];
      if (c == '"') {
        if (!string()) return false;
        continue;
      }
      ++at_;
      if (is_one_of(c, "[{")) ++depth;
      if (is_one_of(c, "]}") && --depth == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string_view> json_member(std::string_view text, std::string_view key) {
  Scanner scanner(text);
  if (!scanner.take('{')) return std::nullopt;
  do {
    const auto name = scanner.string();
    if (!name || !scanner.take(':')) return std::nullopt;
    const auto value = scanner.value();
    if (!value) return std::nullopt;
    if (name->substr(1, name->size() - 2) == key) return value;
  } while (scanner.take(','));
  return std::nullopt;
}

}  // namespace acme
