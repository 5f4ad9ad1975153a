// Checks for unit tests. A failed assert of cmocka is a longjmp, which skips
// C++ destructors: so checks throw, and the outermost frame of each test turns
// the exception into cmocka's failure.
//
//   TEST(a_wrong_key_is_refused) {
//     PrivateKey key = REQUIRE_OK(PrivateKey::generate(KeyType::ecdsa256));
//     CHECK(key.get() != nullptr);
//     CHECK_EQ(key_type_name(*key.type()), "ecdsa:256");
//     std::string why = REQUIRE_ERROR(PrivateKey::from_pem("x"), Errc::crypto);
//     CHECK_CONTAINS(why, "private key");
//   }
//   int main(int argc, char** argv) { return acme_test_main(argc, argv); }
//
// The program runs all its tests, or those whose names match the glob in its
// first argument. Names are printed with spaces for underscores.
#pragma once

// cmocka.h needs these five before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
// clang-format off
extern "C" {  // which cmocka 1.1.5 leaves out
#include <cmocka.h>
}
// clang-format on
// Too common names for macros; cmocka's own checks must not be used anyway (see above).
#undef fail
#undef skip

#include <deque>
#include <exception>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace acme::test {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Place {
  const char* file;
  int line;
};

[[noreturn]] inline void fail_at(Place place, const std::string& message) {
  throw Failure(std::string(place.file) + ":" + std::to_string(place.line) + ": " + message);
}

// ---- values as text

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

template <class T>
std::string show(const T& value) {
  std::ostringstream out;
  if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_enum_v<T>) {
    out << static_cast<long long>(value);
  } else if constexpr (std::is_same_v<T, unsigned char> || std::is_same_v<T, signed char>) {
    out << static_cast<int>(value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out << '"' << std::string_view(value) << '"';
  } else if constexpr (Streamable<T>) {
    out << value;
  } else if constexpr (requires { value.has_value(); }) {
    out << (value.has_value() ? show(*value) : "(none)");
  } else if constexpr (requires { std::begin(value); }) {
    out << '[';
    const char* separator = "";
    for (const auto& item : value) out << std::exchange(separator, ", ") << show(item);
    out << ']';
  } else {
    out << "(a value)";
  }
  return out.str();
}

template <class T>
inline constexpr bool is_plain_integer =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> &&
    !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> &&
    !std::is_same_v<T, char32_t>;

template <class A, class B>
bool equal(const A& a, const B& b) {
  if constexpr (is_plain_integer<A> && is_plain_integer<B>) {
    return std::cmp_equal(a, b);  // without a warning for `size() == 3`
  } else if constexpr (std::is_convertible_v<const A&, std::string_view> &&
                       std::is_convertible_v<const B&, std::string_view>) {
    return std::string_view(a) == std::string_view(b);
  } else {
    return a == b;
  }
}

// ---- checks

template <class A, class B>
void check_equal(const A& a, const B& b, const char* text_a, const char* text_b, Place place) {
  if (equal(a, b)) return;
  fail_at(place, std::string(text_a) + " == " + text_b + "\n    left:  " + show(a) +
                     "\n    right: " + show(b));
}

inline void check_contains(std::string_view text, std::string_view part, Place place) {
  if (text.find(part) == std::string_view::npos)
    fail_at(place, show(part) + " is not in " + show(text));
}

[[noreturn]] inline void fail_unexpected(const Error& error, const char* text, Place place) {
  fail_at(place, std::string(text) + " failed: " + error.message + " (" + show(error.code) + ")");
}

// By value from a temporary, by reference from a variable.
template <class T>
T require_ok(Result<T>&& result, const char* text, Place place) {
  if (!result) fail_unexpected(result.error(), text, place);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}
template <class T>
requires(!std::is_void_v<T>) T& require_ok(Result<T>& result, const char* text, Place place) {
  if (!result) fail_unexpected(result.error(), text, place);
  return *result;
}
inline void require_ok(const Outcome& result, const char* text, Place place) {
  if (!result) fail_unexpected(result.error(), text, place);
}

// The message.
template <class T>
std::string require_error(const Result<T>& result, Errc code, const char* text, Place place) {
  if (result) fail_at(place, std::string(text) + " succeeded; an error was expected");
  if (result.error().code != code)
    fail_at(place, std::string(text) + " failed with " + show(result.error().code) +
                       " instead of " + show(code) + ": " + result.error().message);
  return result.error().message;
}

// ---- registration

struct Case {
  std::string name;
  void (*body)();
};

inline std::deque<Case>& cases() {  // a deque: cmocka keeps pointers to its items
  static std::deque<Case> all;
  return all;
}

inline bool add_case(const char* identifier, void (*body)()) {
  std::string name(identifier);
  for (char& c : name)
    if (c == '_') c = ' ';
  cases().push_back({std::move(name), body});
  return true;
}

// The only frame that cmocka's longjmp leaves: nothing in it has a destructor.
inline void run_case(void** state) {
  static char message[8192];
  message[0] = '\0';
  try {
    static_cast<Case*>(*state)->body();
  } catch (const std::exception& error) {
    std::string_view what = error.what();
    message[what.copy(message, sizeof message - 1)] = '\0';
  }
  if (message[0] == '\0') return;
  print_error("%s\n", message);
  _fail(__FILE__, __LINE__);
}

#ifdef ACME_TEST_DATA
// A file of tests/data, as it is: test_data("crypto/rfc7638.json").
inline std::string test_data(const std::string& name) {
  std::ifstream in(std::string(ACME_TEST_DATA) + "/" + name, std::ios::binary);
  if (!in) throw Failure("no test data file " + name);
  return {std::istreambuf_iterator<char>(in), {}};
}
#endif

}  // namespace acme::test

inline int acme_test_main(int argc, char** argv) {
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  std::vector<CMUnitTest> tests;
  for (acme::test::Case& c : acme::test::cases())
    tests.push_back({c.name.c_str(), acme::test::run_case, nullptr, nullptr, &c});
  return _cmocka_run_group_tests(argv[0], tests.data(), tests.size(), nullptr, nullptr);
}

#define ACME_TEST_PLACE (::acme::test::Place{__FILE__, __LINE__})

#define TEST(name)                                                                              \
  static void test_##name();                                                                    \
  [[maybe_unused]] static const bool added_##name = ::acme::test::add_case(#name, test_##name); \
  static void test_##name()

#define CHECK(...)                                                                         \
  do {                                                                                     \
    if (!(__VA_ARGS__)) ::acme::test::fail_at(ACME_TEST_PLACE, "not true: " #__VA_ARGS__); \
  } while (0)
#define CHECK_EQ(a, b) ::acme::test::check_equal((a), (b), #a, #b, ACME_TEST_PLACE)
#define CHECK_CONTAINS(text, part) ::acme::test::check_contains((text), (part), ACME_TEST_PLACE)
// The value of a Result, or the test fails.
#define REQUIRE_OK(...) ::acme::test::require_ok((__VA_ARGS__), #__VA_ARGS__, ACME_TEST_PLACE)
// The message of a Result's error of this code, or the test fails.
#define REQUIRE_ERROR(result, code) \
  ::acme::test::require_error((result), (code), #result, ACME_TEST_PLACE)
