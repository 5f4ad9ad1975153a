#include "keeper/journal.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdint>

namespace acme::keeper {
namespace {

// A value with a line's end in it has its length before it, as 64 bits, little endian.
void append(std::string& entry, std::string_view name, std::string_view value) {
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    for (std::uint64_t rest = value.size(), i = 0; i < 8; ++i, rest >>= 8)
      entry += static_cast<char>(rest & 0xFF);
  }
  entry += value;
  entry += '\n';
}

}  // namespace

bool is_journal(int fd, const char* journal_stream) {
  struct stat info {};
  return journal_stream != nullptr && fstat(fd, &info) == 0 &&
         std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == journal_stream;
}

bool Journal::send(const Fields& fields) {
  if (!fd_) fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!fd_ || socket_.size() >= sizeof address.sun_path) return false;
  socket_.copy(address.sun_path, socket_.size());
  std::string entry;
  for (const auto& [name, value] : fields) append(entry, name, value);
  // By its path each time: a journal that was started anew has another socket there.
  return ::sendto(fd_.get(), entry.data(), entry.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == static_cast<ssize_t>(entry.size());
}

}  // namespace acme::keeper
