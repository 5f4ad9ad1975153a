#include "keeper/runtime_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace acme::keeper {
namespace {

struct Walk {
  const Env& env;
  const std::string& path;
  const std::string& what;

  Error failed(int error) const {
    return fail(Errc::io, what + " " + path + ": " + std::strerror(error));
  }
  Error unsafe(const std::string& why) const {
    return fail(Errc::unsafe, what + " " + path + ": " + why);
  }

  // What may be done in a folder on the way. Links lead on only where nobody else
  // can have put them (/var/run is one).
  Result<int> flags_below(int dir) const {
    struct stat info {};
    if (fstat(dir, &info) < 0) return failed(errno);
    if (info.st_uid != 0 && info.st_uid != geteuid())
      return unsafe("a folder above it belongs to uid " + std::to_string(info.st_uid));
    if ((info.st_mode & 022) == 0) return 0;
    if ((info.st_mode & S_ISVTX) == 0) return unsafe("a folder above it can be written by others");
    return O_NOFOLLOW;
  }

  Result<UniqueFd> make(int dir, const std::string& name) const {
    int made = env.mkdir_at(dir, name.c_str(), 0755);
    if (made < 0 && made != -EEXIST) return failed(-made);
    UniqueFd fd(env.open_at(dir, name.c_str(), O_RDONLY | O_DIRECTORY, 0));
    if (!fd) return failed(-fd.get());
    if (made == 0 && fchmod(fd.get(), 0755) < 0) return failed(errno);
    return fd;
  }

  Result<UniqueFd> step(int dir, const std::string& name) const {
    ACME_TRY(int flags, flags_below(dir));
    UniqueFd fd(::openat(dir, name.c_str(), flags | O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return make(dir, name);
    if (!fd) return failed(errno);
    return fd;
  }
};

}  // namespace

Result<UniqueFd> open_runtime_path(const Env& env, const std::string& path,
                                   const std::string& what) {
  Walk walk{env, path, what};
  if (!path.starts_with("/")) return walk.unsafe("not an absolute path");
  UniqueFd dir(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return walk.failed(errno);
  for (const std::string& name : split(path, '/')) {
    if (name.empty() || name == ".") continue;
    ACME_TRY(dir, walk.step(dir.get(), name));
  }
  struct stat info {};
  if (fstat(dir.get(), &info) < 0) return walk.failed(errno);
  if (info.st_uid != geteuid() || (info.st_mode & 022) != 0)
    return walk.unsafe("must belong to the server's user and not be writable by others");
  return dir;
}

}  // namespace acme::keeper
