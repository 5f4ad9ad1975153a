// The C ABI (acmecore.h): handles, and functions that only translate. What
// they do is done by config/builder, serving and helper.
#include "acmecore/acmecore.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "serve/border.h"
#include "serve/handles.h"
#include "serve/heap.h"

using namespace acme;
using namespace acme::serve;

namespace {

static_assert(ACME_E_INTERNAL == static_cast<int>(Errc::internal));
static_assert(ACME_AT_MAIN == int{kAtMain} && ACME_AT_SITE == int{kAtSite} &&
              ACME_AT_ISSUER == int{kAtIssuer} && ACME_AT_LOCATION == int{kAtLocation});
static_assert(ACME_LOG_ERROR == static_cast<int>(Level::error) &&
              ACME_LOG_DEBUG == static_cast<int>(Level::debug));

// How long a start or reload waits at most for what acmectl imported before it, in ms.
constexpr unsigned kImportPatience = 3000;

Error argument(const char* what) {
  return fail(Errc::invalid_argument, what);
}

Place place(const char* file, unsigned line) {
  return {file ? file : "", line};
}

Result<std::vector<std::string>> texts(const char* const* values, std::size_t count) {
  if (count != 0 && !values) return argument("values are missing");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    if (!values[i]) return argument("a value is NULL");
    out.emplace_back(values[i]);
  }
  return out;
}

ServerFacts facts_of(const acme_environment& environment) {
  ServerFacts facts;
  if (environment.server_version) facts.version = environment.server_version;
  facts.privileged = geteuid() == 0;
  facts.worker_uid = environment.worker_uid;
  facts.worker_gid = environment.worker_gid;
  if (environment.log_path) facts.log.path = environment.log_path;
  facts.log.syslog = environment.log_syslog != 0;
  facts.log.level =
      static_cast<Level>(std::clamp<int>(environment.log_level, ACME_LOG_ERROR, ACME_LOG_DEBUG));
  facts.plain_http_listener = environment.plain_http_listener != 0;
  if (environment.pid_file) facts.pid_file = environment.pid_file;
  if (environment.resolvers && *environment.resolvers)
    facts.resolvers = split(environment.resolvers, ' ');
  if (environment.config_file) facts.config_file = environment.config_file;
  return facts;
}

const SitePlan* plan_of(const acme_config* config, std::uint32_t site) {
  if (!config || !config->builder.resolved()) return nullptr;
  const auto& sites = config->builder.resolution().sites;
  return site < sites.size() ? &sites[site] : nullptr;
}

const CertificateConfig* first_certificate(const acme_config* config, std::uint32_t site) {
  const SitePlan* plan = plan_of(config, site);
  if (!plan || plan->certificates.empty()) return nullptr;
  return &config->builder.resolution().config.certificates[plan->certificates.front()];
}

struct StatusText {
  int status;
  const char* text;
};
constexpr StatusText kStatusTexts[] = {
    {ACME_OK, "success"},
    {ACME_E_ARGUMENT, "the caller broke the contract"},
    {ACME_E_CONFIG, "the configuration is wrong"},
    {ACME_E_MEMORY, "out of memory"},
    {ACME_E_IO, "a system call failed"},
    {ACME_E_NOT_FOUND, "not found"},
    {ACME_E_DAMAGED, "stored or shared bytes are damaged"},
    {ACME_E_UNSUPPORTED, "not supported by this version"},
    {ACME_E_BUSY, "in use by somebody else"},
    {ACME_E_REFUSED, "not allowed now"},
    {ACME_E_PROTOCOL, "foreign bytes break their format"},
    {ACME_E_CRYPTO, "a cryptographic operation failed"},
    {ACME_E_UNSAFE, "a path could be written by somebody else"},
    {ACME_E_INTERNAL, "an internal error"},
};

void copy_text(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  out[text.size()] = '\0';
}

}  // namespace

const char* acme_error_message(void) {
  return last_message();
}

const char* acme_status_text(int status) {
  for (const StatusText& row : kStatusTexts)
    if (row.status == status) return row.text;
  return "an unknown status";
}

const char* acme_version(void) {
  return ACME_VERSION;
}

// ---- configuration

int acme_config_new(int server, const char* root, acme_log_fn log, void* log_context,
                    acme_config** config) {
  return guarded([&]() -> Outcome {
    if (!root || !config) return argument("root or config is NULL");
    if (server != ACME_SERVER_NGINX && server != ACME_SERVER_HTTPD)
      return argument("there is no such server");
    *config = new acme_config(static_cast<ServerKind>(server), root, {log, log_context});
    return {};
  });
}

void acme_config_free(acme_config* config) {
  if (!config) return;
  delete config;
  hand_back_heap();
}

int acme_config_add_site_scope(acme_config* config, acme_scope* scope) {
  return guarded([&]() -> Outcome {
    if (!config || !scope) return argument("config or scope is NULL");
    *scope = config->builder.add_site_scope();
    return {};
  });
}

int acme_config_add_issuer_scope(acme_config* config, const char* name, const char* file,
                                 unsigned line, acme_scope* scope) {
  return guarded([&]() -> Outcome {
    if (!config || !name || !scope) return argument("config, name or scope is NULL");
    ACME_TRY(*scope, config->builder.add_issuer_scope(name, place(file, line)));
    return {};
  });
}

int acme_config_set(acme_config* config, acme_scope scope, const char* key,
                    const char* const* values, size_t count, const char* file, unsigned line) {
  return guarded([&]() -> Outcome {
    if (!config || !key) return argument("config or key is NULL");
    ACME_TRY(auto list, texts(values, count));
    return config->builder.set(scope, key, list, place(file, line));
  });
}

int acme_config_set_environment(acme_config* config, const acme_environment* environment) {
  return guarded([&]() -> Outcome {
    if (!config || !environment) return argument("config or environment is NULL");
    config->builder.set_facts(facts_of(*environment));
    config->log_fd = environment->log_fd;
    return {};
  });
}

int acme_config_add_site(acme_config* config, const acme_site_description* description,
                         uint32_t* site) {
  return guarded([&]() -> Outcome {
    if (!config || !description || !site) return argument("config, description or site is NULL");
    SiteDescription copy;
    copy.scope = description->scope;
    ACME_TRY(copy.names, texts(description->names, description->name_count));
    copy.tls = (description->flags & ACME_SITE_TLS) != 0;
    copy.own_certificate = (description->flags & ACME_SITE_OWN_CERTIFICATE) != 0;
    copy.place = place(description->file, description->line);
    ACME_TRY(*site, config->builder.add_site(std::move(copy)));
    return {};
  });
}

int acme_config_add_listener(acme_config* config, uint32_t site, const acme_listener* listener) {
  return guarded([&]() -> Outcome {
    if (!config || !listener || !listener->address)
      return argument("config, listener or its address is NULL");
    static_assert(unsigned{ACME_LISTENER_TLS} == Builder::kListenerTls &&
                  unsigned{ACME_LISTENER_PROXY_PROTOCOL} == Builder::kListenerProxyProtocol &&
                  unsigned{ACME_LISTENER_DEFAULT} == Builder::kListenerDefault);
    return config->builder.add_listener(site, listener->address, listener->flags);
  });
}

int acme_config_resolve(acme_config* config) {
  return guarded([&]() -> Outcome {
    if (!config) return argument("config is NULL");
    return config->builder.resolve();
  });
}

int acme_config_resolve_anyhow(acme_config* config) {
  return guarded([&]() -> Outcome {
    if (!config) return argument("config is NULL");
    return config->builder.resolve(ResolveMode::anyhow);
  });
}

int acme_config_site_plan(const acme_config* config, uint32_t site) {
  const SitePlan* plan = plan_of(config, site);
  if (!plan) return ACME_PLAN_OFF;
  switch (plan->kind) {
    case SitePlan::Kind::off:
      break;
    case SitePlan::Kind::managed:
      return ACME_PLAN_MANAGED;
    case SitePlan::Kind::bridge:
      return ACME_PLAN_BRIDGE;
  }
  return ACME_PLAN_OFF;
}

const char* acme_config_site_certificate(const acme_config* config, uint32_t site) {
  const CertificateConfig* certificate = first_certificate(config, site);
  if (certificate) return certificate->id.c_str();
  return acme_config_site_plan(config, site) == ACME_PLAN_OFF ? nullptr : "";
}

int acme_config_placeholder(acme_config* config, uint32_t site, unsigned flags,
                            const char** certificate, const char** key) {
  return guarded([&]() -> Outcome {
    if (!config || !certificate || !key) return argument("config, certificate or key is NULL");
    const CertificateConfig* wanted = first_certificate(config, site);
    if (!wanted && site != ACME_NO_SITE && acme_config_site_plan(config, site) == ACME_PLAN_OFF)
      return argument("the site has no certificate");
    const auto issuer = (flags & ACME_PLACEHOLDER_WITH_ISSUER) != 0
                            ? PlaceholderFiles::Issuer::included
                            : PlaceholderFiles::Issuer::left_out;
    ACME_TRY(const auto* made, wanted ? config->placeholders.of_certificate(
                                            config->builder.resolution().config, *wanted, issuer)
                                      : config->placeholders.anonymous());
    *certificate = made->certificate.c_str();
    *key = made->key.c_str();
    return {};
  });
}

size_t acme_config_certificate_count(const acme_config* config) {
  if (!config || !config->builder.resolved()) return 0;
  const Config& resolved = config->builder.resolution().config;
  return std::max<std::size_t>(resolved.certificates.size(), resolved.source.files.empty() ? 0 : 1);
}

int acme_config_may_answer(const acme_config* config, const char* challenge) {
  if (!config || !challenge || !config->builder.resolved()) return 0;
  auto type = parse_challenge_type(challenge);
  const auto& issuers = config->builder.resolution().config.issuers;
  return type && std::any_of(issuers.begin(), issuers.end(), [&](const IssuerConfig& issuer) {
           return std::find(issuer.challenges.begin(), issuer.challenges.end(), *type) !=
                  issuer.challenges.end();
         });
}

// ---- serving

int acme_serving_open(const acme_config* config, unsigned flags, acme_serving** serving) {
  return guarded([&]() -> Outcome {
    if (!config || !serving) return argument("config or serving is NULL");
    if (!config->builder.resolved()) return argument("the configuration is not resolved");
    ACME_TRY(auto opened, Serving::open(system_env(), config->builder.resolution(), config->log_fd,
                                        config->log, (flags & ACME_SERVING_ANYHOW) != 0));
    if ((flags & ACME_SERVING_STATUS) != 0) opened->supply(config->supplied.read());
    if (!opened->config().hooks.notify.empty())
      opened->tell_helper_of(config->supplied.for_helper(config->builder.resolution()));
    config->builder.report_environment();
    *serving = new acme_serving{std::move(opened)};
    return {};
  });
}

void acme_serving_free(acme_serving* serving) {
  delete serving;
}

void acme_serving_enter_worker(acme_serving* serving) {
  if (serving) serving->serving->enter_worker();
}

int acme_serving_set_certificate(acme_serving* serving, uint32_t site, const char* local_address,
                                 struct ssl_st* ssl) {
  return guarded([&]() -> Result<int> {
    if (!serving || !ssl) return argument("serving or ssl is NULL");
    return serving->serving->set_certificate(site, local_address ? local_address : "", ssl);
  });
}

const char* acme_serving_state(const acme_serving* serving, uint32_t site) {
  return serving ? serving->serving->state(site) : "";
}

int acme_serving_http01(const acme_serving* serving, const char* path, size_t path_length,
                        char answer[ACME_HTTP01_MAX], size_t* answer_length) {
  return guarded([&]() -> Outcome {
    if (!serving || !path || !answer || !answer_length) return argument("an argument is NULL");
    ACME_TRY(std::string text, serving->serving->http01({path, path_length}));
    if (text.size() > ACME_HTTP01_MAX)
      return fail(Errc::damaged, "a key authorization is too long");
    std::memcpy(answer, text.data(), text.size());
    *answer_length = text.size();
    return {};
  });
}

int acme_serving_alpn_pending(const acme_serving* serving) {
  return serving && serving->serving->alpn_pending() ? 1 : 0;
}

int acme_serving_has_challenge(const acme_serving* serving, const char* server_name,
                               size_t length) {
  return guarded([&]() -> Result<int> {
           if (!serving || !server_name) return 0;
           return serving->serving->has_challenge({server_name, length}) ? 1 : 0;
         }) > 0;
}

int acme_serving_set_challenge(const acme_serving* serving, const char* server_name,
                               struct ssl_st* ssl) {
  return guarded([&]() -> Outcome {
    if (!serving || !server_name || !ssl) return argument("an argument is NULL");
    return serving->serving->set_challenge(server_name, ssl);
  });
}

int acme_serving_challenge_pem(const acme_serving* serving, const char* server_name, int key_kind,
                               char certificate[ACME_CHALLENGE_PEM_MAX],
                               char private_key[ACME_CHALLENGE_PEM_MAX]) {
  return guarded([&]() -> Outcome {
    if (!serving || !server_name || !certificate || !private_key)
      return argument("an argument is NULL");
    if (key_kind != ACME_KEY_ECDSA && key_kind != ACME_KEY_RSA)
      return argument("there is no such kind of key");
    ACME_TRY(auto pem, serving->serving->challenge_pem(server_name, key_kind == ACME_KEY_RSA));
    if (pem.certificate.size() >= ACME_CHALLENGE_PEM_MAX ||
        pem.key.size() >= ACME_CHALLENGE_PEM_MAX)
      return fail(Errc::damaged, "a challenge's certificate is too long");
    copy_text(pem.certificate, certificate);
    copy_text(pem.key.view(), private_key);
    return {};
  });
}

// ---- helper

int acme_helper_start(acme_serving* serving, acme_helper* previous, unsigned patience_ms,
                      acme_helper** helper) {
  return guarded([&]() -> Outcome {
    if (!serving || !helper) return argument("serving or helper is NULL");
    auto handle = std::make_unique<acme_helper>();
    ACME_TRY(handle->helper, start_helper(*serving->serving, patience_ms != 0));
    acme_helper_stop(previous);  // it lets go of the store, which the new one waits for
    const unsigned least = serving->serving->awaits_import() ? kImportPatience : 0;
    wait_until_ready(serving->serving->env(), *handle->helper, std::max(patience_ms, least));
    *helper = handle.release();
    return {};
  });
}

pid_t acme_helper_pid(const acme_helper* helper) {
  return helper ? helper->helper->pid : -1;
}

int acme_helper_alive(const acme_helper* helper) {
  return helper && is_alive(*helper->helper);
}

void acme_helper_release(acme_helper* helper, acme_helper_state* state) {
  if (!helper || !state) return;
  *state = {helper->helper->pid, helper->helper->death.release()};
  delete helper;
}

int acme_helper_adopt(const acme_helper_state* state, acme_helper** helper) {
  return guarded([&]() -> Outcome {
    if (!state || !helper || state->descriptor < 0) return argument("state or helper is missing");
    auto handle = std::make_unique<acme_helper>();
    handle->helper = std::make_unique<Helper>();
    handle->helper->pid = state->pid;
    handle->helper->death.reset(state->descriptor);
    *helper = handle.release();
    return {};
  });
}

void acme_helper_stop(acme_helper* helper) {
  delete helper;  // closes its end of the death pipe
}

void acme_helper_forget(acme_helper* helper) {
  delete helper;
}
