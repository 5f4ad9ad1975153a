// acme-keeper: started by the server's master as supervisor, by the
// supervisor as keeper, by acmectl with --once. See docs/PRIVSEP.md.

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/env.h"
#include "config/config.h"
#include "crypto/wiping_free.h"  // once in the program: freed memory is wiped
#include "keeper/journal.h"
#include "keeper/keeper.h"
#include "keeper/log_file.h"
#include "keeper/once.h"
#include "keeper/supervisor.h"

namespace {

using namespace acme;
using namespace acme::keeper;

// Keys are in this process: no core file, no other process looks inside.
void harden() {
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  umask(077);
  // A server that has stopped waiting, a piped log that is gone: no reason to end.
  signal(SIGPIPE, SIG_IGN);
}

Result<Config> read_config() {
  struct stat info {};
  if (fstat(kConfigFd, &info) < 0)
    return fail(Errc::invalid_argument, "is started by the server, not by hand (see acmectl)");
  if (info.st_size == 0) return fail(Errc::damaged, "the configuration is empty");
  auto size = static_cast<std::size_t>(info.st_size);
  void* map = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, kConfigFd, 0);
  if (map == MAP_FAILED)
    return fail(Errc::io, std::string("mmap of the configuration: ") + std::strerror(errno));
  auto config = decode_config({static_cast<const char*>(map), size});
  munmap(map, size);
  return config;
}

int usage() {
  std::fputs(
      "acme-keeper is the helper of ngx_acme_module and mod_acme; they start it.\n"
      "By hand: acme-keeper --once status --state PATH\n"
      "         acme-keeper --once issuers --state PATH\n"
      "         acme-keeper --once dns-persist --state PATH NAME\n"
      "         acme-keeper --once renew --state PATH NAME... (renew-forced: what is not due, "
      "too)\n"
      "         acme-keeper --once log --state PATH NAME\n"
      "         acme-keeper --once layout --state PATH\n"
      "         acme-keeper --once export --state PATH FOLDER [NAME]\n"
      "         acme-keeper --once import --state PATH (acmectl gives it what it read)\n",
      stderr);
  return 2;
}

struct OnceCommand {
  std::string_view name;
  int least;  // names
  int most;
};
constexpr int kAny = 1 << 20;
constexpr OnceCommand kOnce[] = {
    {"status", 0, kAny},   {"issuers", 0, kAny}, {"renew", 0, kAny},
    {"import", 0, kAny},   {"log", 1, 1},        {"export", 1, 2},
    {"dns-persist", 1, 1}, {"layout", 0, 0},     {"renew-forced", 0, kAny}};

int run_once(int argc, char** argv) {
  if (argc < 5 || std::string_view(argv[3]) != "--state") return usage();
  bool is_known = false;
  for (const OnceCommand& command : kOnce)
    is_known |= argv[2] == command.name && argc - 5 >= command.least && argc - 5 <= command.most;
  if (!is_known) return usage();
  return once(system_env(), argv[4], argv[2], std::vector<std::string>(argv + 5, argv + argc));
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view mode = argc > 1 ? argv[1] : "";
  harden();
  if (mode == "--once") return run_once(argc, argv);
  if (mode != "--supervise" && mode != "--keep") return usage();
  const Env& env = system_env();
  auto config = read_config();
  if (!config) {
    std::fprintf(stderr, "acme-keeper: %s\n", config.error().message.c_str());
    return 1;
  }
  LogFile log(env, config->server, config->log);
  if (config->log.path.empty() && is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM")))
    log.use_journal(Journal(), *config);
  bool after_reload = argc > 2 && std::string_view(argv[2]) == "--reload";
  return mode == "--supervise" ? supervise(env, log, after_reload)
                               : keep(env, log, *std::move(config), after_reload);
}
