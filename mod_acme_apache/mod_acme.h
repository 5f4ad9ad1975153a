/*
 * mod_acme: automatic certificates in Apache httpd. What its files share.
 *
 * License: Apache-2.0
 */

#ifndef MOD_ACME_H
#define MOD_ACME_H

#include "httpd.h"
#include "http_config.h"
#include "http_core.h"
#include "http_log.h"
#include "apr_strings.h"

#include "acmecore/acmecore.h"

/* One for each time that the configuration is read, in its pool. */
typedef struct {
    apr_pool_t *pool;
    apr_pool_t *plog;   /* cleared before the next configuration is used */
    server_rec *server; /* the main server */

    acme_config *core; /* made with the first directive; NULL: none stands */
    acme_serving *serving;
    acme_environment environment;

    const acme_scope *issuer;  /* of the <ACMEIssuer> that is being read */
    apr_array_header_t *lines; /* kept until there is a log; NULL: there is */

    unsigned int running : 1;   /* a restart: nothing may fail any more */
    unsigned int broken : 1;    /* a typing error was logged, not refused */
    unsigned int resolved : 1;  /* the sites have their plans */
    unsigned int may_write : 1; /* no configuration test */
    unsigned int stapling : 1;  /* asked for where we manage the certificate */
    unsigned int alpn : 1;      /* tls-alpn-01 may be asked for */
    unsigned int status : 1;    /* some server may show the status */
    unsigned int proxy_protocol : 1; /* some address expects its header */

    apr_array_header_t *no_proxy_protocol; /* networks that send none */

    struct mod_acme_helper *helper;
} mod_acme_conf;

/* One for each server, the main one included. */
typedef struct {
    mod_acme_conf *conf;
    server_rec *server;

    acme_scope scope;
    uint32_t site;
    acme_site_plan plan;

    enum {
        SWITCH_UNSET,
        SWITCH_OFF,
        SWITCH_ON
    } ssl_engine,
        ssl_stapling, proxy_protocol;
    apr_array_header_t *files; /* of SSLCertificateFile; NULL: none */
    unsigned int has_scope : 1;
    unsigned int named : 1;           /* ServerName stands here */
    unsigned int own_certificate : 1; /* so does SSLCertificateFile */
    unsigned int added : 1;           /* site is the core's number for it */
    unsigned int status : 1;          /* ACMEStatus on */
    unsigned int upgrade : 1;         /* SSLEngine optional: begins as HTTP */
} mod_acme_server;

extern module AP_MODULE_DECLARE_DATA acme_module;

/* mod_acme.c */
mod_acme_server *mod_acme_server_of(const server_rec *s);
acme_config *mod_acme_core(mod_acme_conf *conf);
int mod_acme_in_use(const mod_acme_conf *conf);
void mod_acme_log(mod_acme_conf *conf, int level, const char *message);

/* directives.c */
extern const command_rec mod_acme_commands[];
const char *mod_acme_site_scope(mod_acme_server *server);

/* sites.c */
const char *mod_acme_see_engine(cmd_parms *cmd, void *dummy, const char *arg);
const char *mod_acme_see_stapling(cmd_parms *cmd, void *dummy, const char *arg);
const char *mod_acme_see_file(cmd_parms *cmd, void *dummy, const char *arg);
const char *mod_acme_see_command(cmd_parms *cmd, void *dummy, const char *name,
                                 const char *value);
const char *mod_acme_see_name(cmd_parms *cmd, void *dummy, const char *arg);
int mod_acme_has_stapling(const mod_acme_server *server);
int mod_acme_has_tls(const mod_acme_server *server);
int mod_acme_has_certificate(const mod_acme_server *server);
const char *mod_acme_add_sites(mod_acme_conf *conf);
void mod_acme_take_plans(mod_acme_conf *conf);

/* listeners.c */
const char *mod_acme_see_proxy_protocol(cmd_parms *cmd, void *dummy, int on);
const char *mod_acme_see_exception(cmd_parms *cmd, void *dummy,
                                   const char *network);
const char *mod_acme_add_listeners(mod_acme_conf *conf);

/* environment.c */
void mod_acme_collect_environment(mod_acme_conf *conf);

/* tls.c */
void mod_acme_register_tls(void);

/* alpn.c */
struct ssl_st;
int mod_acme_is_challenged(struct ssl_st *ssl);
void mod_acme_allow_alpn(mod_acme_conf *conf);
void mod_acme_register_alpn(void);

/* http.c */
void mod_acme_register_http(void);

/* status.c */
const char *mod_acme_add_supplied(mod_acme_server *server, apr_pool_t *p);
void mod_acme_allow_status(mod_acme_conf *conf);
void mod_acme_register_status(void);

/* helper.c */
int mod_acme_is_running(const server_rec *s);
void mod_acme_take_over(mod_acme_conf *conf);
void mod_acme_leave(mod_acme_conf *conf);
void mod_acme_register_helper(void);

#endif /* MOD_ACME_H */
