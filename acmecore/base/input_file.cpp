#include "base/input_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace acme {

Result<UniqueFd> input_file(const Env& env, std::string_view text) {
  if (text.empty()) return UniqueFd();
  const auto failed = [](const char* call, int error) {
    return fail(Errc::io,
                std::string("standard input of a program: ") + call + ": " + std::strerror(error));
  };
  const int made = env.memory_file("input");
  if (made < 0) return failed("memfd_create", -made);
  UniqueFd file(made);
  while (!text.empty()) {
    const ssize_t n = env.write(file.get(), text.data(), text.size());
    if (n == -EINTR) continue;
    if (n <= 0) return failed("write", n == 0 ? ENOSPC : static_cast<int>(-n));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (lseek(file.get(), 0, SEEK_SET) < 0) return failed("lseek", errno);
  return file;
}

}  // namespace acme
