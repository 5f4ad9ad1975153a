/*
 * The C ABI from C: a server's way through it, its failures, its promises.
 * No test framework: each check says where it stands.
 */
#include <acmecore/acmecore.h>

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "playing_helper.h"

static int failures;

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      fprintf(stderr, "%s:%d: not true: %s (message: %s)\n", __FILE__, __LINE__, #condition, \
              acme_error_message());                                                         \
      failures++;                                                                            \
    }                                                                                        \
  } while (0)

static char logged[8192];

static void log_line(void* context, int level, const char* line) {
  size_t used = strlen(logged);
  CHECK(context == logged);
  CHECK(level >= ACME_LOG_ERROR && level <= ACME_LOG_DEBUG);
  snprintf(logged + used, sizeof logged - used, "%d %s\n", level, line);
}

static acme_config* new_config(int server) {
  acme_config* config = NULL;
  CHECK(acme_config_new(server, "/etc/nginx", log_line, logged, &config) == ACME_OK);
  return config;
}

static int set(acme_config* config, acme_scope scope, const char* key, const char* value) {
  return acme_config_set(config, scope, key, &value, 1, "/etc/nginx/nginx.conf", 7);
}

static uint32_t add_site(acme_config* config, acme_scope scope, const char* name, unsigned flags) {
  acme_site_description site;
  uint32_t number = 77;
  memset(&site, 0, sizeof site);
  site.scope = scope;
  site.names = &name;
  site.name_count = 1;
  site.flags = flags;
  site.file = "/etc/nginx/site.conf";
  site.line = 3;
  CHECK(acme_config_add_site(config, &site, &number) == ACME_OK);
  return number;
}

static void test_every_status_has_a_description(void) {
  int status, other;
  for (status = ACME_E_INTERNAL; status <= ACME_OK; status++) {
    CHECK(acme_status_text(status)[0] != '\0');
    CHECK(strcmp(acme_status_text(status), acme_status_text(1)) != 0);
    for (other = status + 1; other <= ACME_OK; other++)
      CHECK(strcmp(acme_status_text(status), acme_status_text(other)) != 0);
  }
  CHECK(strcmp(acme_status_text(ACME_E_INTERNAL - 1), acme_status_text(1)) == 0);
  CHECK(strchr(acme_version(), '.') != NULL);
  CHECK(acme_error_message() != NULL);
}

static void test_null_is_freed_and_refused(void) {
  acme_config* config = (acme_config*)&failures;
  acme_serving* serving = (acme_serving*)&failures;
  acme_helper* helper = (acme_helper*)&failures;
  acme_scope scope = 99;
  uint32_t site = 99;
  char answer[ACME_HTTP01_MAX];
  size_t length = 99;
  const char* path = answer;

  acme_config_free(NULL);
  acme_serving_free(NULL);
  acme_serving_enter_worker(NULL);
  acme_helper_stop(NULL);
  acme_helper_forget(NULL);

  CHECK(acme_config_new(ACME_SERVER_NGINX, NULL, NULL, NULL, &config) == ACME_E_ARGUMENT);
  CHECK(acme_config_new(3, "/", NULL, NULL, &config) == ACME_E_ARGUMENT);
  CHECK(acme_config_new(ACME_SERVER_NGINX, "/", NULL, NULL, NULL) == ACME_E_ARGUMENT);
  CHECK(acme_config_add_site_scope(NULL, &scope) == ACME_E_ARGUMENT);
  CHECK(acme_config_add_issuer_scope(NULL, "x", "f", 1, &scope) == ACME_E_ARGUMENT);
  CHECK(acme_config_set(NULL, 0, "acme", NULL, 0, "f", 1) == ACME_E_ARGUMENT);
  CHECK(acme_config_set_environment(NULL, NULL) == ACME_E_ARGUMENT);
  CHECK(acme_config_add_site(NULL, NULL, &site) == ACME_E_ARGUMENT);
  CHECK(acme_config_add_listener(NULL, 0, NULL) == ACME_E_ARGUMENT);
  CHECK(acme_config_resolve(NULL) == ACME_E_ARGUMENT);
  CHECK(acme_config_resolve_anyhow(NULL) == ACME_E_ARGUMENT);
  CHECK(acme_config_site_plan(NULL, 0) == ACME_PLAN_OFF);
  CHECK(acme_config_site_certificate(NULL, 0) == NULL);
  CHECK(acme_config_certificate_count(NULL) == 0);
  CHECK(acme_serving_open(NULL, 0, &serving) == ACME_E_ARGUMENT);
  CHECK(acme_serving_set_certificate(NULL, 0, NULL, NULL) == ACME_E_ARGUMENT);
  CHECK(acme_serving_state(NULL, 0)[0] == '\0');
  CHECK(acme_serving_http01(NULL, "/", 1, answer, &length) == ACME_E_ARGUMENT);
  CHECK(acme_helper_start(NULL, NULL, 0, &helper) == ACME_E_ARGUMENT);
  CHECK(acme_helper_pid(NULL) == -1);
  CHECK(!acme_helper_alive(NULL));
  CHECK(acme_helper_adopt(NULL, &helper) == ACME_E_ARGUMENT);
  CHECK(acme_config_placeholder(NULL, 0, 0, &path, &path) == ACME_E_ARGUMENT);

  /* outputs are untouched on failure */
  CHECK(config == (acme_config*)&failures && serving == (acme_serving*)&failures);
  CHECK(helper == (acme_helper*)&failures && path == answer && scope == 99 && site == 99 &&
        length == 99);
}

static void test_a_failure_leaves_outputs_and_says_why(void) {
  acme_config* config = new_config(ACME_SERVER_NGINX);
  acme_scope scope = 99;
  acme_serving* serving = (acme_serving*)&failures;
  const char* values[] = {"letsencrypt", NULL};

  CHECK(acme_config_add_issuer_scope(config, "a/b", "f", 1, &scope) == ACME_E_CONFIG);
  CHECK(scope == 99);
  CHECK(strstr(acme_error_message(), "\"a/b\" cannot be the name of an issuer") != NULL);
  CHECK(acme_config_set(config, 0, "certificate", values, 2, "f", 1) == ACME_E_ARGUMENT);
  CHECK(set(config, 0, "renew", "30") == ACME_E_CONFIG);
  /* the module adds file and line, as its server does */
  CHECK(strstr(acme_error_message(), "nginx.conf") == NULL);
  CHECK(strstr(acme_error_message(), "30d") != NULL);
  CHECK(acme_serving_open(config, 0, &serving) == ACME_E_ARGUMENT); /* not resolved */
  CHECK(serving == (acme_serving*)&failures);

  CHECK(set(config, 0, "acme", "mine") == ACME_OK);
  add_site(config, 0, "example.com", ACME_SITE_TLS);
  CHECK(acme_config_resolve(config) == ACME_E_CONFIG);
  CHECK(strstr(acme_error_message(), "in /etc/nginx/nginx.conf:7") != NULL);
  CHECK(acme_config_certificate_count(config) == 0);
  acme_config_free(config);
}

static void test_from_directives_to_plans(void) {
  acme_config* config = new_config(ACME_SERVER_NGINX);
  acme_scope issuer = 0, inner = 0;
  acme_environment environment;
  uint32_t managed, bridge, off;

  memset(&environment, 0, sizeof environment);
  environment.server_version = "nginx/1.22.1";
  environment.worker_uid = environment.worker_gid = 65534;
  environment.log_fd = -1;
  environment.plain_http_listener = 1;
  CHECK(acme_config_set_environment(config, &environment) == ACME_OK);
  CHECK(set(config, 0, "acme", "mine") == ACME_OK);
  CHECK(acme_config_add_issuer_scope(config, "mine", "f", 1, &issuer) == ACME_OK);
  CHECK(set(config, issuer, "uri", "https://ca.example/dir") == ACME_OK);
  CHECK(acme_config_add_site_scope(config, &inner) == ACME_OK);
  CHECK(set(config, inner, "acme", "on") == ACME_OK);
  managed = add_site(config, 0, "www.example.com", ACME_SITE_TLS);
  bridge = add_site(config, inner, "example.org", ACME_SITE_TLS | ACME_SITE_OWN_CERTIFICATE);
  off = add_site(config, 0, "example.net", 0);

  CHECK(acme_config_site_plan(config, managed) == ACME_PLAN_OFF); /* not resolved yet */
  CHECK(acme_config_resolve(config) == ACME_OK);
  CHECK(acme_config_certificate_count(config) == 2);
  CHECK(acme_config_may_answer(config, "tls-alpn-01") != 0);
  CHECK(acme_config_may_answer(config, "http-01") != 0);
  CHECK(acme_config_may_answer(config, "dns-01") == 0);
  CHECK(acme_config_may_answer(config, "nonsense") == 0);
  CHECK(acme_config_may_answer(NULL, "http-01") == 0);
  CHECK(acme_config_site_plan(config, managed) == ACME_PLAN_MANAGED);
  CHECK(acme_config_site_plan(config, bridge) == ACME_PLAN_BRIDGE);
  CHECK(acme_config_site_plan(config, off) == ACME_PLAN_OFF);
  CHECK(acme_config_site_plan(config, 1234) == ACME_PLAN_OFF);
  CHECK(strcmp(acme_config_site_certificate(config, managed), "www.example.com") == 0);
  CHECK(acme_config_site_certificate(config, off) == NULL);
  CHECK(logged[0] == '\0');
  acme_config_free(config);
}

static void test_a_restart_goes_on_with_what_is_right(void) {
  const char* good[] = {"example.com", "example.org", "name=mine"};
  const char* bad[] = {"example.org"};
  acme_config* config = new_config(ACME_SERVER_HTTPD);
  acme_environment environment;
  uint32_t first, second;

  memset(&environment, 0, sizeof environment);
  environment.plain_http_listener = 1;
  CHECK(acme_config_set_environment(config, &environment) == ACME_OK);
  CHECK(acme_config_set(config, 0, "domain", good, 3, "/etc/httpd.conf", 1) == ACME_OK);
  CHECK(acme_config_set(config, 0, "domain", bad, 1, "/etc/httpd.conf", 2) == ACME_OK);
  first = add_site(config, 0, "example.com", ACME_SITE_TLS | ACME_SITE_OWN_CERTIFICATE);
  second = add_site(config, 0, "example.net", ACME_SITE_TLS);
  CHECK(acme_config_resolve(config) == ACME_E_CONFIG);
  CHECK(strstr(acme_error_message(), "in /etc/httpd.conf:1 and in /etc/httpd.conf:2") != NULL);
  CHECK(acme_config_certificate_count(config) == 0);
  CHECK(logged[0] == '\0');

  CHECK(acme_config_resolve_anyhow(config) == ACME_OK);
  CHECK(acme_config_certificate_count(config) == 1);
  CHECK(acme_config_site_plan(config, first) == ACME_PLAN_BRIDGE);
  CHECK(strcmp(acme_config_site_certificate(config, first), "mine") == 0);
  CHECK(acme_config_site_plan(config, second) == ACME_PLAN_OFF);
  CHECK(strncmp(logged, "3 the name \"example.org\" stands in two", 38) == 0);
  CHECK(strstr(logged, "(left out)\n") != NULL);
  acme_config_free(config);
  logged[0] = '\0';
}

/* state and programs lie in `folder` */
static acme_config* config_in(const char* folder, uint32_t* site) {
  char path[512];
  acme_config* config = new_config(ACME_SERVER_NGINX);
  acme_environment environment;
  memset(&environment, 0, sizeof environment);
  environment.worker_uid = environment.worker_gid = 65534;
  environment.log_fd = -1;
  environment.plain_http_listener = 1;
  CHECK(acme_config_set_environment(config, &environment) == ACME_OK);
  CHECK(set(config, 0, "acme", "on") == ACME_OK);
  snprintf(path, sizeof path, "%s/state", folder);
  CHECK(set(config, 0, "state_path", path) == ACME_OK);
  CHECK(set(config, 0, "helper_path", folder) == ACME_OK);
  *site = add_site(config, 0, "example.com", ACME_SITE_TLS);
  CHECK(acme_config_resolve(config) == ACME_OK);
  return config;
}

static void test_workers_get_a_placeholder_and_no_challenge(const char* folder) {
  uint32_t site;
  acme_config* config = config_in(folder, &site);
  acme_serving* serving = NULL;
  const char path[] = ACME_HTTP01_PREFIX "unknownunknownunknownunknown";
  char answer[ACME_HTTP01_MAX] = "untouched";
  char certificate[ACME_CHALLENGE_PEM_MAX] = "untouched";
  char key[ACME_CHALLENGE_PEM_MAX] = "untouched";
  size_t length = 99;
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL* ssl = SSL_new(context);

  CHECK(acme_serving_open(config, 0, &serving) == ACME_OK);
  acme_config_free(config); /* what is needed was copied */
  CHECK(strcmp(acme_serving_state(serving, site), "placeholder") == 0);
  CHECK(acme_serving_state(serving, 77)[0] == '\0');
  CHECK(acme_serving_set_certificate(serving, site, NULL, ssl) == ACME_TLS_PLACEHOLDER);
  CHECK(SSL_get_certificate(ssl) != NULL);
  CHECK(SSL_CTX_get0_certificate(context) == NULL);
  CHECK(acme_serving_set_certificate(serving, 77, NULL, ssl) == ACME_TLS_UNTOUCHED);
  CHECK(acme_serving_http01(serving, path, strlen(path), answer, &length) == ACME_E_NOT_FOUND);
  CHECK(length == 99 && strcmp(answer, "untouched") == 0);
  CHECK(acme_serving_alpn_pending(serving) == 0);
  CHECK(acme_serving_alpn_pending(NULL) == 0);
  CHECK(acme_serving_has_challenge(serving, "example.com", 11) == 0);
  CHECK(acme_serving_has_challenge(NULL, NULL, 0) == 0);
  CHECK(acme_serving_set_challenge(serving, "example.com", ssl) == ACME_E_NOT_FOUND);
  CHECK(acme_serving_set_challenge(serving, NULL, ssl) == ACME_E_ARGUMENT);
  CHECK(SSL_get_certificate(ssl) != NULL);
  CHECK(acme_serving_challenge_pem(serving, "example.com", ACME_KEY_RSA, certificate, key) ==
        ACME_E_NOT_FOUND);
  CHECK(acme_serving_challenge_pem(serving, "example.com", 3, certificate, key) == ACME_E_ARGUMENT);
  CHECK(strcmp(certificate, "untouched") == 0 && strcmp(key, "untouched") == 0);
  SSL_free(ssl);
  SSL_CTX_free(context);
  acme_serving_free(serving);
}

/* what acme_serving_status() wrote, and how often; it stops after `most` pieces */
struct written {
  char text[65536];
  size_t length;
  int pieces, most;
};

static int take_piece(void* context, const char* piece, size_t length) {
  struct written* out = context;
  if (out->length + length < sizeof out->text) {
    memcpy(out->text + out->length, piece, length);
    out->length += length;
    out->text[out->length] = '\0';
  }
  return ++out->pieces == out->most;
}

static int status_of(const acme_serving* serving, int form, const char* query, struct written* out,
                     const char** type) {
  memset(out, 0, sizeof *out);
  return acme_serving_status(serving, form, query, query ? strlen(query) : 0, type, take_piece,
                             out);
}

static void test_the_status_is_written_in_three_formats(const char* folder) {
  static struct written out;
  const char* type = "untouched";
  char file[512];
  uint32_t site;
  acme_config* config = config_in(folder, &site);
  acme_serving* serving = NULL;

  snprintf(file, sizeof file, "%s/nowhere.pem", folder);
  CHECK(acme_config_add_supplied(config, site, file) == ACME_OK);
  CHECK(acme_config_add_supplied(config, site, NULL) == ACME_E_ARGUMENT);
  CHECK(acme_config_add_supplied(NULL, site, file) == ACME_E_ARGUMENT);
  CHECK(!acme_config_shows_status(config, site) && !acme_config_shows_status(NULL, 0));
  CHECK(acme_serving_open(config, ACME_SERVING_STATUS, &serving) == ACME_OK);

  CHECK(status_of(NULL, ACME_STATUS_BY_QUERY, NULL, &out, &type) == ACME_E_ARGUMENT);
  CHECK(status_of(serving, 7, NULL, &out, &type) == ACME_E_ARGUMENT);
  CHECK(status_of(serving, ACME_STATUS_BY_QUERY, "format=xml", &out, &type) == ACME_E_UNSUPPORTED);
  CHECK(out.pieces == 0 && strcmp(type, "untouched") == 0);

  CHECK(status_of(serving, ACME_STATUS_BY_QUERY, NULL, &out, &type) == ACME_OK);
  CHECK(strcmp(type, "text/html; charset=utf-8") == 0);
  CHECK(strstr(out.text, "example.com") != NULL && strstr(out.text, "nowhere.pem") != NULL);
  CHECK(strstr(out.text, "The helper has not said anything yet") != NULL);
  CHECK(status_of(serving, ACME_STATUS_BY_QUERY, "format=json", &out, &type) == ACME_OK);
  CHECK(strcmp(type, "application/json") == 0 && out.text[0] == '{');
  CHECK(status_of(serving, ACME_STATUS_BY_QUERY, "format=prometheus", &out, &type) == ACME_OK);
  CHECK(strstr(type, "version=0.0.4") != NULL && strncmp(out.text, "# HELP ", 7) == 0);
  CHECK(status_of(serving, ACME_STATUS_SECTION, "format=json", &out, &type) == ACME_OK);
  CHECK(strstr(out.text, "<h2>ACME certificates</h2>") != NULL);
  CHECK(status_of(serving, ACME_STATUS_LINES, NULL, &out, &type) == ACME_OK);
  CHECK(strncmp(out.text, "ACMECertificates: 2\n", 20) == 0);
  CHECK(strstr(acme_status_policy(), "default-src 'none'") != NULL);
  acme_serving_free(serving);
  acme_config_free(config);
}

static void test_the_status_page_is_allowed_by_site(void) {
  acme_config* config = new_config(ACME_SERVER_HTTPD);
  acme_scope off = 0, on = 0;
  uint32_t outer, closed, open;
  CHECK(acme_config_add_site_scope(config, &off) == ACME_OK);
  CHECK(acme_config_add_site_scope(config, &on) == ACME_OK);
  CHECK(set(config, off, "status", "off") == ACME_OK);
  CHECK(set(config, on, "status", "on") == ACME_OK);
  CHECK(set(config, on, "status", "perhaps") == ACME_E_CONFIG);
  outer = add_site(config, 0, "a.example.com", 0);
  closed = add_site(config, off, "b.example.com", 0);
  open = add_site(config, on, "c.example.com", 0);
  CHECK(!acme_config_shows_status(config, outer) && !acme_config_shows_status(config, closed));
  CHECK(acme_config_shows_status(config, open) && !acme_config_shows_status(config, 77));
  CHECK(set(config, 0, "status", "on") == ACME_OK);
  CHECK(acme_config_shows_status(config, outer) && !acme_config_shows_status(config, closed));
  acme_config_free(config);
}

static int ends(pid_t pid) {
  int i;
  for (i = 0; i < 200; i++) {
    if (waitpid(pid, NULL, WNOHANG) == pid) return 1;
    usleep(10000);
  }
  return 0;
}

static void test_a_reload_replaces_the_helper(const char* folder) {
  uint32_t site;
  acme_config* config = config_in(folder, &site);
  acme_serving* serving[3] = {NULL, NULL, NULL};
  acme_helper *first = NULL, *second = NULL, *third = NULL;
  acme_helper_state state = {-1, -1};
  char program[512], away[512];
  pid_t pid[2];
  int i;

  for (i = 0; i < 3; i++) CHECK(acme_serving_open(config, 0, &serving[i]) == ACME_OK);
  CHECK(acme_helper_start(serving[0], NULL, 5000, &first) == ACME_OK);
  pid[0] = acme_helper_pid(first);
  CHECK(pid[0] > 0 && waitpid(pid[0], NULL, WNOHANG) == 0);

  CHECK(acme_helper_start(serving[1], first, 5000, &second) == ACME_OK);
  pid[1] = acme_helper_pid(second);
  CHECK(ends(pid[0]));
  CHECK(waitpid(pid[1], NULL, WNOHANG) == 0);

  /* a failure leaves the old one */
  snprintf(program, sizeof program, "%s/acme-keeper", folder);
  snprintf(away, sizeof away, "%s/away", folder);
  CHECK(rename(program, away) == 0);
  CHECK(acme_helper_start(serving[1], second, 0, &third) == ACME_E_IO);
  CHECK(rename(away, program) == 0);
  CHECK(third == NULL && waitpid(pid[1], NULL, WNOHANG) == 0);

  /* it outlives its handle, and is found again */
  acme_helper_release(second, &state);
  CHECK(state.pid == pid[1] && state.descriptor >= 0);
  CHECK(acme_helper_adopt(&state, &second) == ACME_OK);
  CHECK(acme_helper_pid(second) == pid[1] && acme_helper_alive(second));

  acme_helper_stop(second);
  CHECK(ends(pid[1]));
  for (i = 0; i < 3; i++) acme_serving_free(serving[i]);
  acme_config_free(config);
}

static void test_a_missing_program_is_served_around(const char* folder) {
  char nowhere[512];
  uint32_t site;
  acme_config* config;
  acme_serving* serving = (acme_serving*)&failures;
  snprintf(nowhere, sizeof nowhere, "%s/nowhere", folder);
  config = config_in(nowhere, &site);
  CHECK(acme_serving_open(config, 0, &serving) == ACME_E_IO);
  CHECK(serving == (acme_serving*)&failures);
  CHECK(strstr(acme_error_message(), "/nowhere/acme-keeper cannot be executed") != NULL);
  CHECK(logged[0] == '\0');
  CHECK(acme_serving_open(config, ACME_SERVING_ANYHOW, &serving) == ACME_OK);
  CHECK(strncmp(logged, "3 ", 2) == 0 && strstr(logged, "/nowhere/acme-keeper") != NULL);
  CHECK(strcmp(acme_serving_state(serving, site), "placeholder") == 0);
  acme_serving_free(serving);
  acme_config_free(config);
  logged[0] = '\0';
}

int main(int argc, char** argv) {
  char folder[] = "/tmp/acme-abi-XXXXXX";
  char program[64];
  if (argc > 1 && strcmp(argv[1], "--supervise") == 0) return play_helper();
  if (!mkdtemp(folder)) return 2;
  snprintf(program, sizeof program, "%s/acme-keeper", folder);
  if (symlink("/proc/self/exe", program) != 0) return 2;

  test_every_status_has_a_description();
  test_null_is_freed_and_refused();
  test_a_failure_leaves_outputs_and_says_why();
  test_from_directives_to_plans();
  test_a_restart_goes_on_with_what_is_right();
  test_workers_get_a_placeholder_and_no_challenge(folder);
  test_the_status_is_written_in_three_formats(folder);
  test_the_status_page_is_allowed_by_site();
  test_a_reload_replaces_the_helper(folder);
  test_a_missing_program_is_served_around(folder);

  unlink(program);
  rmdir(folder);
  if (failures == 0) puts("the C ABI keeps its promises");
  return failures != 0;
}
