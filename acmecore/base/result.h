// Expected failures as values. A function that can fail returns Result<T>;
// the error is described once, where it is known best, and passed up unchanged.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace acme {

// The numbers are those of the C ABI (acmecore.h) and keep their meaning for ever.
enum class Errc : int {
  invalid_argument = -1,  // the caller broke the contract
  invalid_config = -2,  // a typing error of the operator: file, line and remedy are in the message
  no_memory = -3,
  io = -4,  // a system call failed; the message has its name, the path and strerror
  not_found = -5,
  damaged = -6,      // stored or shared bytes fail their check
  unsupported = -7,  // a newer version, or a feature that this build does not have
  busy = -8,         // the lock is held by somebody else (the message names the pid)
  refused = -9,      // not allowed now: the keeper's table, the store's mode
  protocol = -10,    // foreign bytes (CA, DNS, agent) break their format
  crypto = -11,      // OpenSSL or José failed
  unsafe = -12,      // owner or mode of a path would let somebody else write it
  internal = -13,    // a bug
};

struct Error {
  Errc code;
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  explicit operator bool() const { return !failed_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_{Errc::internal, {}};
  bool failed_ = false;
};

using Outcome = Result<void>;

inline Error fail(Errc code, std::string message) {
  return Error{code, std::move(message)};
}

}  // namespace acme

#define ACME_CONCAT_2(a, b) a##b
#define ACME_CONCAT(a, b) ACME_CONCAT_2(a, b)

// ACME_TRY(auto bytes, read_file(path));   returns the error, or declares `bytes`.
#define ACME_TRY(declaration, expression) \
  ACME_TRY_(ACME_CONCAT(result_, __LINE__), declaration, expression)
#define ACME_TRY_(name, declaration, expression) \
  auto name = (expression);                      \
  if (!name) return std::move(name).error();     \
  declaration = *std::move(name)

// ACME_CHECK(write_file(path, bytes));   returns the error, or goes on.
#define ACME_CHECK(expression) \
  if (auto check_ = (expression); !check_) return std::move(check_).error()
