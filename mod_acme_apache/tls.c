/*
 * Certificates at the handshake.
 *
 * mod_ssl wants a file for each server. A managed one without a file of its
 * own gets a placeholder, self-signed and with the right names: the same path
 * for all servers of one certificate, as mod_ssl compares paths when a
 * connection made for one name asks for another. Each connection is then given
 * the certificate from the board by a callback. The context itself is never
 * changed.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"
#include "http_ssl.h"
#include "mod_ssl_openssl.h"

APLOG_USE_MODULE(acme);

/* A configuration with an error, at a restart: mod_ssl must not end it. */
static int is_orphan(const mod_acme_server *server, apr_array_header_t *certs)
{
    return server->conf->broken && apr_is_empty_array(certs);
}

static int add_cert_files(server_rec *s, apr_pool_t *p,
                          apr_array_header_t *certs, apr_array_header_t *keys)
{
    mod_acme_server *server = mod_acme_server_of(s);
    mod_acme_conf *conf = server->conf;
    const char *cert, *key;
    uint32_t site = server->site;

    if (!conf || !conf->core || !conf->may_write)
        return DECLINED;
    if (server->plan != ACME_PLAN_MANAGED) {
        if (!is_orphan(server, certs))
            return DECLINED;
        site = ACME_NO_SITE;
    }
    if (acme_config_placeholder(conf->core, site,
                                conf->stapling ? ACME_PLACEHOLDER_WITH_ISSUER
                                               : 0,
                                &cert, &key) != ACME_OK) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "%s", acme_error_message());
        return DECLINED;
    }
    /* a key without a certificate would be taken for this one's */
    if (keys->nelts > certs->nelts)
        keys->nelts = certs->nelts;
    APR_ARRAY_PUSH(certs, const char *) = cert;
    APR_ARRAY_PUSH(keys, const char *) = key;
    return OK;
}

/* Any thread. Where we have nothing to say, the file answers. */
static int set_certificate(SSL *ssl, void *data)
{
    mod_acme_server *server = data;
    const char *address = NULL;
    const conn_rec *c;

    /* a connection keeps its certificate when it is renegotiated */
    if (SSL_num_renegotiations(ssl) > 0 || mod_acme_is_challenged(ssl))
        return 1;

    if (!SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
        c = SSL_get_app_data(ssl);
        address = c ? c->local_ip : NULL;
    }

    if (acme_serving_set_certificate(server->conf->serving, server->site,
                                     address, ssl) < 0)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "%s",
                     acme_error_message());
    return 1;
}

static int init_context(server_rec *s, apr_pool_t *p, int is_proxy,
                        SSL_CTX *ctx)
{
    mod_acme_server *server = mod_acme_server_of(s);

    if (!is_proxy && server->plan != ACME_PLAN_OFF && server->conf->serving)
        SSL_CTX_set_cert_cb(ctx, set_certificate, server);
    return OK;
}

/*
 * mod_ssl knows answers for the certificates in its contexts only. For the
 * placeholder it would look for one, and complain for each server.
 */
static int takes_stapling(const server_rec *s)
{
    const mod_acme_server *server = mod_acme_server_of(s);

    return server->plan == ACME_PLAN_MANAGED && mod_acme_has_stapling(server);
}

static int init_stapling(server_rec *s, apr_pool_t *p, X509 *cert, X509 *issuer)
{
    return takes_stapling(s) ? OK : DECLINED;
}

static int get_stapling(unsigned char **der, int *length, conn_rec *c,
                        server_rec *s, X509 *cert)
{
    if (!takes_stapling(s))
        return DECLINED;
    *der = NULL;
    *length = 0;
    return OK;
}

void mod_acme_register_tls(void)
{
    ap_hook_ssl_add_cert_files(add_cert_files, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, init_server, init_context, NULL, NULL,
                      APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, init_stapling_status, init_stapling, NULL, NULL,
                      APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, get_stapling_status, get_stapling, NULL, NULL,
                      APR_HOOK_MIDDLE);
}
