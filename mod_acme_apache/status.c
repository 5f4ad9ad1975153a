/*
 * The status: a handler, "SetHandler acme-status", and a section of
 * server-status where mod_status is. The core renders it, from the board:
 * nothing is read from disk and nobody is asked.
 *
 * SetHandler is open to .htaccess. So nothing is shown but in servers that have
 * ACMEStatus on, which stands in the server configuration alone.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"
#include "apr_optional_hooks.h"
#include "http_protocol.h"
#include "http_request.h"
#include "mod_status.h"
#include "util_filter.h"

APLOG_USE_MODULE(acme);

#define HANDLER "acme-status"

/* The operator's files, for the certificates that are none of ours. */
const char *mod_acme_add_supplied(mod_acme_server *server, apr_pool_t *p)
{
    const apr_array_header_t *files = server->files;
    int i;

    if (!server->own_certificate)
        files = mod_acme_server_of(server->conf->server)->files;
    for (i = 0; files && i < files->nelts; i++) {
        const char *file =
            ap_server_root_relative(p, APR_ARRAY_IDX(files, i, const char *));

        if (file && acme_config_add_supplied(server->conf->core, server->site,
                                             file) != ACME_OK)
            return acme_error_message();
    }
    return NULL;
}

void mod_acme_allow_status(mod_acme_conf *conf)
{
    server_rec *s;

    for (s = conf->server; s; s = s->next) {
        mod_acme_server *server = mod_acme_server_of(s);

        if (server->added && acme_config_shows_status(conf->core, server->site))
            server->status = conf->status = 1;
    }
}

static const acme_serving *serving_of(const request_rec *r)
{
    const mod_acme_server *server = mod_acme_server_of(r->server);

    return server->status ? server->conf->serving : NULL;
}

static int write_piece(void *context, const char *piece, size_t length)
{
    request_rec *r = context;

    return ap_rwrite(piece, (int)length, r) < 0 || r->connection->aborted;
}

/* -- the page ------------------------------------------------------------ */

typedef struct {
    request_rec *r;
    apr_bucket_brigade *brigade;
} page;

static int keep_piece(void *context, const char *piece, size_t length)
{
    page *out = context;

    return apr_brigade_write(out->brigade, NULL, NULL, piece, length) !=
           APR_SUCCESS;
}

static void set_headers(request_rec *r, const char *type)
{
    ap_set_content_type(r, type);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Content-Security-Policy",
                   acme_status_policy());
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Referrer-Policy", "no-referrer");
}

static int send_page(page *out, const char *type)
{
    request_rec *r = out->r;
    apr_off_t length = 0;

    set_headers(r, type);
    if (apr_brigade_length(out->brigade, 1, &length) == APR_SUCCESS)
        ap_set_content_length(r, length);
    APR_BRIGADE_INSERT_TAIL(out->brigade,
                            apr_bucket_eos_create(r->connection->bucket_alloc));
    if (ap_pass_brigade(r->output_filters, out->brigade) != APR_SUCCESS)
        return AP_FILTER_ERROR;
    return OK;
}

static int show_page(request_rec *r)
{
    const mod_acme_server *server;
    page out = {r, NULL};
    const char *type = NULL;
    int status;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0)
        return DECLINED;

    server = mod_acme_server_of(r->server);
    if (!server->status) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "%s is not shown: write \"ACMEStatus on\" in the server "
                      "configuration, outside of <Location>",
                      HANDLER);
        return HTTP_FORBIDDEN;
    }

    /* what else is refused with 405, and told as Allow */
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    if (r->method_number != M_GET)
        return HTTP_METHOD_NOT_ALLOWED;
    if (!server->conf->serving)
        return HTTP_SERVICE_UNAVAILABLE;

    out.brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    status = acme_serving_status(server->conf->serving, ACME_STATUS_BY_QUERY,
                                 r->args, r->args ? strlen(r->args) : 0, &type,
                                 keep_piece, &out);
    if (status == ACME_OK)
        return send_page(&out, type);

    if (status == ACME_E_UNSUPPORTED)
        return HTTP_BAD_REQUEST;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "the status cannot be shown: %s",
                  acme_error_message());
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* -- server-status ------------------------------------------------------- */

static int add_section(request_rec *r, int flags)
{
    const acme_serving *serving = serving_of(r);
    const char *type;

    if (serving)
        (void)acme_serving_status(serving,
                                  (flags & AP_STATUS_SHORT)
                                      ? ACME_STATUS_LINES
                                      : ACME_STATUS_SECTION,
                                  NULL, 0, &type, write_piece, r);
    return OK;
}

void mod_acme_register_status(void)
{
    ap_hook_handler(show_page, NULL, NULL, APR_HOOK_MIDDLE);
    /* an optional hook: nobody calls it where mod_status is not */
    APR_OPTIONAL_HOOK(ap, status_hook, add_section, NULL, NULL,
                      APR_HOOK_MIDDLE);
}
