#include "ctl/foreign_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/fd.h"
#include "base/text.h"

namespace acme::ctl {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr std::size_t kMostNames = 100'000;

Error failed(const char* what, const std::string& path) {
  return fail(errno == ENOENT ? Errc::not_found : Errc::io,
              std::string("cannot ") + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<Secret> read_foreign(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return failed("open", path);
  struct stat st {};
  if (fstat(fd.get(), &st) < 0) return failed("stat", path);
  if (!S_ISREG(st.st_mode)) return fail(Errc::damaged, path + " is no regular file");
  if (st.st_size > static_cast<off_t>(kLargestFile))
    return fail(Errc::damaged, path + " is larger than any such file");
  Secret bytes(static_cast<std::size_t>(st.st_size));
  std::size_t used = 0;
  while (used < bytes.size()) {
    ssize_t n = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", path);
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  bytes.truncate(used);
  return bytes;
}

Result<std::string> read_foreign_text(const std::string& path) {
  ACME_TRY(Secret bytes, read_foreign(path));
  return std::string(bytes.view());
}

Result<Json> read_foreign_json(const std::string& path) {
  ACME_TRY(Secret bytes, read_foreign(path));
  auto json = Json::parse(bytes.view());
  if (!json) return fail(Errc::damaged, path + ": " + json.error().message);
  return json;
}

bool is_folder(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

bool is_file(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), closedir);
  if (!stream) return failed("open", folder);
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && names.size() < kMostNames) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace acme::ctl
