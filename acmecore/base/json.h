// JSON values, by Jansson. Reading is forgiving about what is absent (an
// absent or wrongly typed member reads as empty), as RFC 8555 clients must be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct json_t;

namespace acme {

class Json {
 public:
  Json() = default;  // "absent"
  ~Json();
  Json(const Json& other);  // shares the value (reference counted)
  Json& operator=(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json&& other) noexcept;

  // Refuses duplicate keys and NUL bytes; nesting is bounded by Jansson.
  static Result<Json> parse(std::string_view text);
  static Json object();
  static Json array();
  static Json string(std::string_view text);  // invalid UTF-8 is replaced through printable()
  static Json integer(std::int64_t number);
  static Json boolean(bool value);
  static Json null();
  static Json adopt(json_t* owned);  // takes the reference

  bool present() const { return value_ != nullptr; }
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;

  Json operator[](std::string_view key) const;
  std::vector<Json> items() const;          // of an array; else empty
  std::vector<std::string> keys() const;    // of an object; else empty
  std::optional<std::string> text() const;  // of a string
  std::string text_or(std::string_view otherwise) const;
  std::optional<std::int64_t> number() const;  // of an integer
  std::int64_t number_or(std::int64_t otherwise) const;
  bool truth() const;  // true only for `true`

  Json& set(std::string_view key, Json value);
  Json& set(std::string_view key, std::string_view value) { return set(key, string(value)); }
  Json& set(std::string_view key, const char* value) { return set(key, string(value)); }
  Json& set(std::string_view key, std::int64_t value) { return set(key, integer(value)); }
  Json& append(Json value);
  Json& append(std::string_view value) { return append(string(value)); }

  std::string compact() const;
  std::string pretty() const;
  json_t* raw() const { return value_; }  // borrowed

 private:
  json_t* value_ = nullptr;
};

}  // namespace acme
