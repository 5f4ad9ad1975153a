#include "board/mapping.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace acme::board {
namespace {

std::uint64_t checksum_of(const Header& header) {
  std::uint64_t words[offsetof(Header, checksum) / sizeof(std::uint64_t)];
  std::memcpy(words, &header, sizeof words);
  Checksum sum;
  for (std::uint64_t word : words) sum.add(word);
  return sum.value();
}

Error damaged(const std::string& what) {
  return fail(Errc::damaged, "this is no usable board: " + what);
}

Result<Layout> verify(const Header& header, std::uint64_t size) {
  if (header.magic != kMagic) return damaged("it does not begin with a board's mark");
  if (header.version != kLayoutVersion)
    return fail(Errc::unsupported,
                "the board has layout version " + std::to_string(header.version) +
                    ", this program knows version " + std::to_string(kLayoutVersion) +
                    ": the server's module and its helper are of different versions; "
                    "restart the server");
  if (header.checksum != checksum_of(header)) return damaged("its header fails its checksum");
  auto layout = layout_of({header.slots, header.tokens, header.heap_bytes, header.names});
  if (!layout) return damaged("its shape is out of bounds");
  if (layout->total_bytes != size)
    return damaged("it has " + std::to_string(size) + " bytes instead of " +
                   std::to_string(layout->total_bytes));
  return *layout;
}

// The size that the board has and, being sealed, keeps: nobody's access to the
// mapping can become a SIGBUS.
Result<std::uint64_t> sealed_size(int fd) {
  struct stat info {};
  if (fstat(fd, &info) < 0) return system_error("fstat of the board", errno);
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) return damaged("it is not sealed");
  if (info.st_size < static_cast<off_t>(kSlotsAt)) return damaged("it is too short");
  return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace

Error system_error(std::string_view call, int error) {
  bool memory = error == ENOMEM || error == ENOSPC;
  return fail(memory ? Errc::no_memory : Errc::io, std::string(call) + ": " + std::strerror(error));
}

Header header_of(const BoardShape& shape) {
  Header header{.magic = kMagic,
                .version = kLayoutVersion,
                .slots = shape.slots,
                .tokens = shape.tokens,
                .names = shape.names,
                .heap_bytes = shape.heap_bytes,
                .checksum = 0};
  header.checksum = checksum_of(header);
  return header;
}

Result<Mapping> Mapping::map(const Env& env, int fd, bool writable) {
  ACME_TRY(std::uint64_t size, sealed_size(fd));
  void* base = env.map_shared(fd, size, writable ? PROT_READ | PROT_WRITE : PROT_READ);
  if (base == MAP_FAILED) return system_error("mmap of the board", errno);
  // Private keys have no place in a core file.
  madvise(base, size, MADV_DONTDUMP);
  Header header;
  std::memcpy(&header, base, sizeof header);
  auto layout = verify(header, size);
  if (!layout) {
    munmap(base, size);
    return std::move(layout).error();
  }
  return Mapping(base, *layout);
}

Mapping::~Mapping() {
  if (base_ != nullptr) munmap(base_, layout_.total_bytes);
}

}  // namespace acme::board
