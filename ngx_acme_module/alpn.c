/*
 * tls-alpn-01 (RFC 8737): a CA that offers "acme-tls/1" and nothing else is
 * shown the certificate of its challenge, on a context of ours.
 *
 * The client hello callback is the one place that comes early enough: before a
 * virtual server is chosen, so that names without one are proven too and
 * ssl_reject_handshake says nothing, and before the ALPN extension is used up.
 * It is the callback of the listening socket's default server that runs: every
 * ssl context has it, but only where some issuer may ask for such a challenge,
 * because Lua's ssl_client_hello_by_lua is the same callback, and OpenSSL has
 * no getter for it.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


/* the only protocol in the list of a client, as it stands in the extension */

static const u_char  ngx_acme_alpn_offer[] = "\x00\x0b\x0a" ACME_ALPN_PROTOCOL;
static const u_char  ngx_acme_alpn_protocol[] = ACME_ALPN_PROTOCOL;


static ngx_int_t ngx_acme_create_alpn_context(ngx_conf_t *cf,
    ngx_acme_main_conf_t *amcf);
static int ngx_acme_client_hello(ngx_ssl_conn_t *ssl_conn, int *alert,
    void *arg);
static ngx_uint_t ngx_acme_is_challenge(ngx_ssl_conn_t *ssl_conn,
    ngx_acme_main_conf_t *amcf);
static ngx_int_t ngx_acme_hello_server_name(ngx_ssl_conn_t *ssl_conn,
    ngx_str_t *name);
static int ngx_acme_alpn_server_name(ngx_ssl_conn_t *ssl_conn, int *alert,
    void *arg);
static int ngx_acme_alpn_select(ngx_ssl_conn_t *ssl_conn,
    const unsigned char **out, unsigned char *outlen, const unsigned char *in,
    unsigned int inlen, void *arg);
static int ngx_acme_alpn_certificate(ngx_ssl_conn_t *ssl_conn, void *arg);


ngx_int_t
ngx_acme_init_alpn(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf)
{
    ngx_uint_t                   s;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    if (!acme_config_may_answer(amcf->config, "tls-alpn-01")) {
        return NGX_OK;
    }

    if (ngx_acme_create_alpn_context(cf, amcf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (s = 0; s < cmcf->servers.nelts; s++) {
        sscf = cscfp[s]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (sscf->ssl.ctx) {
            SSL_CTX_set_client_hello_cb(sscf->ssl.ctx, ngx_acme_client_hello,
                                        amcf);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_acme_create_alpn_context(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    amcf->alpn.log = cf->log;

    if (ngx_ssl_create(&amcf->alpn, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = &amcf->alpn;

    SSL_CTX_set_alpn_select_cb(amcf->alpn.ctx, ngx_acme_alpn_select, NULL);
    SSL_CTX_set_cert_cb(amcf->alpn.ctx, ngx_acme_alpn_certificate, amcf);

    /* without one of its own OpenSSL calls that of the default server */

    SSL_CTX_set_tlsext_servername_callback(amcf->alpn.ctx,
                                           ngx_acme_alpn_server_name);

    return NGX_OK;
}


static int
ngx_acme_client_hello(ngx_ssl_conn_t *ssl_conn, int *alert, void *arg)
{
    ngx_acme_main_conf_t *amcf = arg;

    ngx_connection_t  *c;

    if (amcf->serving == NULL || !acme_serving_alpn_pending(amcf->serving)
        || !ngx_acme_is_challenge(ssl_conn, amcf))
    {
#if (nginx_version >= 1029002)
        return ngx_ssl_client_hello_callback(ssl_conn, alert, NULL);
#else
        return SSL_CLIENT_HELLO_SUCCESS;
#endif
    }

    c = ngx_ssl_get_connection(ssl_conn);

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0, "acme tls-alpn-01 challenge");

    if (SSL_set_SSL_CTX(ssl_conn, amcf->alpn.ctx) == NULL) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }

    /* what SSL_new() has copied from the context of the default server */

    SSL_set_verify(ssl_conn, SSL_VERIFY_NONE, NULL);
    SSL_set_options(ssl_conn, SSL_OP_NO_TICKET);
    (void) SSL_set_num_tickets(ssl_conn, 0);

    /* nothing is said over this connection: closed when nginx waits for it */

    c->close = 1;

    return SSL_CLIENT_HELLO_SUCCESS;
}


static ngx_uint_t
ngx_acme_is_challenge(ngx_ssl_conn_t *ssl_conn, ngx_acme_main_conf_t *amcf)
{
    size_t                len;
    ngx_str_t             name;
    ngx_connection_t     *c;
    const unsigned char  *alpn;

    if (!SSL_client_hello_get0_ext(ssl_conn,
                              TLSEXT_TYPE_application_layer_protocol_negotiation,
                              &alpn, &len)
        || len != sizeof(ngx_acme_alpn_offer) - 1
        || ngx_memcmp(alpn, ngx_acme_alpn_offer, len) != 0)
    {
        return 0;
    }

    c = ngx_ssl_get_connection(ssl_conn);

    if (c->type != SOCK_STREAM || c->ssl->handshaked) {
        return 0;
    }

    if (ngx_acme_hello_server_name(ssl_conn, &name) != NGX_OK) {
        return 0;
    }

    return acme_serving_has_challenge(amcf->serving, (char *) name.data,
                                      name.len);
}


/* a list of one name (RFC 6066): OpenSSL has not read the extension yet */

static ngx_int_t
ngx_acme_hello_server_name(ngx_ssl_conn_t *ssl_conn, ngx_str_t *name)
{
    size_t                len;
    const unsigned char  *p;

    if (!SSL_client_hello_get0_ext(ssl_conn, TLSEXT_TYPE_server_name, &p, &len)
        || len <= 5
        || (size_t) ((p[0] << 8) + p[1]) != len - 2
        || p[2] != TLSEXT_NAMETYPE_host_name
        || (size_t) ((p[3] << 8) + p[4]) != len - 5)
    {
        return NGX_DECLINED;
    }

    name->data = (u_char *) p + 5;
    name->len = len - 5;

    return NGX_OK;
}


static int
ngx_acme_alpn_server_name(ngx_ssl_conn_t *ssl_conn, int *alert, void *arg)
{
    return SSL_TLSEXT_ERR_OK;
}


static int
ngx_acme_alpn_select(ngx_ssl_conn_t *ssl_conn, const unsigned char **out,
    unsigned char *outlen, const unsigned char *in, unsigned int inlen,
    void *arg)
{
    /* what the client has offered was looked at before */

    *out = ngx_acme_alpn_protocol;
    *outlen = sizeof(ngx_acme_alpn_protocol) - 1;

    return SSL_TLSEXT_ERR_OK;
}


static int
ngx_acme_alpn_certificate(ngx_ssl_conn_t *ssl_conn, void *arg)
{
    ngx_acme_main_conf_t *amcf = arg;

    const char        *name;
    ngx_connection_t  *c;

    name = SSL_get_servername(ssl_conn, TLSEXT_NAMETYPE_host_name);

    if (name
        && acme_serving_set_challenge(amcf->serving, name, ssl_conn) == ACME_OK)
    {
        return 1;
    }

    c = ngx_ssl_get_connection(ssl_conn);

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "acme: a tls-alpn-01 challenge ended during its handshake: "
                  "%s", acme_error_message());

    return 0;
}
