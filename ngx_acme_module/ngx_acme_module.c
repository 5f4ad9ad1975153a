/*
 * ngx_acme_module: the module itself, and the life of its configuration.
 *
 *   create_main_conf    makes the core's configuration object
 *   directives.c        fills it while http{} is read
 *   init_main_conf      tells it the servers and has it decide (sites.c)
 *   merge_srv_conf      gives the ssl module what it needs to see, just before
 *                       the ssl module merges the same server (tls.c)
 *   postconfiguration   hands out shared TLS contexts (share.c), takes over the
 *                       certificate callbacks (tls.c) and answers challenges
 *                       (alpn.c, http.c)
 *   init_conf           the whole file has been read: at a reload all that may
 *                       fail is done here, where failure refuses it (helper.c)
 *   init_module         the cycle is committed: the helper is started; nothing
 *                       may fail any more (helper.c)
 *
 * None of this opens, writes or starts anything under nginx -t or nginx -s.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


static ngx_int_t ngx_acme_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_acme_postconfiguration(ngx_conf_t *cf);
static void *ngx_acme_create_main_conf(ngx_conf_t *cf);
static char *ngx_acme_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_acme_create_srv_conf(ngx_conf_t *cf);
static char *ngx_acme_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_acme_cleanup(void *data);
static void ngx_acme_log(void *context, int level, const char *line);


static ngx_http_module_t  ngx_acme_module_ctx = {
    ngx_acme_preconfiguration,             /* preconfiguration */
    ngx_acme_postconfiguration,            /* postconfiguration */

    ngx_acme_create_main_conf,             /* create main configuration */
    ngx_acme_init_main_conf,               /* init main configuration */

    ngx_acme_create_srv_conf,              /* create server configuration */
    ngx_acme_merge_srv_conf,               /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_acme_module = {
    NGX_MODULE_V1,
    &ngx_acme_module_ctx,                  /* module context */
    ngx_acme_commands,                     /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_acme_init_module,                  /* init module */
    ngx_acme_init_process,                 /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    ngx_acme_exit_master,                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_core_module_t  ngx_acme_core_module_ctx = {
    ngx_string("acme"),
    NULL,                                  /* create configuration */
    ngx_acme_init_conf                     /* init configuration */
};


static ngx_command_t  ngx_acme_core_commands[] = {
    ngx_null_command
};


ngx_module_t  ngx_acme_core_module = {
    NGX_MODULE_V1,
    &ngx_acme_core_module_ctx,             /* module context */
    ngx_acme_core_commands,                /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_acme_preconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t      i;
    ngx_module_t  **modules;

    modules = cf->cycle->modules;

    for (i = 0; modules[i] != &ngx_acme_module; i++) {
        if (modules[i] == &ngx_http_ssl_module) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "ngx_acme_module must stand before "
                          "ngx_http_ssl_module: build it with "
                          "--add-dynamic-module, or place it so in "
                          "HTTP_MODULES");
            return NGX_ERROR;
        }
    }

    return ngx_acme_add_variables(cf);
}


static void *
ngx_acme_create_main_conf(ngx_conf_t *cf)
{
    u_char                *root;
    ngx_str_t             *prefix;
    ngx_pool_cleanup_t    *cln;
    ngx_acme_main_conf_t  *amcf;

    amcf = ngx_pcalloc(cf->pool, sizeof(ngx_acme_main_conf_t));
    if (amcf == NULL) {
        return NULL;
    }

    amcf->log = cf->log;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_acme_cleanup;
    cln->data = amcf;

    prefix = &cf->cycle->prefix;

    root = ngx_pnalloc(cf->temp_pool, prefix->len + 1);
    if (root == NULL) {
        return NULL;
    }

    ngx_cpystrn(root, prefix->data, prefix->len + 1);

    if (acme_config_new(ACME_SERVER_NGINX, (char *) root, ngx_acme_log, amcf,
                        &amcf->config)
        != ACME_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "acme: %s",
                      acme_error_message());
        return NULL;
    }

    return amcf;
}


static char *
ngx_acme_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_acme_main_conf_t *amcf = conf;

    if (ngx_acme_add_sites(cf, amcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* not yet the last word: see init_conf */

    ngx_acme_collect_environment(cf->cycle, amcf);

    if (acme_config_set_environment(amcf->config, &amcf->environment)
        != ACME_OK
        || acme_config_resolve(amcf->config) != ACME_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s", acme_error_message());
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_acme_create_srv_conf(ngx_conf_t *cf)
{
    /* set by ngx_pcalloc(): plan = ACME_PLAN_OFF */

    return ngx_pcalloc(cf->pool, sizeof(ngx_acme_srv_conf_t));
}


static char *
ngx_acme_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    if (ngx_acme_merge_certificate(cf, child) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_acme_postconfiguration(ngx_conf_t *cf)
{
    ngx_acme_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_acme_module);

    ngx_acme_check_status(cf, amcf);

    if (acme_config_certificate_count(amcf->config) == 0) {
        return NGX_OK;
    }

    ngx_acme_share_contexts(cf);

    if (ngx_acme_init_tls(cf, amcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_acme_init_alpn(cf, amcf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_acme_init_http(cf);
}


/*
 * The pool of a cycle is destroyed when nobody uses it any more: at a reload
 * that has failed, in the master after one that has succeeded, at the end of a
 * process, and without a master when its last connection is closed.
 */

static void
ngx_acme_cleanup(void *data)
{
    ngx_acme_main_conf_t *amcf = data;

    acme_helper_stop(amcf->helper);
    acme_serving_free(amcf->serving);
    acme_config_free(amcf->config);
}


static void
ngx_acme_log(void *context, int level, const char *line)
{
    ngx_acme_main_conf_t *amcf = context;

    ngx_uint_t  nginx_level;

    /* nginx counts as syslog does, but one higher */

    nginx_level = ngx_min(level, ACME_LOG_DEBUG) + 1;

    ngx_log_error(nginx_level, amcf->log, 0, "acme: %s", line);
}
