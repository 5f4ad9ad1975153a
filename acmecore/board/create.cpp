#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "board/board.h"
#include "board/mapping.h"

namespace acme {
namespace {

using namespace board;

// Beyond the limit ftruncate sends SIGXFSZ, which would end the server.
Outcome check_file_size_limit(std::uint64_t bytes) {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur >= bytes) return {};
  return fail(Errc::no_memory, "the board needs " + std::to_string(bytes) +
                                   " bytes (sparse), the limit of file sizes (ulimit -f) is " +
                                   std::to_string(limit.rlim_cur));
}

// Real memory for all but the heap, now, where a lack of it is an error code:
// later it would be a signal, in a worker that looks for a token.
Outcome allocate_index(int fd, std::uint64_t bytes) {
  int result = 0;
  do {
    result = fallocate(fd, 0, 0, static_cast<off_t>(bytes));
  } while (result < 0 && errno == EINTR);
  if (result < 0) return system_error("memory for the board", errno);
  return {};
}

}  // namespace

// Heap: a private key and its chain have 3 to 8 KiB; 64 KiB hold the one that
// is served, a few that rest after being replaced, and chains of the largest
// size in some slots. 12 MiB are for tokens (up to 0.5 KiB each), tls-alpn-01
// answers (2.5 KiB each: two keys and two certificates), and two or three copies
// of the status text.
//
// Challenges of each type: an order has up to 100 names, so 1,024 are ten big orders at once;
// with more certificates 15 names for each of the up to 1,000 that may be in
// flight together.
//
// A certificate that is added has four names on the average, and then room for that many.
BoardShape board_shape_for(std::uint32_t lineages, std::uint32_t more) {
  constexpr std::uint64_t kKiB = 1024;
  BoardShape shape;
  more = std::min(more, kMaxSlots - std::min(lineages, kMaxSlots));
  lineages += more;
  shape.slots = lineages;
  shape.names = 4 * more;
  shape.tokens = 1024 + 15 * std::min(lineages, 1000U);
  shape.heap_bytes = std::min(12 * kKiB * kKiB + 64 * kKiB * lineages, kMaxHeapBytes);
  return shape;
}

Result<UniqueFd> reopen_board(int fd, BoardAccess access) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int mode = access == BoardAccess::read_write ? O_RDWR : O_RDONLY;
  UniqueFd copy(::open(path.c_str(), mode | O_CLOEXEC));
  if (!copy) return system_error("open of the board by " + path, errno);
  return copy;
}

Result<UniqueFd> create_board(const Env& env, const BoardShape& shape) {
  auto layout = layout_of(shape);
  if (!layout) return fail(Errc::invalid_argument, "a board cannot have this shape");
  ACME_CHECK(check_file_size_limit(layout->total_bytes));
  int descriptor = env.memory_file("acmecore-board");
  if (descriptor < 0) return system_error("memfd_create for the board", -descriptor);
  UniqueFd fd(descriptor);

  // A memfd is born 0777: a worker could re-open it through /proc and write.
  if (fchmod(fd.get(), 0600) < 0) return system_error("fchmod of the board", errno);
  if (ftruncate(fd.get(), static_cast<off_t>(layout->total_bytes)) < 0)
    return system_error("ftruncate of the board", errno);
  ACME_CHECK(allocate_index(fd.get(), layout->heap_at));

  Header header = header_of(shape);
  ssize_t written = env.write(fd.get(), &header, sizeof header);
  if (written < 0) return system_error("write of the board's header", static_cast<int>(-written));
  if (written != static_cast<ssize_t>(sizeof header))
    return fail(Errc::io, "write of the board's header: cut short");

  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
    return system_error("sealing of the board", errno);
  return fd;
}

}  // namespace acme
