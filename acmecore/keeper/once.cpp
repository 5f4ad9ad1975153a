#include "keeper/once.h"

#include <cstdio>

#include "config/config.h"
#include "ipc/control.h"
#include "keeper/certificates.h"
#include "keeper/status.h"
#include "store/store.h"

namespace acme::keeper {
namespace {

class StderrLog final : public Log {
 public:
  void write(Level level, std::string_view line) override {
    if (level > Level::warning) return;
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

int complain(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

int mark(const Env& env, Certificates& certificates, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    std::vector<Lineage> lineages = certificates.lineages_of(name);
    if (lineages.empty())
      return complain({Errc::not_found, "no certificate is called " + name + " or has that name"});
    for (const Lineage& lineage : lineages) {
      Managed& managed = *certificates.find(lineage);
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

}  // namespace

int once(const Env& env, const std::string& state_path, const std::string& command,
         const std::vector<std::string>& names) {
  StderrLog log;
  bool writes = command == "renew";
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
  if (writes) return mark(env, certificates, names);
  Json out = command == "issuers" ? issuers_json(*config, accounts)
                                  : status_json(env, *config, certificates, accounts, false);
  std::puts(out.pretty().c_str());
  return 0;
}

}  // namespace acme::keeper
