/*
 * Tells the core which servers there are, and takes its decisions.
 *
 * This runs after http{} has been read and the core http module has merged its
 * server configurations, and before the ssl module has: what stands in the ssl
 * configuration is what the operator wrote at each level.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


static void ngx_acme_mark_listeners(ngx_http_core_main_conf_t *cmcf,
    ngx_acme_main_conf_t *amcf);
static ngx_int_t ngx_acme_add_site(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf,
    ngx_http_core_srv_conf_t *cscf);
static const char **ngx_acme_server_names(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *cscf, size_t *n);
static ngx_uint_t ngx_acme_own_certificate(ngx_http_ssl_srv_conf_t *sscf,
    ngx_http_ssl_srv_conf_t *http);
static ngx_array_t *ngx_acme_certificates(ngx_http_ssl_srv_conf_t *sscf,
    ngx_http_ssl_srv_conf_t *http);


ngx_int_t
ngx_acme_add_sites(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf)
{
    ngx_uint_t                   s;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    amcf->http_ssl = ngx_http_conf_get_module_srv_conf(cf, ngx_http_ssl_module);

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    ngx_acme_mark_listeners(cmcf, amcf);

    if (ngx_acme_init_sharing(cf, amcf) != NGX_OK) {
        return NGX_ERROR;
    }

    cscfp = cmcf->servers.elts;

    for (s = 0; s < cmcf->servers.nelts; s++) {
        if (ngx_acme_add_site(cf, amcf, cscfp[s]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_acme_add_listeners(cf, amcf);
}


static void
ngx_acme_mark_listeners(ngx_http_core_main_conf_t *cmcf,
    ngx_acme_main_conf_t *amcf)
{
    ngx_uint_t                   p, a, s, tls;
    ngx_acme_srv_conf_t         *ascf;
    ngx_http_conf_addr_t        *addr;
    ngx_http_conf_port_t        *port;
    ngx_http_core_srv_conf_t    *cscf, **cscfp;

    if (cmcf->ports == NULL) {
        return;
    }

    port = cmcf->ports->elts;

    for (p = 0; p < cmcf->ports->nelts; p++) {
        addr = port[p].addrs.elts;

        for (a = 0; a < port[p].addrs.nelts; a++) {
            tls = addr[a].opt.ssl;

#if (nginx_version >= 1025000)
            tls |= addr[a].opt.quic;
#endif

            if (!tls) {
                amcf->environment.plain_http_listener = 1;
                continue;
            }

            cscf = addr[a].default_server;

            ascf = cscf->ctx->srv_conf[ngx_acme_module.ctx_index];
            ascf->default_server = 1;

            cscfp = addr[a].servers.elts;

            for (s = 0; s < addr[a].servers.nelts; s++) {
                ascf = cscfp[s]->ctx->srv_conf[ngx_acme_module.ctx_index];
                ascf->tls = 1;
            }
        }
    }
}


static ngx_int_t
ngx_acme_add_site(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf,
    ngx_http_core_srv_conf_t *cscf)
{
    ngx_flag_t                reject;
    ngx_acme_srv_conf_t      *ascf;
    acme_site_description     site;
    ngx_http_ssl_srv_conf_t  *sscf, *http;

    ascf = cscf->ctx->srv_conf[ngx_acme_module.ctx_index];
    sscf = cscf->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    http = amcf->http_ssl;

    ascf->main = amcf;

#if (nginx_version < 1025001)

    /* the deprecated "ssl on" */

    if (sscf->enable == 1
        || (sscf->enable == NGX_CONF_UNSET && http->enable == 1))
    {
        ascf->tls = 1;
    }

#endif

    /* every server has a scope: "acme" in it or above it makes a difference */

    if (ngx_acme_site_scope(cf, ascf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&site, sizeof(acme_site_description));

    site.scope = ascf->scope;
    site.file = (char *) cscf->file_name;
    site.line = cscf->line;

    site.names = ngx_acme_server_names(cf, cscf, &site.name_count);
    if (site.names == NULL) {
        return NGX_ERROR;
    }

    /* a server that rejects all handshakes has no use for a certificate */

    reject = (sscf->reject_handshake != NGX_CONF_UNSET)
             ? sscf->reject_handshake : http->reject_handshake;

    if (ascf->tls && reject != 1) {
        site.flags |= ACME_SITE_TLS;
    }

    if (ngx_acme_own_certificate(sscf, http)) {
        site.flags |= ACME_SITE_OWN_CERTIFICATE;
    }

    if (acme_config_add_site(amcf->config, &site, &ascf->site) != ACME_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s", acme_error_message());
        return NGX_ERROR;
    }

    if (!(site.flags & ACME_SITE_TLS)) {
        return NGX_OK;
    }

    return ngx_acme_add_supplied(cf, amcf, ascf->site,
                                 ngx_acme_certificates(sscf, http));
}


/* as they were written, but for upper case; without the empty name */

static const char **
ngx_acme_server_names(ngx_conf_t *cf, ngx_http_core_srv_conf_t *cscf,
    size_t *n)
{
    u_char                  *p;
    ngx_str_t                name;
    ngx_uint_t               i;
    const char             **names;
    ngx_http_server_name_t  *sn;

    sn = cscf->server_names.elts;
    *n = 0;

    names = ngx_palloc(cf->temp_pool,
                       (cscf->server_names.nelts + 1) * sizeof(char *));
    if (names == NULL) {
        return NULL;
    }

    for (i = 0; i < cscf->server_names.nelts; i++) {
        name = sn[i].name;

#if (NGX_PCRE)
        if (sn[i].regex) {
            /* the "~" before it */
            name.len++;
            name.data--;
        }
#endif

        if (name.len == 0) {
            continue;
        }

        p = ngx_pnalloc(cf->temp_pool, name.len + 1);
        if (p == NULL) {
            return NULL;
        }

        ngx_cpystrn(p, name.data, name.len + 1);
        names[(*n)++] = (char *) p;
    }

    return names;
}


/*
 * A certificate that the operator gave, here or at http level. One that is
 * nothing but our own variable is none.
 */

static ngx_uint_t
ngx_acme_own_certificate(ngx_http_ssl_srv_conf_t *sscf,
    ngx_http_ssl_srv_conf_t *http)
{
    ngx_str_t    *cert;
    ngx_uint_t    i;
    ngx_array_t  *certs;

    certs = ngx_acme_certificates(sscf, http);

    if (certs == NGX_CONF_UNSET_PTR || certs == NULL) {
        return 0;
    }

    cert = certs->elts;

    for (i = 0; i < certs->nelts; i++) {
        if (ngx_strcmp(cert[i].data, "$acme_certificate") != 0) {
            return 1;
        }
    }

    return 0;
}


static ngx_array_t *
ngx_acme_certificates(ngx_http_ssl_srv_conf_t *sscf,
    ngx_http_ssl_srv_conf_t *http)
{
    return (sscf->certificates != NGX_CONF_UNSET_PTR) ? sscf->certificates
                                                      : http->certificates;
}
