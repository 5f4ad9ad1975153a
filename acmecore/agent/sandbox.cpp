#include "agent/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace acme::agent {
namespace {

// Connections are few: one or two per CA, and the resolver's.
constexpr rlim_t kDescriptors = 1024;

Error system_error(const char* call) {
  return fail(Errc::io, std::string(call) + ": " + std::strerror(errno));
}

Outcome check_socket(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX) return {};
  return fail(Errc::invalid_argument,
              "descriptor 3 is no socket of a keeper: acme-agent is started by acme-keeper, "
              "not by hand");
}

Outcome limit(int what, rlim_t most) {
  rlimit limits{};
  if (getrlimit(static_cast<__rlimit_resource>(what), &limits) < 0)
    return system_error("getrlimit");
  limits.rlim_max = std::min(limits.rlim_max, most);
  limits.rlim_cur = std::min(limits.rlim_max, most);
  if (setrlimit(static_cast<__rlimit_resource>(what), &limits) < 0)
    return system_error("setrlimit");
  return {};
}

// Libraries write to 1 and read from 0 now and then: they must be something.
Outcome occupy_standard_descriptors() {
  int null = open("/dev/null", O_RDWR);
  if (null < 0) return system_error("/dev/null");
  for (int fd = 0; fd <= 1; ++fd)
    if (null != fd && dup2(null, fd) < 0) return system_error("dup2");
  if (null > 2) close(null);
  return {};
}

}  // namespace

Outcome harden_process(int keeper) {
  ACME_CHECK(check_socket(keeper));
  ACME_CHECK(occupy_standard_descriptors());
  if (syscall(SYS_close_range, keeper + 1, ~0U, 0) < 0 && errno != ENOSYS)
    return system_error("close_range");
  if (fcntl(keeper, F_SETFD, FD_CLOEXEC) < 0) return system_error("fcntl");
  umask(077);
  signal(SIGPIPE, SIG_IGN);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return system_error("PR_SET_NO_NEW_PRIVS");
  // Another process of the same user may neither trace us nor read our memory.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return system_error("PR_SET_DUMPABLE");
  ACME_CHECK(limit(RLIMIT_CORE, 0));
  return limit(RLIMIT_NOFILE, kDescriptors);
}

Outcome check_not_root() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  if (getresuid(&real, &effective, &saved) < 0) return system_error("getresuid");
  if (real == 0 || effective == 0 || saved == 0)
    return fail(Errc::unsafe, "acme-agent runs as root although it was to run as somebody else");
  return {};
}

}  // namespace acme::agent
