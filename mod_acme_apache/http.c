/*
 * http-01: answers challenges on every host, before anything else there
 * (redirects, access rules, rewrites, proxies) is looked at; and ACME_STATE.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

APLOG_USE_MODULE(acme);

#define PREFIX_LENGTH (sizeof(ACME_HTTP01_PREFIX) - 1)

static int send_answer(request_rec *r, const char *answer, size_t length)
{
    conn_rec *c = r->connection;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, c->bucket_alloc);

    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "challenge answered: %s",
                  r->uri);

    ap_set_content_type(r, "application/octet-stream");
    ap_set_content_length(r, length);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_brigade_write(brigade, NULL, NULL, answer, length);
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(c->bucket_alloc));
    if (ap_pass_brigade(r->output_filters, brigade) != APR_SUCCESS)
        return AP_FILTER_ERROR;
    return OK;
}

/*
 * Not in post_read_request: an answer there would cost the connection, and the
 * requests that are already in it.
 */
static int answer_challenge(request_rec *r, int lookup)
{
    mod_acme_conf *conf;
    char answer[ACME_HTTP01_MAX];
    size_t length;

    if (strncmp(r->uri, ACME_HTTP01_PREFIX, PREFIX_LENGTH) != 0)
        return DECLINED;
    if (lookup || r->main || r->prev || r->method_number != M_GET)
        return DECLINED;

    conf = mod_acme_server_of(r->server)->conf;
    if (!conf || !conf->serving ||
        acme_serving_http01(conf->serving, r->uri, strlen(r->uri), answer,
                            &length) != ACME_OK)
        return DECLINED;
    return send_answer(r, answer, length);
}

/*
 * As early as SetEnvIf and, in a server, RewriteCond look. Subrequests copy
 * the environment of their request.
 */
static int set_state(request_rec *r)
{
    const mod_acme_server *server = mod_acme_server_of(r->server);

    if (server->plan != ACME_PLAN_OFF && server->conf->serving)
        apr_table_setn(r->subprocess_env, "ACME_STATE",
                       acme_serving_state(server->conf->serving, server->site));
    return DECLINED;
}

void mod_acme_register_http(void)
{
    static const char *const mod_cache[] = {"mod_cache.c", NULL};
    static const char *const readers[] = {"mod_setenvif.c", "mod_headers.c",
                                          NULL};

    ap_hook_quick_handler(answer_challenge, NULL, mod_cache,
                          APR_HOOK_REALLY_FIRST);
    ap_hook_post_read_request(set_state, NULL, readers, APR_HOOK_FIRST);
}
