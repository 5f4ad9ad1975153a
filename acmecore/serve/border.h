// What stands between the core and C: no exception passes, a failure becomes
// a code and a message of this thread.
#pragma once

#include <exception>
#include <new>
#include <string_view>

#include "base/result.h"

namespace acme::serve {

// Of the last failure in this thread.
const char* last_message() noexcept;
// Notes the message; returns the code.
int report(Errc code, std::string_view message) noexcept;

inline int report(const Outcome& outcome) noexcept {
  if (outcome) return 0;
  return report(outcome.error().code, outcome.error().message);
}
// A result that is a status of its own, not negative.
inline int report(const Result<int>& result) noexcept {
  if (result) return *result;
  return report(result.error().code, result.error().message);
}

template <class Body>
int guarded(Body&& body) noexcept {
  try {
    return report(body());
  } catch (const std::bad_alloc&) {
    return report(Errc::no_memory, "out of memory");
  } catch (const std::exception& error) {
    return report(Errc::internal, error.what());
  } catch (...) {
    return report(Errc::internal, "an unknown exception");
  }
}

}  // namespace acme::serve
