/*
 * ngx_acme_module: automatic certificates in nginx. What its files share.
 *
 * License: Apache-2.0
 */

#ifndef _NGX_ACME_H_INCLUDED_
#define _NGX_ACME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <acmecore/acmecore.h>


/* one per cycle, freed with its pool */

typedef struct {
    acme_config               *config;     /* until the cycle is committed */
    acme_serving              *serving;    /* NULL: no certificates, or -t */
    acme_helper               *helper;     /* in the master only */

    acme_environment           environment;

    ngx_log_t                 *log;        /* where the core's lines go */

    ngx_http_ssl_srv_conf_t   *http_ssl;   /* as configured at http{} level */

    ngx_ssl_t                  alpn;       /* answers tls-alpn-01, see alpn.c */

    /* SSL_CTXs that servers share, see share.c; during configuration only */
    ngx_rbtree_t               contexts;
    ngx_rbtree_node_t          contexts_sentinel;
    ngx_array_t                picture;
    ngx_uint_t                 share;      /* unsigned  share:1; */

    ngx_array_t               *status;     /* "acme_status" places, status.c */

    /* "ssl_stapling on" does nothing for managed certificates */
    ngx_http_core_srv_conf_t  *stapling;   /* the first such server */
    ngx_uint_t                 nstapling;
} ngx_acme_main_conf_t;


/* one per server{}, and one of the http{} level, which is no server */

typedef struct {
    ngx_acme_main_conf_t      *main;

    acme_scope                 scope;
    uint32_t                   site;
    acme_site_plan             plan;

    /* whose SSL_CTX this server uses, when it has none of its own */
    ngx_http_ssl_srv_conf_t   *context;

    unsigned                   has_scope:1;
    unsigned                   tls:1;      /* has an ssl or quic listener */
    unsigned                   default_server:1;   /* of such a one */
    unsigned                   shared:1;   /* the SSL_CTX may have others */
} ngx_acme_srv_conf_t;


/* directives.c */
extern ngx_command_t  ngx_acme_commands[];
ngx_int_t ngx_acme_site_scope(ngx_conf_t *cf, ngx_acme_srv_conf_t *ascf);

/* environment.c */
void ngx_acme_collect_environment(ngx_cycle_t *cycle,
    ngx_acme_main_conf_t *amcf);

/* sites.c */
ngx_int_t ngx_acme_add_sites(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf);

/* listeners.c */
ngx_int_t ngx_acme_add_listeners(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf);

/* tls.c */
ngx_int_t ngx_acme_merge_certificate(ngx_conf_t *cf,
    ngx_acme_srv_conf_t *ascf);
ngx_int_t ngx_acme_init_tls(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf);

/* alpn.c */
ngx_int_t ngx_acme_init_alpn(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf);

/* share.c */
ngx_int_t ngx_acme_init_sharing(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf);
ngx_int_t ngx_acme_find_context(ngx_conf_t *cf, ngx_acme_srv_conf_t *ascf,
    ngx_http_ssl_srv_conf_t *sscf);
void ngx_acme_share_contexts(ngx_conf_t *cf);

/* http.c */
ngx_int_t ngx_acme_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_acme_init_http(ngx_conf_t *cf);

/* status.c */
char *ngx_acme_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_acme_add_supplied(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf,
    uint32_t site, ngx_array_t *certs);
void ngx_acme_check_status(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf);

/* helper.c */
char *ngx_acme_init_conf(ngx_cycle_t *cycle, void *conf);
ngx_int_t ngx_acme_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_acme_init_process(ngx_cycle_t *cycle);
void ngx_acme_exit_master(ngx_cycle_t *cycle);


extern ngx_module_t  ngx_acme_module;
extern ngx_module_t  ngx_acme_core_module;


#endif /* _NGX_ACME_H_INCLUDED_ */
