/*
 * acmecore: automatic certificates for web servers. The only door to the core
 * for the server modules, for tests and for other programs.
 *
 * Conventions
 *   Errors   Functions return ACME_OK (0) or a negative acme_status, which keeps
 *            its meaning for ever. acme_error_message() has the words, with
 *            file, line or path and what to do. Outputs are untouched on failure.
 *   Memory   Handles are opaque and owned by the caller: acme_x_free(NULL) is
 *            fine. Texts passed in are copied. `const char *` returned by a
 *            handle lives as long as the handle.
 *   Threads  A handle is used by one thread at a time, except where "any
 *            thread" is said. The library starts no thread and may be used
 *            across fork. No function of the "workers" part ever blocks.
 *   Logging  One callback, given at acme_config_new, for whole lines in the
 *            operator's words. It is called only inside calls into the library,
 *            never by the "workers" part; its context lives as long as config
 *            and serving do.
 *   Order    config_new, scopes and directives, sites, resolve | serving_open
 *            (before workers are forked), helper_start (in the master) | in
 *            workers: helper_forget, then the functions of the "workers" part.
 *
 * License: Apache-2.0
 */
#ifndef ACMECORE_H
#define ACMECORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ACME_API __attribute__((visibility("default")))
#else
#define ACME_API
#endif

typedef enum acme_status {
  ACME_OK = 0,
  ACME_E_ARGUMENT = -1, /* the caller broke the contract */
  ACME_E_CONFIG = -2,   /* a typing error of the operator */
  ACME_E_MEMORY = -3,
  ACME_E_IO = -4, /* a system call failed */
  ACME_E_NOT_FOUND = -5,
  ACME_E_DAMAGED = -6,     /* stored or shared bytes fail their check */
  ACME_E_UNSUPPORTED = -7, /* a newer version, or a feature this build does not have */
  ACME_E_BUSY = -8,        /* somebody else holds the lock */
  ACME_E_REFUSED = -9,     /* not allowed now */
  ACME_E_PROTOCOL = -10,   /* foreign bytes break their format */
  ACME_E_CRYPTO = -11,
  ACME_E_UNSAFE = -12,  /* a path could be written by somebody else */
  ACME_E_INTERNAL = -13 /* a bug */
} acme_status;

/* The last failure of this thread, never NULL. */
ACME_API const char* acme_error_message(void);
/* What a code means, for every code; never NULL. */
ACME_API const char* acme_status_text(int status);
/* "0.1.0": of the library, its helper programs and the board's layout. */
ACME_API const char* acme_version(void);

/* syslog's numbers. */
enum {
  ACME_LOG_ERROR = 3,
  ACME_LOG_WARNING = 4,
  ACME_LOG_NOTICE = 5,
  ACME_LOG_INFO = 6,
  ACME_LOG_DEBUG = 7
};
typedef void (*acme_log_fn)(void* context, int level, const char* line);

/* ---- Configuration: collect, then resolve ---------------------------------- */

enum { ACME_SERVER_NGINX = 1, ACME_SERVER_HTTPD = 2 };

/* Where a directive may stand (a set of bits, in directives.def). */
enum { ACME_AT_MAIN = 1, ACME_AT_SITE = 2, ACME_AT_ISSUER = 4, ACME_AT_LOCATION = 8 };
enum { ACME_ANY = 0x7fffffff };

typedef struct acme_config acme_config;

/* `root`: what relative paths are relative to (prefix, ServerRoot). */
ACME_API int acme_config_new(int server, const char* root, acme_log_fn log, void* log_context,
                             acme_config** config);
ACME_API void acme_config_free(acme_config* config);

/* A scope is a place where directives stand. 0 is the outermost (http,
 * server configuration). What is not set in a site's scope is inherited. */
typedef uint32_t acme_scope;
ACME_API int acme_config_add_site_scope(acme_config* config, acme_scope* scope);
/* The block of an issuer; a built-in name is amended, a second block of a name is an error. */
ACME_API int acme_config_add_issuer_scope(acme_config* config, const char* name, const char* file,
                                          unsigned line, acme_scope* scope);

/* One directive. `key` is its key in directives.def, or, inside an issuer
 * block, the server's own name for it. Syntax is checked here; what needs the
 * whole configuration (names of issuers, overlaps, lines of a domain file,
 * which is read here) by acme_config_resolve. */
ACME_API int acme_config_set(acme_config* config, acme_scope scope, const char* key,
                             const char* const* values, size_t count, const char* file,
                             unsigned line);

/* What the server knows about itself. */
typedef struct acme_environment {
  const char* server_version; /* "nginx/1.22.1" */
  uid_t worker_uid;           /* user of the workers; meaningful when the caller is root */
  gid_t worker_gid;
  const char* log_path;    /* NULL: the helper writes to descriptor `log_fd` as it is */
  int log_fd;              /* -1: none */
  int log_syslog;          /* not 0: by syslog */
  int log_level;           /* ACME_LOG_…: finer lines are dropped */
  int plain_http_listener; /* not 0: http-01 has somewhere to be answered */
  const char* pid_file;    /* of the server's master; NULL: none, and no reload can be asked for */
  const char* resolvers;   /* "192.0.2.1:53 [2001:db8::1]:53": name servers that the server was
                              told to use, for the names of CAs; NULL: the system's */
  const char* config_file; /* an absolute path: where the server begins to read its configuration;
                              NULL: not known */
} acme_environment;
/* Before resolve, and again before acme_serving_open where a server knows more by then. */
ACME_API int acme_config_set_environment(acme_config* config, const acme_environment* environment);

/* A virtual server. */
enum {
  ACME_SITE_TLS = 1,            /* has a TLS (ssl, quic) listener: only these order certificates */
  ACME_SITE_OWN_CERTIFICATE = 2 /* the operator gave it a certificate file */
};
typedef struct acme_site_description {
  acme_scope scope;
  const char* const* names; /* as configured: may hold wildcards, patterns, "_" */
  size_t name_count;
  unsigned flags;
  const char* file; /* where the server block stands, for messages */
  unsigned line;
} acme_site_description;
ACME_API int acme_config_add_site(acme_config* config, const acme_site_description* description,
                                  uint32_t* site);

/* A listener of a site, so that the helper can ask it which certificate it shows (docs/
 * ARCHITECTURE.md). `address` is "192.0.2.1:443", "[2001:db8::1]:443", "0.0.0.0:443", "[::]:443"
 * or "unix:/path"; any other one is never asked. Those without TLS count, too: who has which
 * address. Before resolve. */
enum {
  ACME_LISTENER_TLS = 1,
  ACME_LISTENER_PROXY_PROTOCOL = 2, /* whoever connects begins with its header */
  ACME_LISTENER_DEFAULT = 4         /* the site is for names, too, that no site there has */
};
typedef struct acme_listener {
  const char* address;
  unsigned flags;
} acme_listener;
ACME_API int acme_config_add_listener(acme_config* config, uint32_t site,
                                      const acme_listener* listener);

/* A certificate file (PEM, an absolute path) that the operator gave a site, for the status page
 * and for notices of its end. For the page it is read by acme_serving_open. */
ACME_API int acme_config_add_supplied(acme_config* config, uint32_t site, const char* file);
/* Not 0 when the configuration allows the status page on this site ("status" in directives.def). */
ACME_API int acme_config_shows_status(const acme_config* config, uint32_t site);

/* Checks the whole and decides which certificates there are. Errors are
 * typing errors (ACME_E_CONFIG); warnings go to the log callback. No side
 * effects: nothing is written or started. */
ACME_API int acme_config_resolve(acme_config* config);
/* The same for a server that must go on (httpd's parent ends when a restart
 * fails): what has a typing error is left out, with a line at level error. */
ACME_API int acme_config_resolve_anyhow(acme_config* config);

/* After resolve. */
typedef enum acme_site_plan {
  ACME_PLAN_OFF = 0,     /* not ours */
  ACME_PLAN_MANAGED = 1, /* ours; the server gave no certificate of its own */
  ACME_PLAN_BRIDGE = 2 /* ours; the operator's file answers until the first certificate is there */
} acme_site_plan;
ACME_API int acme_config_site_plan(const acme_config* config, uint32_t site);
/* Id of the site's (first) certificate; NULL where the plan is off, "" where its domain file has no
 * line yet. */
ACME_API const char* acme_config_site_certificate(const acme_config* config, uint32_t site);
/* For a server that insists on certificate files (mod_ssl): writes a
 * self-signed certificate with the names of the site's (first) certificate and
 * gives the paths, which live as long as the handle. Sites of one certificate
 * get the same path, others another one; there is one P-256 key for all. They
 * lie in <state path>/placeholders and are made anew for each configuration.
 * Where that folder cannot be written they are one file in memory, without a
 * name, for all sites: a fault of the store stops no server. `site`
 * ACME_NO_SITE: that one. Not to be called in a configuration test.
 * WITH_ISSUER: the certificate stands twice in its file, as its own issuer's
 * too; mod_ssl complains without where stapling is on. */
#define ACME_NO_SITE 0xffffffffu
enum { ACME_PLACEHOLDER_WITH_ISSUER = 1 };
ACME_API int acme_config_placeholder(acme_config* config, uint32_t site, unsigned flags,
                                     const char** certificate, const char** key);

/* How many certificates the configuration manages: 0 means that neither board nor helper is needed.
 * A domain file that has no line yet counts as one. */
ACME_API size_t acme_config_certificate_count(const acme_config* config);
/* Not 0 when some CA of the configuration may be answered by this type of challenge
 * ("http-01", "tls-alpn-01"). */
ACME_API int acme_config_may_answer(const acme_config* config, const char* challenge);

/* ---- Serving: once per configuration generation, in the master -------------- */

typedef struct acme_serving acme_serving;

/* Makes the board and fills it from the store. Takes a copy of what it needs
 * from `config`. Fails on faults of the environment only (the message and the
 * log say which): a server that reloads keeps its old generation then, one
 * that starts calls again with ACME_SERVING_ANYHOW and serves what there is. */
enum {
  ACME_SERVING_ANYHOW = 1,
  ACME_SERVING_STATUS = 2 /* the status is shown somewhere: supplied certificates are read, too */
};
ACME_API int acme_serving_open(const acme_config* config, unsigned flags, acme_serving** serving);
ACME_API void acme_serving_free(acme_serving* serving);
/* In a forked worker: closes what only the master needs. */
ACME_API void acme_serving_enter_worker(acme_serving* serving);

/* ---- The helper process ------------------------------------------------------ */

typedef struct acme_helper acme_helper;

/* Starts the helper for this generation: fork and exec, own session, all
 * inherited descriptors closed, signals reset. It lives until the returned
 * handle is stopped or the calling process and all its copies of the handle
 * are gone. May be called again with the same `serving`, when the helper that
 * it had is gone: only the owner of the board (the master) can.
 *
 * `previous` (or NULL) is the handle of the generation before: on success it
 * is stopped and freed, on failure it stays as it was and its helper goes on.
 * Waits up to `patience_ms` (0: not at all,
 * for a first start, when no older worker accepts connections) until the new helper holds the
 * store and workers can answer the challenges of every order under way, so
 * that a CA that asks during a reload is never sent away. Where `acmectl import` has left
 * something for this start, up to three seconds in any case: it is served from the first
 * handshake on. */
ACME_API int acme_helper_start(acme_serving* serving, acme_helper* previous, unsigned patience_ms,
                               acme_helper** helper);
ACME_API pid_t acme_helper_pid(const acme_helper* helper);
/* In the master. Not 0: some process of the helper is there. The one that was
 * started may be gone: another takes its place then. */
ACME_API int acme_helper_alive(const acme_helper* helper);

/* What outlives this library, for a server that unloads its modules between
 * two generations. The descriptor is close-on-exec; a duplicate will do. */
typedef struct acme_helper_state {
  pid_t pid;
  int descriptor;
} acme_helper_state;
/* Gives the handle up without stopping the helper, and frees it. */
ACME_API void acme_helper_release(acme_helper* helper, acme_helper_state* state);
/* Makes a handle of it again, which owns the descriptor. */
ACME_API int acme_helper_adopt(const acme_helper_state* state, acme_helper** helper);

/* In the master: ends it (within a second) and frees the handle. Does not wait. */
ACME_API void acme_helper_stop(acme_helper* helper);
/* In a forked worker: closes what would keep a helper alive; frees the handle. */
ACME_API void acme_helper_forget(acme_helper* helper);

/* ---- Workers: any thread, never blocks ---------------------------------------- */

struct ssl_st;

/* To be called in the certificate callback of a TLS context that belongs to
 * `site`. Gives the connection the site's certificate as it is now; where the
 * client named no server, the certificate for `local_address` if there is one
 * (the text of the server's own IP address on this connection; NULL: not known,
 * or the client named a server). Returns
 *   ACME_TLS_MANAGED      the managed certificate is set
 *   ACME_TLS_UNTOUCHED    not ours, or a bridge whose file goes on answering
 *   ACME_TLS_PLACEHOLDER  a self-signed one is set, so that the handshake works
 * or a negative status: OpenSSL refuses what there is. Beside an operator's
 * file the connection then still has that; else it has no certificate. */
enum { ACME_TLS_UNTOUCHED = 0, ACME_TLS_MANAGED = 1, ACME_TLS_PLACEHOLDER = 2 };
ACME_API int acme_serving_set_certificate(acme_serving* serving, uint32_t site,
                                          const char* local_address, struct ssl_st* ssl);

/* "ready", "bridge", "placeholder"; "" for a site that is not ours. */
ACME_API const char* acme_serving_state(const acme_serving* serving, uint32_t site);

/* http-01 (RFC 8555 section 8.3): is `path` a challenge of ours, and what is
 * answered? Fills `answer` and its length (not terminated). ACME_E_NOT_FOUND:
 * any other path or token; the server goes on as usual. */
#define ACME_HTTP01_PREFIX "/.well-known/acme-challenge/"
enum { ACME_HTTP01_MAX = 1024 };
ACME_API int acme_serving_http01(const acme_serving* serving, const char* path, size_t path_length,
                                 char answer[ACME_HTTP01_MAX], size_t* answer_length);

/* The status of all certificates, for people and for programs (docs/STATUS.md).
 *   BY_QUERY  the page, or what `format=` in the query string of the request asks for
 *   SECTION   HTML without a style, for another page
 *   LINES     "ACME...: value", for programs that read server-status
 * It is written in pieces of some KiB; `write` returns not 0 when no more is wanted. Takes about
 * two milliseconds for each hundred certificates, and reads nothing but the board.
 * ACME_E_UNSUPPORTED: there is no such format. */
enum { ACME_STATUS_BY_QUERY = 0, ACME_STATUS_SECTION = 1, ACME_STATUS_LINES = 2 };
typedef int (*acme_write_fn)(void* context, const char* piece, size_t length);
/* `query` needs no terminating NUL; NULL: there is none. `content_type` is set before the first
 * piece is written, to a text that lives for ever. */
ACME_API int acme_serving_status(const acme_serving* serving, int form, const char* query,
                                 size_t query_length, const char** content_type,
                                 acme_write_fn write, void* context);
/* The page's Content-Security-Policy. */
ACME_API const char* acme_status_policy(void);

/* tls-alpn-01 (RFC 8737). A CA connects with the server name (SNI, of any case) that it wants
 * proven and offers ACME_ALPN_PROTOCOL as its only ALPN protocol; a connection that did so and
 * has a challenge is given that protocol and the challenge's certificate, and is closed after
 * the handshake. */
#define ACME_ALPN_PROTOCOL "acme-tls/1"
/* Not 0 while any such challenge is pending: one relaxed atomic load. */
ACME_API int acme_serving_alpn_pending(const acme_serving* serving);
/* Not 0 when one is pending for this name; the name needs no terminating NUL. */
ACME_API int acme_serving_has_challenge(const acme_serving* serving, const char* server_name,
                                        size_t length);
/* For the certificate callback: takes away what the connection has and sets the challenge's
 * certificates, an ECDSA and an RSA one. ACME_E_NOT_FOUND: none is pending for the name, and
 * the connection is as it was. */
ACME_API int acme_serving_set_challenge(const acme_serving* serving, const char* server_name,
                                        struct ssl_st* ssl);
/* The same as texts in PEM form, NUL-terminated, for a server that wants them so. Whoever gets
 * the key wipes it. ACME_E_NOT_FOUND: none with this kind of key. */
enum { ACME_KEY_ECDSA = 1, ACME_KEY_RSA = 2 };
enum { ACME_CHALLENGE_PEM_MAX = 8192 };
ACME_API int acme_serving_challenge_pem(const acme_serving* serving, const char* server_name,
                                        int key_kind, char certificate[ACME_CHALLENGE_PEM_MAX],
                                        char private_key[ACME_CHALLENGE_PEM_MAX]);

#ifdef __cplusplus
}
#endif
#endif
