/*
 * mod_acme: the module itself, and the life of a configuration.
 *
 *   create_server_config  one for the main server, one for each virtual host
 *   pre_config            takes over the helper of the generation before
 *                         (helper.c)
 *   directives.c          make the core's configuration object and fill it
 *   check_config          tells the core the servers and has it decide
 *                         (sites.c): a typing error ends here, under -t too
 *   post_config, first    makes board and store known to this process, and
 *                         tls-alpn-01 to httpd (alpn.c); mod_ssl then asks for
 *                         certificate files (tls.c)
 *   post_config, last     starts the helper (helper.c)
 *   pool cleanup          leaves the helper to the generation to come
 *
 * httpd does all this twice at its start, and again at each restart. The first
 * pass opens and starts nothing of ours, and what is logged in it is forgotten:
 * the second says it again, to the configured log. -t, -S and -M end after
 * check_config.
 *
 * An error at a restart would end the running server. So from the first start
 * on typing errors are logged, the directive or certificate is left out, and
 * the server goes on.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"
#include "http_main.h"

APLOG_USE_MODULE(acme);

typedef struct {
    int level;
    const char *text;
} log_line;

/* httpd has one configuration at a time */
static mod_acme_conf *the_conf;

mod_acme_server *mod_acme_server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &acme_module);
}

/* -- the log ------------------------------------------------------------- */

static void log_to(void *context, int level, const char *line)
{
    mod_acme_conf *conf = context;
    log_line *kept;

    if (conf->lines) {
        kept = apr_array_push(conf->lines);
        kept->level = level;
        kept->text = apr_pstrdup(conf->pool, line);
        /* a restart goes on without what is wrong */
        if (level <= ACME_LOG_ERROR)
            conf->broken = 1;
        return;
    }
    ap_log_error(APLOG_MARK, level, 0, conf->server, "%s", line);
}

static void log_kept_lines(mod_acme_conf *conf)
{
    apr_array_header_t *lines = conf->lines;
    int i;

    conf->lines = NULL;
    for (i = 0; lines && i < lines->nelts; i++) {
        const log_line *line = &APR_ARRAY_IDX(lines, i, log_line);

        log_to(conf, line->level, line->text);
    }
}

void mod_acme_log(mod_acme_conf *conf, int level, const char *message)
{
    log_to(conf, level, message);
}

/* -- configuration ------------------------------------------------------- */

static apr_status_t forget_conf(void *data)
{
    mod_acme_conf *conf = data;

    mod_acme_leave(conf);
    acme_serving_free(conf->serving);
    acme_config_free(conf->core);
    the_conf = NULL;
    return APR_SUCCESS;
}

static mod_acme_conf *make_conf(apr_pool_t *p, server_rec *s)
{
    mod_acme_conf *conf = apr_pcalloc(p, sizeof(*conf));

    conf->pool = p;
    conf->server = s;
    conf->running = mod_acme_is_running(s);
    /* a configuration test talks to the terminal, at once */
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL)
        conf->lines = apr_array_make(p, 4, sizeof(log_line));
    apr_pool_cleanup_register(p, conf, forget_conf, apr_pool_cleanup_null);
    return conf;
}

static void *create_server_config(apr_pool_t *p, server_rec *s)
{
    mod_acme_server *server = apr_pcalloc(p, sizeof(*server));

    if (!s->is_virtual)
        the_conf = make_conf(p, s);
    server->conf = the_conf;
    server->server = s;
    return server;
}

/*
 * ServerRoot may stand below LoadModule: it is known when the first of our
 * directives is executed. NULL where there is no memory for it, at a restart.
 */
acme_config *mod_acme_core(mod_acme_conf *conf)
{
    if (!conf->core && acme_config_new(ACME_SERVER_HTTPD, ap_server_root,
                                       log_to, conf, &conf->core) != ACME_OK)
        mod_acme_log(conf, ACME_LOG_ERROR, acme_error_message());
    return conf->core;
}

int mod_acme_in_use(const mod_acme_conf *conf)
{
    return conf->resolved && acme_config_certificate_count(conf->core) != 0;
}

/* -- hooks --------------------------------------------------------------- */

/* Not in the first of the two passes at the start. */
static int is_for_real(void)
{
    return ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG;
}

static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    if (the_conf) {
        the_conf->plog = plog;
        mod_acme_take_over(the_conf);
    }
    return OK;
}

static const char *resolve(mod_acme_conf *conf)
{
    const char *error = mod_acme_add_sites(conf);
    int status;

    if (error)
        return error;
    mod_acme_collect_environment(conf);
    status = acme_config_set_environment(conf->core, &conf->environment);
    if (status == ACME_OK)
        status = conf->running ? acme_config_resolve_anyhow(conf->core)
                               : acme_config_resolve(conf->core);
    return status == ACME_OK ? NULL : acme_error_message();
}

static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *s)
{
    mod_acme_conf *conf = the_conf;
    const char *error;

    if (!conf || !conf->core)
        return OK;

    error = resolve(conf);
    if (!error) {
        conf->resolved = 1;
        mod_acme_take_plans(conf);
        mod_acme_allow_status(conf);
        return OK;
    }
    if (conf->running) {
        mod_acme_log(conf, ACME_LOG_ERROR, error);
        return OK;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_STARTUP, 0, s, "mod_acme: %s",
                 error);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int open_serving(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *s)
{
    mod_acme_conf *conf = the_conf;

    if (!conf)
        return OK;

    conf->plog = plog;
    conf->may_write = 1;
    if (!is_for_real())
        return OK;

    log_kept_lines(conf);
    if (!mod_acme_in_use(conf) && !conf->status)
        return OK;

    /* now that the logs are open */
    mod_acme_collect_environment(conf);
    if (acme_config_set_environment(conf->core, &conf->environment) !=
            ACME_OK ||
        acme_serving_open(conf->core,
                          ACME_SERVING_ANYHOW |
                              (conf->status ? ACME_SERVING_STATUS : 0),
                          &conf->serving) != ACME_OK)
        mod_acme_log(conf, ACME_LOG_ERROR, acme_error_message());
    mod_acme_allow_alpn(conf);
    return OK;
}

static void register_hooks(apr_pool_t *p)
{
    static const char *const mod_ssl[] = {"mod_ssl.c", NULL};

    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(open_serving, NULL, mod_ssl, APR_HOOK_FIRST);
    mod_acme_register_tls();
    mod_acme_register_alpn();
    mod_acme_register_http();
    mod_acme_register_status();
    mod_acme_register_helper();
}

module AP_MODULE_DECLARE_DATA acme_module = {
    STANDARD20_MODULE_STUFF,
    NULL, /* create per-directory configuration */
    NULL, /* merge per-directory configurations */
    create_server_config,
    NULL, /* merge server configurations: the core knows what is inherited */
    mod_acme_commands,
    register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE
#endif
};
