#include "store/late_sync.h"

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace acme {
namespace {

// Each is a descriptor that stays open.
constexpr std::size_t kMostFiles = 256;

std::string path_of(int fd) {
  char path[PATH_MAX];
  const ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return n < 0 ? "a file of the store" : std::string(path, static_cast<std::size_t>(n));
}

}  // namespace

int LateSync::fsync(int fd) const {
  if (scopes_ == 0 || files_.size() >= kMostFiles) return ForwardingEnv::fsync(fd);
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return ForwardingEnv::fsync(fd);
  files_.push_back(std::move(copy));
  if (!since_) since_ = boottime();
  return 0;
}

Outcome LateSync::settle() const {
  const std::vector<UniqueFd> files = std::exchange(files_, {});
  since_.reset();
  for (WriteBack what : {WriteBack::begin, WriteBack::wait})
    for (const UniqueFd& file : files) write_back(file.get(), what);
  Outcome outcome;
  for (const UniqueFd& file : files)
    if (const int result = ForwardingEnv::fsync(file.get()); result < 0 && outcome)
      outcome =
          fail(Errc::io, "cannot fsync " + path_of(file.get()) + ": " + std::strerror(-result));
  return outcome;
}

}  // namespace acme
