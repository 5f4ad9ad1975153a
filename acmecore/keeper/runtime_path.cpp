#include "keeper/runtime_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace acme::keeper {

Result<UniqueFd> open_runtime_path(const Env& env, const std::string& path) {
  auto failed = [&path](int error) {
    return fail(Errc::io, "runtime path " + path + ": " + std::strerror(error));
  };
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    std::string part = path.substr(0, at);
    int made = env.mkdir_at(AT_FDCWD, part.c_str(), 0755);
    if (made < 0 && made != -EEXIST) return failed(-made);
    if (made == 0) chmod(part.c_str(), 0755);
    if (at == std::string::npos) break;
  }
  int fd = env.open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return failed(-fd);
  UniqueFd dir(fd);
  struct stat info {};
  if (fstat(fd, &info) < 0) return failed(errno);
  if (info.st_uid != geteuid() || (info.st_mode & 022) != 0)
    return fail(Errc::unsafe,
                "runtime path " + path +
                    ": must belong to the server's user and not be writable by others");
  return dir;
}

}  // namespace acme::keeper
