#include "config/environment.h"

#include <pwd.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "base/text.h"
#include "config/directives.h"

namespace acme {
namespace {

constexpr std::string_view kStateRoot = "/var/lib/acmecore/";
constexpr std::string_view kRuntimeRoot = "/run/acmecore/";

std::string server_folder(ServerKind server) {
  return server == ServerKind::httpd ? "httpd" : "nginx";
}

struct User {
  std::uint32_t uid;
  std::uint32_t gid;
};

std::optional<User> find_user(const std::string& name) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found)
    return std::nullopt;
  return User{found->pw_uid, found->pw_gid};
}

User agent_user(const Settings& settings) {
  const User worker{settings.facts.worker_uid, settings.facts.worker_gid};
  const std::string& wanted = settings.global.user;
  return find_user(wanted.empty() ? ACME_AGENT_USER : wanted).value_or(worker);
}

}  // namespace

void resolve_environment(const Settings& settings, Config& config) {
  const GlobalSettings& global = settings.global;
  const std::string folder = server_folder(settings.server);
  config.server = settings.server;
  config.server_version = settings.facts.version;
  config.log = settings.facts.log;
  config.plain_http_listener = settings.facts.plain_http_listener;
  config.pid_file = settings.facts.pid_file;
  config.resolvers = settings.facts.resolvers;
  config.layout.file = settings.facts.config_file;
  config.activation = global.activation;
  config.hooks = global.hooks;
  config.outbound = outbound_config({}, global.outbound);
  config.certificate_cache = global.certificate_cache;

  config.state_path =
      global.state_path.empty() ? std::string(kStateRoot) + folder : global.state_path;
  config.runtime_path = global.runtime_path;
  if (config.runtime_path.empty())
    config.runtime_path =
        global.state_path.empty() ? std::string(kRuntimeRoot) + folder : global.state_path + "/run";
  config.helper_path = global.helper_path.empty() ? ACME_LIBEXEC_DIR : global.helper_path;

  config.drop_privileges = settings.facts.privileged;
  if (!config.drop_privileges) return;
  User user = agent_user(settings);
  config.agent_uid = user.uid;
  config.agent_gid = user.gid;
}

// An unknown user is a fault of the environment, not of typing: the package
// that makes it may not be installed yet. The server starts.
void report_environment(const Settings& settings, const Config& config, Log& log) {
  if (!config.outbound.proxy.password.empty())
    log.warning("the proxy's password stands in the configuration (" +
                directive_name(settings.server, "proxy") +
                "), for everybody who can read that: write password=file:PATH behind the URL, with "
                "a file that only root can read");
  if (!config.drop_privileges || config.certificates.empty()) return;
  const std::string& wanted = settings.global.user;
  if (!wanted.empty() && !find_user(wanted))
    log.error("the user \"" + printable(wanted) +
              "\" does not exist: the network side of the ACME helper runs as the server's user");
  if (config.agent_uid == 0)
    log.warning(
        "the network side of the ACME helper runs as root: give it a user of its own with " +
        directive_name(settings.server, "user"));
}

}  // namespace acme
