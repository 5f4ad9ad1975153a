#include "keeper/trusted_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace acme::keeper {
namespace {

constexpr int kMostLinks = 40;

class Walk {
 public:
  explicit Walk(std::string path) : path_(std::move(path)) {}

  // What is left to go stands in `ahead_`, the next one last.
  Outcome run() {
    push(path_);
    ACME_CHECK(look("/"));
    while (!ahead_.empty()) {
      const std::string name = std::move(ahead_.back());
      ahead_.pop_back();
      if (name.empty() || name == ".") continue;
      if (name == "..") {
        here_.erase(here_.rfind('/') == std::string::npos ? 0 : here_.rfind('/'));
        continue;
      }
      ACME_CHECK(step(name));
    }
    if (!S_ISREG(info_.st_mode)) return unsafe("is no program: it is no regular file");
    if (access(path_.c_str(), X_OK) < 0)
      return unsafe(std::string("cannot be run: ") + std::strerror(errno) + "; chmod 755 " + path_);
    return {};
  }

 private:
  Error unsafe(const std::string& why) const {
    return fail(Errc::unsafe, "the program " + path_ + " " + why);
  }

  void push(const std::string& path) {
    std::vector<std::string> names = split(path, '/');
    ahead_.insert(ahead_.end(), names.rbegin(), names.rend());
  }

  Outcome look(const std::string& path) {
    if (lstat(path.c_str(), &info_) == 0) return {};
    return fail(Errc::io,
                "the program " + path_ + " cannot be run: " + path + ": " + std::strerror(errno));
  }

  Outcome step(const std::string& name) {
    const std::string path = here_ + "/" + name;
    ACME_CHECK(look(path));
    if (info_.st_uid != 0 && info_.st_uid != geteuid())
      return unsafe("is not run as root: " + path + " belongs to uid " +
                    std::to_string(info_.st_uid) + "; make it root's (chown root)");
    if (S_ISLNK(info_.st_mode)) return follow(path);
    const bool sticky = S_ISDIR(info_.st_mode) && (info_.st_mode & S_ISVTX) != 0;
    if ((info_.st_mode & 022) != 0 && !sticky)
      return unsafe("is not run as root: others can write to " + path +
                    "; take that right away (chmod go-w)");
    here_ = path;
    return {};
  }

  Outcome follow(const std::string& path) {
    if (++links_ > kMostLinks) return unsafe("cannot be run: too many links lead to it");
    char target[PATH_MAX];
    const ssize_t size = readlink(path.c_str(), target, sizeof target);
    if (size < 0)
      return unsafe(std::string("cannot be run: ") + path + ": " + std::strerror(errno));
    if (target[0] == '/') here_.clear();
    push(std::string(target, static_cast<std::size_t>(size)));
    return {};
  }

  const std::string path_;
  std::string here_;  // as far as we have come; "" is "/"
  std::vector<std::string> ahead_;
  struct stat info_ {};
  int links_ = 0;
};

}  // namespace

Outcome check_program(const std::string& path) {
  return Walk(path).run();
}

}  // namespace acme::keeper
