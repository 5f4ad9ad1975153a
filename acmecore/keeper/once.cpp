#include "keeper/once.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/archive.h"
#include "base/text.h"
#include "config/config.h"
#include "ipc/control.h"
#include "keeper/certificates.h"
#include "keeper/dns_persist.h"
#include "keeper/export_command.h"
#include "keeper/history.h"
#include "keeper/import.h"
#include "keeper/layout.h"
#include "keeper/status.h"
#include "store/store.h"

namespace acme::keeper {
namespace {

// Only acmectl runs this program so: its user reads what is said here.
void say(std::string_view line) {
  std::fprintf(stderr, "acmectl: %s\n", printable(line).c_str());
}

class StderrLog final : public Log {
 public:
  void write(Level level, std::string_view line) override {
    if (level <= Level::warning) say(line);
  }
};

int complain(const Error& error) {
  say(error.message);
  return 1;
}

int mark(const Env& env, Certificates& certificates, const std::vector<std::string>& names,
         bool force) {
  for (const std::string& name : names) {
    std::vector<Lineage> lineages = certificates.lineages_of(name);
    if (lineages.empty())
      return complain({Errc::not_found, "no certificate is called " + name + " or has that name"});
    for (const Lineage& lineage : lineages) {
      Managed& managed = *certificates.find(lineage);
      if (WallTime due = force ? 0 : certificates.not_due_before(managed); due != 0) {
        std::fputs(not_due_line(lineage, due, env.now()).c_str(), stdout);
        continue;
      }
      if (auto done = certificates.request_renewal(managed); !done) return complain(done.error());
      WallTime wait = managed.schedule.retry_after;
      std::printf("%s: no server is running: it is ordered when the server starts%s%s\n",
                  to_string(lineage).c_str(),
                  wait > env.now() ? ", after the time that the CA asked to wait for: " : "",
                  wait > env.now() ? format_rfc3339(wait).c_str() : "");
    }
  }
  return 0;
}

Result<ipc::Import> import_on_standard_input() {
  Secret bytes(ipc::kControlFrameLimit);
  std::size_t used = 0;
  while (used < bytes.size()) {
    ssize_t n = read(STDIN_FILENO, bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Errc::io, std::string("standard input: ") + std::strerror(errno));
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  return decode<ipc::Import>(bytes.view().substr(0, used));
}

Result<Json> take_over_now_or_later(const Env& env, Log& log, Store& store,
                                    const ipc::Import& found) {
  auto bytes = store.load_config();
  if (!bytes && bytes.error().code == Errc::not_found) return keep_for_later(env, &store, found);
  if (!bytes) return std::move(bytes).error();
  ACME_TRY(Config config, decode_config(*bytes));
  Accounts accounts(env, log, config, store);
  Certificates certificates(env, log, config, store, accounts, nullptr);
  certificates.restore_certificates();
  return take_over(env, config, accounts, certificates, found);
}

// A dry run writes nothing, not even the store's folder.
Result<Json> import_now(const Env& env, Log& log, const std::string& state_path) {
  ACME_TRY(const ipc::Import found, import_on_standard_input());
  const auto mode = found.dry_run ? Store::Mode::read_only : Store::Mode::read_write;
  auto store = Store::open(env, state_path, mode, log);
  if (!store && found.dry_run && store.error().code == Errc::not_found)
    return keep_for_later(env, nullptr, found);
  if (!store) return std::move(store).error();
  if (!found.dry_run) ACME_CHECK(store->lock());
  return take_over_now_or_later(env, log, *store, found);
}

// What is written where stands on standard output.
int do_export(const Env& env, const Certificates& certificates, const Store& store,
              const std::vector<std::string>& names) {
  auto written = export_certificates(env, certificates, store, names);
  if (!written) return complain(written.error());
  std::puts(written->compact().c_str());
  return 0;
}

int do_import(const Env& env, Log& log, const std::string& state_path) {
  auto rows = import_now(env, log, state_path);
  if (!rows)
    return rows.error().code == Errc::busy ? ipc::kServerIsRunning : complain(rows.error());
  std::puts(rows->compact().c_str());
  return 0;
}

}  // namespace

int once(const Env& env, const std::string& state_path, const std::string& command,
         const std::vector<std::string>& names) {
  StderrLog log;
  if (command == "import") return do_import(env, log, state_path);
  bool writes = command == "renew" || command == "renew-forced";
  auto store =
      Store::open(env, state_path, writes ? Store::Mode::read_write : Store::Mode::read_only, log);
  if (!store) return complain(store.error());
  if (writes)
    if (auto locked = store->lock(); !locked)
      return locked.error().code == Errc::busy ? ipc::kServerIsRunning : complain(locked.error());
  auto bytes = store->load_config();
  if (!bytes) return complain(bytes.error());
  auto config = decode_config(*bytes);
  if (!config) return complain(config.error());
  Accounts accounts(env, log, *config, *store);
  Certificates certificates(env, log, *config, *store, accounts, nullptr);
  certificates.restore_certificates();
  if (writes) return mark(env, certificates, names, command == "renew-forced");
  if (command == "export") return do_export(env, certificates, *store, names);
  if (command == "log") {
    ipc::ControlAnswer answer = log_of(certificates, *store, names);
    if (!answer.ok) return complain({Errc::not_found, answer.text});
    std::puts(answer.text.c_str());
    return 0;
  }
  if (command == "dns-persist") {
    auto records = persistent_records(*config, accounts, certificates, names.front());
    if (!records) return complain(records.error());
    std::fputs(records->c_str(), stdout);
    return 0;
  }
  if (command == "layout") {
    std::puts(layout_json(*config).compact().c_str());
    return 0;
  }
  Json out = command == "issuers" ? issuers_json(*config, accounts)
                                  : status_json(env, *config, certificates, accounts, false);
  std::puts(out.pretty().c_str());
  return 0;
}

}  // namespace acme::keeper
