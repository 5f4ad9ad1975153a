#include "serve/border.h"

#include <algorithm>
#include <cstring>

namespace acme::serve {
namespace {

// A plain array: the library lives in a DSO that httpd unloads, and a thread
// local with a destructor would keep it in memory.
thread_local char message_buffer[2048] = "";

}  // namespace

const char* last_message() noexcept {
  return message_buffer;
}

int report(Errc code, std::string_view message) noexcept {
  std::size_t size = std::min(message.size(), sizeof message_buffer - 1);
  std::memcpy(message_buffer, message.data(), size);
  message_buffer[size] = '\0';
  return static_cast<int>(code);
}

}  // namespace acme::serve
