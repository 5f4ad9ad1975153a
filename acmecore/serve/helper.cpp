#include "serve/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace acme::serve {
namespace {

Error system_error(const std::string& what) {
  return fail(errno == ENOMEM ? Errc::no_memory : Errc::io, what + ": " + std::strerror(errno));
}

std::string program_path(const Config& config) {
  return config.helper_path + "/acme-keeper";
}

Outcome write_all(const Env& env, int fd, const Secret& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = env.write(fd, bytes.data() + done, bytes.size() - done);
    if (n == -EINTR) continue;
    if (n <= 0) {
      errno = n < 0 ? static_cast<int>(-n) : EIO;
      return system_error("the configuration for the helper cannot be written");
    }
    done += static_cast<std::size_t>(n);
  }
  return {};
}

// What the helper reads cannot be changed by anybody any more.
Result<UniqueFd> sealed_config(const Env& env, const Config& config) {
  int memory = env.memory_file("acme-config");
  if (memory < 0) {
    errno = -memory;
    return system_error("memfd_create for the helper's configuration");
  }
  UniqueFd fd(memory);
  ACME_CHECK(write_all(env, memory, encode_config(config)));
  if (fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
    return system_error("sealing the helper's configuration");
  lseek(memory, 0, SEEK_SET);
  return fd;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return system_error("pipe for the helper");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// A search path of our own, the time zone that the log is written in, where systemd has put the
// service's credentials, by what its journal is known, and the proxies.
std::vector<std::string> clean_environment() {
  std::vector<std::string> out = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  const auto keep = [&](const char* name) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  };
  for (const char* name : {"TZ", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM"}) keep(name);
  for (const char* name : kProxyVariables) keep(name);
  return out;
}

}  // namespace

Outcome check_helper_program(const Config& config) {
  std::string path = program_path(config);
  struct stat info {};
  bool file = stat(path.c_str(), &info) == 0;
  if (file && !S_ISREG(info.st_mode)) {
    file = false;
    errno = EACCES;
  }
  if (file && faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) return {};
  return fail(Errc::io, "the helper program " + path + " cannot be executed: " +
                            std::strerror(errno) + "; no certificate is obtained or renewed");
}

Result<std::unique_ptr<Helper>> start_helper(const Serving& serving, bool after_reload) {
  const Env& env = serving.env();
  ACME_TRY(UniqueFd board, serving.writable_board());
  ACME_CHECK(check_helper_program(serving.config()));
  ACME_TRY(UniqueFd config, sealed_config(env, serving.config()));
  ACME_TRY(Pipe death, make_pipe());
  ACME_TRY(Pipe ready, make_pipe());

  Spawn what;
  what.program = program_path(serving.config());
  what.arguments = {"--supervise"};
  if (after_reload) what.arguments.push_back("--reload");
  // In this order: kConfigFd and its neighbours of keeper/supervisor.h.
  what.descriptors = {config.get(), board.get(), death.read.get(), ready.write.get()};
  what.standard_error = serving.log_fd();
  what.environment = clean_environment();
  what.own_session = true;
  auto helper = std::make_unique<Helper>();
  ACME_TRY(helper->pid, env.spawn(what));
  helper->death = std::move(death.write);
  helper->ready = std::move(ready.read);
  return helper;
}

void wait_until_ready(const Env& env, Helper& helper, unsigned patience) {
  const UniqueFd ready = std::move(helper.ready);
  const Millis deadline = env.boottime() + static_cast<Millis>(patience);
  for (;;) {
    Millis left = deadline - env.boottime();
    if (left <= 0) return;
    pollfd fd{ready.get(), POLLIN, 0};  // a byte, or the end when the helper is gone
    int n = poll(&fd, 1, static_cast<int>(left));
    if (n > 0 || (n < 0 && errno != EINTR)) return;
  }
}

// A pipe without readers is an error for its writer.
bool is_alive(const Helper& helper) {
  pollfd fd{helper.death.get(), 0, 0};
  return poll(&fd, 1, 0) == 0;
}

}  // namespace acme::serve
