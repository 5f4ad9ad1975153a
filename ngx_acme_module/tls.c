/*
 * Certificates at the handshake.
 *
 * A managed server has no certificate in its configuration. So that the ssl
 * module makes a context for it all the same and reads nothing from disk, we
 * put one value with a variable in it where the operator would have written
 * ssl_certificate; the variable is never evaluated, because the callback that
 * would do it is replaced by ours, which gives each connection the certificate
 * from the board. The context itself is never changed.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


static ngx_int_t ngx_acme_push_certificate(ngx_conf_t *cf,
    ngx_http_ssl_srv_conf_t *sscf, const char *id);
static ngx_array_t *ngx_acme_one_value(ngx_conf_t *cf, const char *before,
    const char *id);
static int ngx_acme_certificate(ngx_ssl_conn_t *ssl_conn, void *arg);
static const char *ngx_acme_local_address(ngx_connection_t *c,
    ngx_ssl_conn_t *ssl_conn, u_char *text);


/* runs just before the ssl module merges the same server */

ngx_int_t
ngx_acme_merge_certificate(ngx_conf_t *cf, ngx_acme_srv_conf_t *ascf)
{
    ngx_acme_main_conf_t      *amcf;
    ngx_http_ssl_srv_conf_t   *sscf;
    ngx_http_core_srv_conf_t  *cscf;

    amcf = ascf->main;

    ascf->plan = acme_config_site_plan(amcf->config, ascf->site);

    if (ascf->plan == ACME_PLAN_OFF) {
        return NGX_OK;
    }

    sscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_ssl_module);

    if (sscf->stapling == 1
        || (sscf->stapling == NGX_CONF_UNSET && amcf->http_ssl->stapling == 1))
    {
        if (amcf->nstapling++ == 0) {
            cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
            amcf->stapling = cscf;
        }
    }

    if (ascf->plan == ACME_PLAN_BRIDGE) {
        return NGX_OK;
    }

    switch (ngx_acme_find_context(cf, ascf, sscf)) {

    case NGX_OK:
        sscf->certificates = NULL;
        sscf->certificate_keys = NULL;
        return NGX_OK;

    case NGX_ERROR:
        return NGX_ERROR;

    default: /* NGX_DECLINED */
        return ngx_acme_push_certificate(cf, sscf,
                          acme_config_site_certificate(amcf->config,
                                                       ascf->site));
    }
}


static ngx_int_t
ngx_acme_push_certificate(ngx_conf_t *cf, ngx_http_ssl_srv_conf_t *sscf,
    const char *id)
{
    /*
     * nginx makes the context of TLS sessions from these strings: the id keeps
     * the sessions of different certificates apart
     */

    sscf->certificates = ngx_acme_one_value(cf, "data:$acme_certificate#", id);
    sscf->certificate_keys = ngx_acme_one_value(cf,
                                             "data:$acme_certificate_key#", id);

    if (sscf->certificates == NULL || sscf->certificate_keys == NULL) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_array_t *
ngx_acme_one_value(ngx_conf_t *cf, const char *before, const char *id)
{
    size_t        len;
    ngx_str_t    *value;
    ngx_array_t  *values;

    values = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (values == NULL) {
        return NULL;
    }

    value = ngx_array_push(values);
    if (value == NULL) {
        return NULL;
    }

    len = ngx_strlen(before) + ngx_strlen(id);

    value->data = ngx_pnalloc(cf->pool, len + 1);
    if (value->data == NULL) {
        return NULL;
    }

    value->len = ngx_sprintf(value->data, "%s%s%Z", before, id) - value->data
                 - 1;

    return values;
}


ngx_int_t
ngx_acme_init_tls(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf)
{
    ngx_uint_t                   s;
    ngx_acme_srv_conf_t         *ascf;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (s = 0; s < cmcf->servers.nelts; s++) {
        ascf = cscfp[s]->ctx->srv_conf[ngx_acme_module.ctx_index];
        sscf = cscfp[s]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (ascf->plan == ACME_PLAN_OFF || sscf->ssl.ctx == NULL
            || ascf->context)
        {
            continue;
        }

        SSL_CTX_set_cert_cb(sscf->ssl.ctx, ngx_acme_certificate,
                            ascf->shared ? NULL : cscfp[s]->ctx);
    }

    if (amcf->nstapling) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"ssl_stapling\" does nothing for certificates that "
                      "\"acme\" manages: %ui server%s, the first in %s:%ui",
                      amcf->nstapling, amcf->nstapling == 1 ? "" : "s",
                      amcf->stapling->file_name, amcf->stapling->line);
    }

    return NGX_OK;
}


static int
ngx_acme_certificate(ngx_ssl_conn_t *ssl_conn, void *arg)
{
    ngx_http_conf_ctx_t *ctx = arg;

    int                       rc;
    u_char                    address[NGX_SOCKADDR_STRLEN + 1];
    ngx_connection_t         *c;
    ngx_acme_srv_conf_t      *ascf;
    ngx_http_connection_t    *hc;
    ngx_http_ssl_srv_conf_t  *sscf;

    c = ngx_ssl_get_connection(ssl_conn);

    if (c->ssl->handshaked) {
        return 0;
    }

    if (ctx == NULL) {

        /*
         * a shared context: the server is the one that nginx has found by
         * its name just before it gave the connection this context
         */

        hc = c->data;
        ctx = hc->conf_ctx;
    }

    ascf = ctx->srv_conf[ngx_acme_module.ctx_index];

    rc = ACME_TLS_UNTOUCHED;

    if (ascf->main->serving) {
        rc = acme_serving_set_certificate(ascf->main->serving, ascf->site,
                                          ngx_acme_local_address(c, ssl_conn,
                                                                 address),
                                          ssl_conn);
    }

    if (rc > ACME_TLS_UNTOUCHED) {
        return 1;
    }

    if (rc < 0) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0, "acme: %s",
                      acme_error_message());
    }

    if (ascf->plan == ACME_PLAN_MANAGED) {
        return 0;
    }

    /* the operator's own file answers, or his own variables */

    sscf = ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    if (sscf->certificate_values) {
        return ngx_http_ssl_certificate(ssl_conn, sscf);
    }

    return 1;
}


/* of a client that names no server: NULL for any other */

static const char *
ngx_acme_local_address(ngx_connection_t *c, ngx_ssl_conn_t *ssl_conn,
    u_char *text)
{
    size_t  len;

    if (SSL_get_servername(ssl_conn, TLSEXT_NAMETYPE_host_name)
        || ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK)
    {
        return NULL;
    }

    len = ngx_sock_ntop(c->local_sockaddr, c->local_socklen, text,
                        NGX_SOCKADDR_STRLEN, 0);

    text[len] = '\0';

    return (const char *) text;
}
