#include "keeper/server_signal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/text.h"
#include "keeper/read_file.h"

namespace acme::keeper {
namespace {

namespace fs = std::filesystem;

Result<pid_t> pid_in(const std::string& path) {
  ACME_TRY(const Secret text, read_secret_file(path));
  const std::string_view digits = trim(text.view());
  pid_t pid = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (error != std::errc() || end != digits.data() + digits.size() || pid <= 0)
    return fail(Errc::damaged, path + " holds no process number");
  return pid;
}

// What the links in /proc/<pid>/fd say of a pipe.
Result<std::string> link_to_pipe(int fd) {
  struct stat info {};
  if (fstat(fd, &info) < 0)
    return fail(Errc::io, std::string("the death pipe: ") + std::strerror(errno));
  return "pipe:[" + std::to_string(info.st_ino) + "]";
}

// /proc/<pid>/fdinfo/<fd> has a line "flags:" with open()'s flags, octal.
bool is_open_for_writing(const fs::path& fdinfo) {
  constexpr std::string_view kFlags = "flags:";
  auto text = read_secret_file(fdinfo);
  if (!text) return false;
  for (const std::string& line : split(text->view(), '\n')) {
    if (!line.starts_with(kFlags)) continue;
    const std::string_view digits = trim(std::string_view(line).substr(kFlags.size()));
    unsigned flags = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), flags, 8);
    return (flags & O_ACCMODE) == O_WRONLY;
  }
  return false;
}

// No descriptor is opened or followed: the links are read.
Result<bool> holds_writing_end(pid_t pid, const std::string& pipe) {
  const fs::path process = "/proc/" + std::to_string(pid);
  std::error_code error;
  fs::directory_iterator entry(process / "fd", error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code closed_meanwhile;
    if (fs::read_symlink(entry->path(), closed_meanwhile) != pipe) continue;
    if (is_open_for_writing(process / "fdinfo" / entry->path().filename())) return true;
  }
  if (error) return fail(Errc::io, (process / "fd").string() + ": " + error.message());
  return false;
}

Result<pid_t> master_named_by(const std::string& pid_file, const std::string& pipe) {
  ACME_TRY(const pid_t pid, pid_in(pid_file));
  ACME_TRY(const bool ours, holds_writing_end(pid, pipe));
  if (ours) return pid;
  return fail(Errc::refused, "process " + std::to_string(pid) + ", which " + pid_file +
                                 " names, is not the server that this helper belongs to");
}

}  // namespace

Result<pid_t> find_master(const std::string& pid_file, int death_pipe) {
  if (pid_file.empty()) return fail(Errc::not_found, "its pid file is not known");
  ACME_TRY(const std::string pipe, link_to_pipe(death_pipe));
  auto named = master_named_by(pid_file, pipe);
  if (named) return named;
  const std::string old_file = pid_file + ".oldbin";
  if (!master_named_by(old_file, pipe)) return named;
  return fail(Errc::busy, "it is changing its binary (" + old_file + ")");
}

Outcome reload_gracefully(ServerKind server, pid_t master) {
  if (kill(master, server == ServerKind::httpd ? SIGUSR1 : SIGHUP) == 0) return {};
  return fail(Errc::io,
              "the signal to process " + std::to_string(master) + ": " + std::strerror(errno));
}

}  // namespace acme::keeper
