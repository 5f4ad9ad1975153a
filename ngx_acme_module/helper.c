/*
 * From the configuration to what runs: board and helper.
 *
 * A fault of the environment never stops a server. At the first start the board
 * is made in init_module (where its log lines reach the configured error log),
 * with whatever there is. At a reload it is made in init_conf, before the new
 * cycle is committed: a failure refuses the reload, and the old cycle goes on.
 * init_module itself always returns NGX_OK, as an error there would end the
 * running master.
 *
 * The helper belongs to its cycle, and lives as long as the master holds the
 * cycle's handle.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


/* about what a board and a helper take for a moment */
#define NGX_ACME_DESCRIPTORS  12

/*
 * How long a reload may take longer, while the old workers go on serving, so
 * that the new workers know all challenges under way from the start.
 */
#define NGX_ACME_HANDOVER     3000


static void ngx_acme_start(ngx_cycle_t *cycle, ngx_acme_main_conf_t *amcf,
    ngx_acme_main_conf_t *old);
static ngx_int_t ngx_acme_open(ngx_cycle_t *cycle, ngx_acme_main_conf_t *amcf,
    unsigned flags);
static ngx_uint_t ngx_acme_in_use(ngx_acme_main_conf_t *amcf);
static ngx_int_t ngx_acme_descriptors(ngx_cycle_t *cycle);
static ngx_acme_main_conf_t *ngx_acme_cycle_conf(ngx_cycle_t *cycle);


/* init_conf of ngx_acme_core_module: all that was configured is known */

char *
ngx_acme_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_acme_main_conf_t  *amcf;

    amcf = ngx_acme_cycle_conf(cycle);

    if (amcf == NULL || !ngx_acme_in_use(amcf)) {
        return NGX_CONF_OK;
    }

    ngx_acme_collect_environment(cycle, amcf);

    if (ngx_test_config || ngx_process == NGX_PROCESS_SIGNALLER
        || ngx_is_init_cycle(cycle->old_cycle))
    {
        return NGX_CONF_OK;
    }

    if (ngx_acme_descriptors(cycle) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_acme_open(cycle, amcf, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "acme: %s; the new configuration is not used",
                      acme_error_message());
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_acme_init_module(ngx_cycle_t *cycle)
{
    ngx_acme_main_conf_t  *amcf, *old;

    if (ngx_test_config) {
        return NGX_OK;
    }

    amcf = ngx_acme_cycle_conf(cycle);
    old = ngx_acme_cycle_conf(cycle->old_cycle);

    if (amcf) {
        amcf->log = cycle->log;

        if (ngx_acme_in_use(amcf)) {
            ngx_acme_start(cycle, amcf, old);
        }

        acme_config_free(amcf->config);
        amcf->config = NULL;
    }

    /*
     * No certificates any more, or the new helper did not start: the old one
     * would write challenges where no worker reads them. The pool of the old
     * cycle would stop it too, but without a master it lives on until its
     * connections are closed.
     */

    if (old) {
        acme_helper_stop(old->helper);
        old->helper = NULL;
    }

    return NGX_OK;
}


static void
ngx_acme_start(ngx_cycle_t *cycle, ngx_acme_main_conf_t *amcf,
    ngx_acme_main_conf_t *old)
{
    acme_helper  *previous;
    unsigned      patience;

    if (amcf->serving == NULL
        && ngx_acme_open(cycle, amcf, ACME_SERVING_ANYHOW) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0, "acme: %s",
                      acme_error_message());
        return;
    }

    if (acme_config_certificate_count(amcf->config) == 0) {
        return;
    }

    /* the first start has no workers yet, a single process has no others */

    previous = old ? old->helper : NULL;
    patience = (ngx_process == NGX_PROCESS_MASTER) ? NGX_ACME_HANDOVER : 0;

    if (acme_helper_start(amcf->serving, previous, patience, &amcf->helper)
        != ACME_OK)
    {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "acme: the helper did not start: %s",
                      acme_error_message());
        return;
    }

    if (old) {
        /* stopped by the new one */
        old->helper = NULL;
    }
}


/* in each worker and cache process; without a master, in the only process */

ngx_int_t
ngx_acme_init_process(ngx_cycle_t *cycle)
{
    ngx_acme_main_conf_t  *amcf;

    amcf = ngx_acme_cycle_conf(cycle);

    if (amcf && ngx_process != NGX_PROCESS_SINGLE) {
        acme_helper_forget(amcf->helper);
        amcf->helper = NULL;

        acme_serving_enter_worker(amcf->serving);
    }

    return NGX_OK;
}


void
ngx_acme_exit_master(ngx_cycle_t *cycle)
{
    ngx_acme_main_conf_t  *amcf;

    amcf = ngx_acme_cycle_conf(cycle);

    if (amcf) {
        acme_helper_stop(amcf->helper);
        amcf->helper = NULL;
    }
}


static ngx_int_t
ngx_acme_open(ngx_cycle_t *cycle, ngx_acme_main_conf_t *amcf, unsigned flags)
{
    amcf->log = cycle->log;

    if (acme_config_set_environment(amcf->config, &amcf->environment)
        != ACME_OK
        || acme_serving_open(amcf->config,
                             flags | (amcf->status ? ACME_SERVING_STATUS : 0),
                             &amcf->serving)
           != ACME_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a status page has something to say without any certificate of ours */

static ngx_uint_t
ngx_acme_in_use(ngx_acme_main_conf_t *amcf)
{
    return acme_config_certificate_count(amcf->config) != 0
           || amcf->status != NULL;
}


/*
 * init_module may not fail: so see first that there will be descriptors for
 * starting the helper.
 */

static ngx_int_t
ngx_acme_descriptors(ngx_cycle_t *cycle)
{
    int         fd[NGX_ACME_DESCRIPTORS];
    ngx_err_t   err;
    ngx_uint_t  n;

    err = 0;

    for (n = 0; n < NGX_ACME_DESCRIPTORS; n++) {
        fd[n] = fcntl(0, F_DUPFD_CLOEXEC, 3);

        if (fd[n] == -1) {
            err = ngx_errno;
            break;
        }
    }

    while (n) {
        (void) close(fd[--n]);
    }

    if (err == NGX_EMFILE || err == NGX_ENFILE) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, err,
                      "acme: too few file descriptors are left to start the "
                      "helper; the new configuration is not used");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Our configuration in a cycle, if this very module was part of it: the first
 * cycle of all has none, one that was read without http{} has none, and in one
 * that had another build of the module loaded our index means nothing.
 */

static ngx_acme_main_conf_t *
ngx_acme_cycle_conf(ngx_cycle_t *cycle)
{
    ngx_uint_t            i;
    ngx_http_conf_ctx_t  *ctx;

    if (ngx_is_init_cycle(cycle)) {
        return NULL;
    }

    for (i = 0; i < cycle->modules_n; i++) {
        if (cycle->modules[i] == &ngx_acme_module) {
            break;
        }
    }

    ctx = (ngx_http_conf_ctx_t *) cycle->conf_ctx[ngx_http_module.index];

    if (i == cycle->modules_n || ctx == NULL) {
        return NULL;
    }

    return ctx->main_conf[ngx_acme_module.ctx_index];
}
