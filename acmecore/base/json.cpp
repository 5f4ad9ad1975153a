#include "base/json.h"

#include <jansson.h>

#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace acme {
namespace {

std::string dump(const json_t* value, size_t flags) {
  if (!value) return "null";
  char* text = json_dumps(value, flags | JSON_ENCODE_ANY);
  if (!text) return "null";
  std::string out(text);
  std::free(text);
  return out;
}

}  // namespace

Json::~Json() {
  json_decref(value_);
}
Json::Json(const Json& other) : value_(json_incref(other.value_)) {}
Json& Json::operator=(const Json& other) {
  Json copy(other);
  std::swap(value_, copy.value_);
  return *this;
}
Json::Json(Json&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
Json& Json::operator=(Json&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

Result<Json> Json::parse(std::string_view text) {
  json_error_t error;
  json_t* value = json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, &error);
  if (!value)
    return fail(Errc::protocol, "not valid JSON at line " + std::to_string(error.line) + ": " +
                                    printable(error.text));
  return adopt(value);
}

Json Json::object() {
  return adopt(json_object());
}
Json Json::array() {
  return adopt(json_array());
}
Json Json::string(std::string_view text) {
  json_t* value = json_stringn(text.data(), text.size());
  if (!value) {
    std::string safe = printable(text);
    value = json_stringn(safe.data(), safe.size());
  }
  return adopt(value);
}
Json Json::integer(std::int64_t number) {
  return adopt(json_integer(number));
}
Json Json::boolean(bool value) {
  return adopt(json_boolean(value));
}
Json Json::null() {
  return adopt(json_null());
}
Json Json::adopt(json_t* owned) {
  Json json;
  json.value_ = owned;
  return json;
}

bool Json::is_object() const {
  return json_is_object(value_);
}
bool Json::is_array() const {
  return json_is_array(value_);
}
bool Json::is_string() const {
  return json_is_string(value_);
}

Json Json::operator[](std::string_view key) const {
  if (!is_object()) return {};
  return adopt(json_incref(json_object_get(value_, std::string(key).c_str())));
}

std::vector<Json> Json::items() const {
  std::vector<Json> out;
  if (!is_array()) return out;
  for (std::size_t i = 0; i < json_array_size(value_); ++i)
    out.push_back(adopt(json_incref(json_array_get(value_, i))));
  return out;
}

std::vector<std::string> Json::keys() const {
  std::vector<std::string> out;
  if (!is_object()) return out;
  for (void* it = json_object_iter(value_); it; it = json_object_iter_next(value_, it))
    out.emplace_back(json_object_iter_key(it));
  return out;
}

std::optional<std::string> Json::text() const {
  if (!is_string()) return std::nullopt;
  return std::string(json_string_value(value_), json_string_length(value_));
}
std::string Json::text_or(std::string_view otherwise) const {
  return text().value_or(std::string(otherwise));
}
std::optional<std::int64_t> Json::number() const {
  if (!json_is_integer(value_)) return std::nullopt;
  return json_integer_value(value_);
}
std::int64_t Json::number_or(std::int64_t otherwise) const {
  return number().value_or(otherwise);
}
bool Json::truth() const {
  return json_is_true(value_);
}

Json& Json::set(std::string_view key, Json value) {
  json_object_set_new(value_, std::string(key).c_str(), std::exchange(value.value_, nullptr));
  return *this;
}
Json& Json::append(Json value) {
  json_array_append_new(value_, std::exchange(value.value_, nullptr));
  return *this;
}

std::string Json::compact() const {
  return dump(value_, JSON_COMPACT);
}
std::string Json::pretty() const {
  return dump(value_, JSON_INDENT(2));
}

}  // namespace acme
