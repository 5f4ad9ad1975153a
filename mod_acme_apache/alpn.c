/*
 * tls-alpn-01 (RFC 8737): a CA that offers "acme-tls/1" and nothing else is
 * shown the certificate of its challenge, whatever virtual host its name has
 * or has not.
 *
 * httpd negotiates the protocol (protocol_propose, _switch, _get), and mod_ssl
 * then asks for a certificate (answer_challenge). All that the connection had
 * before is taken away there, and both certificates of the challenge are set:
 * mod_ssl itself would replace the one of the same kind of key alone, and in
 * TLS 1.3 the client might choose the other one. In TLS 1.2 a kind of key is
 * chosen by then; in TLS 1.3 our certificate callback (tls.c) comes later, and
 * leaves such a connection alone.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"
#include "http_connection.h"
#include "http_protocol.h"
#include "http_ssl.h"
#include "mod_ssl_openssl.h"

APLOG_USE_MODULE(acme);

/* Of a connection from a client over TLS. */
typedef struct {
    SSL *ssl;
    int challenged;
} alpn_conn;

static alpn_conn *alpn_conn_of(const conn_rec *c)
{
    return ap_get_module_config(c->conn_config, &acme_module);
}

/* NULL where no such challenge can be pending. */
static const acme_serving *serving_of(const conn_rec *c)
{
    const mod_acme_conf *conf = mod_acme_server_of(c->base_server)->conf;

    return conf && conf->alpn ? conf->serving : NULL;
}

int mod_acme_is_challenged(SSL *ssl)
{
    const conn_rec *c = SSL_get_app_data(ssl);
    const alpn_conn *conn = c ? alpn_conn_of(c) : NULL;

    return conn && conn->challenged;
}

/*
 * httpd selects among the protocols of a server's Protocols, which nobody has
 * to write for this: last of all, and behind what stands for no line at all.
 */
void mod_acme_allow_alpn(mod_acme_conf *conf)
{
    server_rec *s;

    if (!acme_config_may_answer(conf->core, "tls-alpn-01"))
        return;
    conf->alpn = 1;

    for (s = conf->server; s; s = s->next) {
        core_server_config *core = ap_get_core_module_config(s->module_config);

        if (!mod_acme_has_tls(mod_acme_server_of(s)) ||
            ap_array_str_contains(core->protocols, ACME_ALPN_PROTOCOL))
            continue;
        /* servers share it */
        core->protocols = apr_array_copy(conf->pool, core->protocols);
        if (apr_is_empty_array(core->protocols))
            APR_ARRAY_PUSH(core->protocols, const char *) = AP_PROTOCOL_HTTP1;
        APR_ARRAY_PUSH(core->protocols, const char *) = ACME_ALPN_PROTOCOL;
    }
}

/* -- the negotiation ----------------------------------------------------- */

static int note_handshake(conn_rec *c, SSL *ssl, int is_proxy)
{
    alpn_conn *conn;

    if (is_proxy || !serving_of(c))
        return DECLINED;
    conn = apr_pcalloc(c->pool, sizeof(*conn));
    conn->ssl = ssl;
    ap_set_module_config(c->conn_config, &acme_module, conn);
    return DECLINED;
}

static int is_challenge(const conn_rec *c, const apr_array_header_t *offers)
{
    const acme_serving *serving = serving_of(c);
    const alpn_conn *conn;
    const char *name;

    if (!serving || !acme_serving_alpn_pending(serving))
        return 0;
    conn = alpn_conn_of(c);
    if (!conn || !offers || offers->nelts != 1 ||
        strcmp(APR_ARRAY_IDX(offers, 0, const char *), ACME_ALPN_PROTOCOL) != 0)
        return 0;
    name = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
    return name && acme_serving_has_challenge(serving, name, strlen(name));
}

static int propose(conn_rec *c, request_rec *r, server_rec *s,
                   const apr_array_header_t *offers,
                   apr_array_header_t *proposals)
{
    if (r || !is_challenge(c, offers))
        return DECLINED;
    APR_ARRAY_PUSH(proposals, const char *) = ACME_ALPN_PROTOCOL;
    return OK;
}

static int switch_to(conn_rec *c, request_rec *r, server_rec *s,
                     const char *protocol)
{
    alpn_conn *conn = r ? NULL : alpn_conn_of(c);

    if (!conn || strcmp(protocol, ACME_ALPN_PROTOCOL) != 0)
        return DECLINED;
    conn->challenged = 1;
    return OK;
}

static const char *get(const conn_rec *c)
{
    const alpn_conn *conn = alpn_conn_of(c);

    return conn && conn->challenged ? ACME_ALPN_PROTOCOL : NULL;
}

/* -- the answer ---------------------------------------------------------- */

static apr_status_t wipe_key(void *pem)
{
    OPENSSL_cleanse(pem, ACME_CHALLENGE_PEM_MAX);
    return APR_SUCCESS;
}

/*
 * mod_ssl sets what it is given once more, which changes nothing, and asks
 * this client for no certificate.
 */
static int answer(conn_rec *c, const char *name, const char **certificate,
                  const char **key)
{
    const alpn_conn *conn = alpn_conn_of(c);
    const acme_serving *serving = serving_of(c);
    char *texts;

    if (!conn || !conn->challenged || !name)
        return DECLINED;

    texts = apr_palloc(c->pool, 2 * ACME_CHALLENGE_PEM_MAX);
    apr_pool_cleanup_register(c->pool, texts + ACME_CHALLENGE_PEM_MAX, wipe_key,
                              apr_pool_cleanup_null);
    if (acme_serving_challenge_pem(serving, name, ACME_KEY_ECDSA, texts,
                                   texts + ACME_CHALLENGE_PEM_MAX) != ACME_OK ||
        acme_serving_set_challenge(serving, name, conn->ssl) != ACME_OK) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, c,
                      "the tls-alpn-01 challenge for %s ended during its "
                      "handshake: %s",
                      name, acme_error_message());
        return DECLINED;
    }
    ap_log_cerror(APLOG_MARK, APLOG_DEBUG, 0, c,
                  "tls-alpn-01 challenge answered: %s", name);
    *certificate = texts;
    *key = texts + ACME_CHALLENGE_PEM_MAX;
    return OK;
}

/* Nothing is said over such a connection. mod_ssl has made its handshake. */
static int close_connection(conn_rec *c)
{
    const alpn_conn *conn = alpn_conn_of(c);

    if (!conn || !conn->challenged)
        return DECLINED;
    c->keepalive = AP_CONN_CLOSE;
    if (c->cs)
        c->cs->state = CONN_STATE_LINGER;
    return OK;
}

void mod_acme_register_alpn(void)
{
    static const char *const mod_ssl[] = {"mod_ssl.c", NULL};
    static const char *const mod_http2[] = {"mod_http2.c", NULL};

    APR_OPTIONAL_HOOK(ssl, pre_handshake, note_handshake, NULL, NULL,
                      APR_HOOK_MIDDLE);
    ap_hook_protocol_propose(propose, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_protocol_switch(switch_to, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_protocol_get(get, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_ssl_answer_challenge(answer, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_process_connection(close_connection, mod_ssl, mod_http2,
                               APR_HOOK_MIDDLE);
}
