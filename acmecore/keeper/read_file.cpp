#include "keeper/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace acme::keeper {

Result<Secret> read_secret_file(const std::string& path) {
  constexpr std::size_t kLimit = 1024 * 1024;
  auto io = [&path] { return fail(Errc::io, path + ": " + std::strerror(errno)); };
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return io();
  Secret bytes(kLimit);
  std::size_t used = 0;
  for (;;) {
    ssize_t n = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io();
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
    if (used == kLimit) return fail(Errc::io, path + ": larger than 1 MiB");
  }
  Secret out(bytes.span().first(used));
  return out;
}

}  // namespace acme::keeper
