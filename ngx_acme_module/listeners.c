/*
 * Tells the core where each server can be asked which certificate it shows,
 * and who has which address besides.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


static ngx_int_t ngx_acme_add_address(ngx_conf_t *cf,
    ngx_acme_main_conf_t *amcf, ngx_http_conf_addr_t *addr);
static ngx_uint_t ngx_acme_old_ssl(ngx_acme_main_conf_t *amcf,
    ngx_http_core_srv_conf_t *cscf);


ngx_int_t
ngx_acme_add_listeners(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf)
{
    ngx_uint_t                  p, a;
    ngx_http_conf_addr_t       *addr;
    ngx_http_conf_port_t       *port;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (cmcf->ports == NULL) {
        return NGX_OK;
    }

    port = cmcf->ports->elts;

    for (p = 0; p < cmcf->ports->nelts; p++) {
        addr = port[p].addrs.elts;

        for (a = 0; a < port[p].addrs.nelts; a++) {

#if (nginx_version >= 1025000)
            if (addr[a].opt.quic) {
                continue;
            }
#endif

            if (ngx_acme_add_address(cf, amcf, &addr[a]) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_acme_add_address(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf,
    ngx_http_conf_addr_t *addr)
{
    u_char                      text[NGX_SOCKADDR_STRLEN + 1];
    size_t                      len;
    ngx_uint_t                  s;
    acme_listener               listener;
    ngx_acme_srv_conf_t        *ascf;
    ngx_http_core_srv_conf_t  **cscfp;

    len = ngx_sock_ntop(addr->opt.sockaddr, addr->opt.socklen, text,
                        NGX_SOCKADDR_STRLEN, 1);
    text[len] = '\0';

    listener.address = (char *) text;

    cscfp = addr->servers.elts;

    for (s = 0; s < addr->servers.nelts; s++) {
        ascf = cscfp[s]->ctx->srv_conf[ngx_acme_module.ctx_index];

        listener.flags = 0;

        if (addr->opt.ssl || ngx_acme_old_ssl(amcf, cscfp[s])) {
            listener.flags |= ACME_LISTENER_TLS;
        }

        if (addr->opt.proxy_protocol) {
            listener.flags |= ACME_LISTENER_PROXY_PROTOCOL;
        }

        if (cscfp[s] == addr->default_server) {
            listener.flags |= ACME_LISTENER_DEFAULT;
        }

        if (acme_config_add_listener(amcf->config, ascf->site, &listener)
            != ACME_OK)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s",
                          acme_error_message());
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* the deprecated "ssl on" */

static ngx_uint_t
ngx_acme_old_ssl(ngx_acme_main_conf_t *amcf, ngx_http_core_srv_conf_t *cscf)
{
#if (nginx_version < 1025001)

    ngx_http_ssl_srv_conf_t  *sscf;

    sscf = cscf->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    return sscf->enable == 1
           || (sscf->enable == NGX_CONF_UNSET && amcf->http_ssl->enable == 1);

#else

    return 0;

#endif
}
