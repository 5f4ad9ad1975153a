/*
 * What nginx knows about itself and the helper must know too: the user of the
 * workers, where the error log is, and the pid file.
 *
 * Asked twice: while http{} ends, for what the core checks then; and, as `user`
 * and `error_log` may stand after http{}, when the whole file has been read.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


static void ngx_acme_user(ngx_cycle_t *cycle, acme_environment *env);
static void ngx_acme_error_log(ngx_cycle_t *cycle, acme_environment *env);
static void ngx_acme_resolvers(ngx_cycle_t *cycle, ngx_acme_main_conf_t *amcf);


void
ngx_acme_collect_environment(ngx_cycle_t *cycle, ngx_acme_main_conf_t *amcf)
{
    ngx_core_conf_t  *ccf;

    /* plain_http_listener is set by sites.c */

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    amcf->environment.server_version = NGINX_VER;

    /* in the end always set, and a full name */

    amcf->environment.pid_file = (char *) ccf->pid.data;

    amcf->environment.config_file = (char *) cycle->conf_file.data;

    ngx_acme_user(cycle, &amcf->environment);
    ngx_acme_error_log(cycle, &amcf->environment);
    ngx_acme_resolvers(cycle, amcf);
}


/* "resolver" of the http level, as addresses: names in it nginx has resolved */

static void
ngx_acme_resolvers(ngx_cycle_t *cycle, ngx_acme_main_conf_t *amcf)
{
    size_t                      len;
    u_char                     *p;
    ngx_uint_t                  i;
    ngx_http_conf_ctx_t        *ctx;
    ngx_resolver_connection_t  *rec;
    ngx_http_core_loc_conf_t   *clcf;

    ctx = (ngx_http_conf_ctx_t *) cycle->conf_ctx[ngx_http_module.index];
    clcf = ctx->loc_conf[ngx_http_core_module.ctx_index];

    if (amcf->environment.resolvers || clcf->resolver == NULL
        || clcf->resolver->connections.nelts == 0)
    {
        return;
    }

    rec = clcf->resolver->connections.elts;
    len = 0;

    for (i = 0; i < clcf->resolver->connections.nelts; i++) {
        len += rec[i].server.len + 1;
    }

    p = ngx_pnalloc(cycle->pool, len);
    if (p == NULL) {
        return;
    }

    amcf->environment.resolvers = (char *) p;

    for (i = 0; i < clcf->resolver->connections.nelts; i++) {
        p = ngx_cpymem(p, rec[i].server.data, rec[i].server.len);
        *p++ = ' ';
    }

    p[-1] = '\0';
}


static void
ngx_acme_user(ngx_cycle_t *cycle, acme_environment *env)
{
    struct passwd    *pwd;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    env->worker_uid = geteuid();
    env->worker_gid = getegid();

    if (env->worker_uid != 0) {
        return;
    }

    if (ccf->user != (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        env->worker_uid = ccf->user;
        env->worker_gid = ccf->group;
        return;
    }

    /* not set, or not yet: what nginx will take if it stays so */

    pwd = getpwnam(NGX_USER);

    if (pwd) {
        env->worker_uid = pwd->pw_uid;
        env->worker_gid = pwd->pw_gid;
    }
}


static void
ngx_acme_error_log(ngx_cycle_t *cycle, acme_environment *env)
{
    ngx_log_t                 *log;
    ngx_str_t                  name;
    ngx_http_conf_ctx_t       *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    env->log_path = NULL;
    env->log_fd = ngx_stderr;
    env->log_syslog = 0;
    env->log_level = ACME_LOG_ERROR;

    log = &cycle->new_log;

    if (log->log_level == 0) {

        /* no error_log outside of http{}: then that of http{} */

        ctx = (ngx_http_conf_ctx_t *) cycle->conf_ctx[ngx_http_module.index];
        clcf = ctx->loc_conf[ngx_http_core_module.ctx_index];

        log = clcf->error_log;
    }

    if (log == NULL || log->log_level == 0) {

        /* none at all: nginx takes its default */

        name = cycle->error_log;

        if (name.len && ngx_conf_full_name(cycle, &name, 0) == NGX_OK) {
            env->log_path = (char *) name.data;
        }

        return;
    }

    for ( /* void */ ; log; log = log->next) {

        if (log->writer == NULL && log->file) {
            if (log->file->name.len) {
                env->log_path = (char *) log->file->name.data;
            }

            break;
        }

        if (log->writer == ngx_syslog_writer) {
            env->log_syslog = 1;
            break;
        }
    }

    if (log) {
        env->log_level = (int) ngx_min(log->log_level, NGX_LOG_DEBUG) - 1;
    }
}
