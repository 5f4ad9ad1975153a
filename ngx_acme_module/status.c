/*
 * "acme_status": a location that shows the status of all certificates, those
 * that the operator supplied included. The core renders it, from the board:
 * nothing is read from disk and nobody is asked.
 *
 * Who may see it is said by allow, deny, auth_basic and their like. Where none
 * of them is in force, a warning says so when the configuration is read.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


typedef struct {
    ngx_http_conf_ctx_t       *ctx;
    u_char                    *file;
    ngx_uint_t                 line;
} ngx_acme_status_place_t;


typedef struct {
    ngx_http_request_t        *request;
    ngx_chain_t               *first;
    ngx_chain_t               *last;
    off_t                      size;
    ngx_uint_t                 failed;     /* unsigned  failed:1; */
} ngx_acme_status_out_t;


static ngx_int_t ngx_acme_status_handler(ngx_http_request_t *r);
static int ngx_acme_status_piece(void *context, const char *piece, size_t len);
static ngx_int_t ngx_acme_status_headers(ngx_http_request_t *r,
    const char *content_type);
static ngx_int_t ngx_acme_status_header(ngx_http_request_t *r, char *name,
    const char *value);
static ngx_uint_t ngx_acme_status_reachable(ngx_conf_t *cf,
    ngx_http_conf_ctx_t *ctx);
static ngx_uint_t ngx_acme_status_local(struct sockaddr *sa);
static ngx_uint_t ngx_acme_status_guarded(ngx_conf_t *cf,
    ngx_http_conf_ctx_t *ctx);


char *
ngx_acme_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_acme_main_conf_t      *amcf;
    ngx_acme_status_place_t   *place;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_acme_status_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_acme_status_handler;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_acme_module);

    if (amcf->status == NULL) {
        amcf->status = ngx_array_create(cf->pool, 1,
                                        sizeof(ngx_acme_status_place_t));
        if (amcf->status == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    place = ngx_array_push(amcf->status);
    if (place == NULL) {
        return NGX_CONF_ERROR;
    }

    place->ctx = cf->ctx;
    place->file = cf->conf_file->file.name.data;
    place->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_acme_status_handler(ngx_http_request_t *r)
{
    int                     status;
    ngx_int_t               rc;
    const char             *type;
    ngx_acme_main_conf_t   *amcf;
    ngx_acme_status_out_t   out;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return (ngx_acme_status_header(r, "Allow", "GET, HEAD") == NGX_OK)
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    amcf = ngx_http_get_module_main_conf(r, ngx_acme_module);

    if (amcf->serving == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_memzero(&out, sizeof(ngx_acme_status_out_t));
    out.request = r;
    type = NULL;

    status = acme_serving_status(amcf->serving, ACME_STATUS_BY_QUERY,
                                 (char *) r->args.data, r->args.len, &type,
                                 ngx_acme_status_piece, &out);

    if (status == ACME_E_UNSUPPORTED) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (status != ACME_OK || out.failed || out.first == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "acme: the status cannot be shown: %s",
                      status != ACME_OK ? acme_error_message()
                                        : "out of memory");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_acme_status_headers(r, type) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    out.last->buf->last_buf = (r == r->main) ? 1 : 0;
    out.last->buf->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = out.size;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out.first);
}


static int
ngx_acme_status_piece(void *context, const char *piece, size_t len)
{
    ngx_acme_status_out_t *out = context;

    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = ngx_alloc_chain_link(out->request->pool);
    b = ngx_create_temp_buf(out->request->pool, len);

    if (cl == NULL || b == NULL) {
        out->failed = 1;
        return 1;
    }

    b->last = ngx_cpymem(b->last, piece, len);

    cl->buf = b;
    cl->next = NULL;

    if (out->last) {
        out->last->next = cl;

    } else {
        out->first = cl;
    }

    out->last = cl;
    out->size += len;

    return 0;
}


static ngx_int_t
ngx_acme_status_headers(ngx_http_request_t *r, const char *content_type)
{
    r->headers_out.content_type.data = (u_char *) content_type;
    r->headers_out.content_type.len = ngx_strlen(content_type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (ngx_acme_status_header(r, "Cache-Control", "no-store") != NGX_OK
        || ngx_acme_status_header(r, "Content-Security-Policy",
                                  acme_status_policy())
           != NGX_OK
        || ngx_acme_status_header(r, "X-Content-Type-Options", "nosniff")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_acme_status_header(r, "Referrer-Policy", "no-referrer");
}


static ngx_int_t
ngx_acme_status_header(ngx_http_request_t *r, char *name, const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


/* the files that a server was given: what a variable names is known to none */

ngx_int_t
ngx_acme_add_supplied(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf,
    uint32_t site, ngx_array_t *certs)
{
    ngx_str_t   *cert, file;
    ngx_uint_t   i;

    if (certs == NULL || certs == NGX_CONF_UNSET_PTR) {
        return NGX_OK;
    }

    cert = certs->elts;

    for (i = 0; i < certs->nelts; i++) {
        if (ngx_strchr(cert[i].data, '$')
            || ngx_strncmp(cert[i].data, "data:", sizeof("data:") - 1) == 0)
        {
            continue;
        }

        file = cert[i];

        if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
            return NGX_ERROR;
        }

        if (acme_config_add_supplied(amcf->config, site, (char *) file.data)
            != ACME_OK)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s",
                          acme_error_message());
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* when all levels are merged */

void
ngx_acme_check_status(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf)
{
    ngx_uint_t                 i;
    ngx_acme_status_place_t   *place;
    ngx_http_core_loc_conf_t  *clcf;

    if (amcf->status == NULL) {
        return;
    }

    place = amcf->status->elts;

    for (i = 0; i < amcf->status->nelts; i++) {
        clcf = place[i].ctx->loc_conf[ngx_http_core_module.ctx_index];

        if (clcf->internal
            || ngx_acme_status_guarded(cf, place[i].ctx)
            || !ngx_acme_status_reachable(cf, place[i].ctx))
        {
            continue;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "anybody may see \"acme_status\": no access rule is in "
                      "force in this location; write \"allow 127.0.0.1; "
                      "deny all;\", or auth_basic, in %s:%ui",
                      place[i].file, place[i].line);
    }
}


/* by others than this machine, and than clients with a certificate */

static ngx_uint_t
ngx_acme_status_reachable(ngx_conf_t *cf, ngx_http_conf_ctx_t *ctx)
{
    ngx_uint_t                   p, a, s, known;
    ngx_http_conf_addr_t        *addr;
    ngx_http_conf_port_t        *port;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_core_srv_conf_t    *cscf, **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (cmcf->ports == NULL) {
        return 0;
    }

    cscf = ctx->srv_conf[ngx_http_core_module.ctx_index];
    sscf = ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    port = cmcf->ports->elts;

    for (p = 0; p < cmcf->ports->nelts; p++) {
        addr = port[p].addrs.elts;

        for (a = 0; a < port[p].addrs.nelts; a++) {
            known = addr[a].opt.ssl && sscf->verify == 1;

            if (known || ngx_acme_status_local(addr[a].opt.sockaddr)) {
                continue;
            }

            cscfp = addr[a].servers.elts;

            for (s = 0; s < addr[a].servers.nelts; s++) {
                if (cscfp[s] == cscf) {
                    return 1;
                }
            }
        }
    }

    return 0;
}


static ngx_uint_t
ngx_acme_status_local(struct sockaddr *sa)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
#endif

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;

    default: /* AF_UNIX */
        return 1;
    }
}


/*
 * The configurations of these modules are their own affair, and in no header.
 * What each begins with has been the same in all versions that we are built
 * for; that the worst a change could do is a warning too many or too few is why
 * we look at all. "off" is auth_basic's word for none.
 */

static ngx_uint_t
ngx_acme_status_guarded(ngx_conf_t *cf, ngx_http_conf_ctx_t *ctx)
{
    void                      *conf, **rules;
    ngx_str_t                 *uri;
    ngx_uint_t                 i, n;
    ngx_module_t             **modules;
    ngx_http_complex_value_t  *realm;

    modules = cf->cycle->modules;

    for (i = 0; modules[i]; i++) {
        if (modules[i]->type != NGX_HTTP_MODULE) {
            continue;
        }

        conf = ctx->loc_conf[modules[i]->ctx_index];

        if (ngx_strcmp(modules[i]->name, "ngx_http_access_module") == 0) {
            /* arrays of rules: IPv4, IPv6, unix sockets */

            n = 1;
#if (NGX_HAVE_INET6)
            n++;
#endif
#if (NGX_HAVE_UNIX_DOMAIN)
            n++;
#endif
            rules = conf;

            while (n) {
                if (rules[--n]) {
                    return 1;
                }
            }
        }

        if (ngx_strcmp(modules[i]->name, "ngx_http_auth_basic_module") == 0) {
            realm = *(ngx_http_complex_value_t **) conf;

            if (realm && realm != NGX_CONF_UNSET_PTR
                && ngx_strcmp(realm->value.data, "off") != 0)
            {
                return 1;
            }
        }

        if (ngx_strcmp(modules[i]->name, "ngx_http_auth_request_module") == 0) {
            uri = conf;

            if (uri->len && uri->data) {
                return 1;
            }
        }
    }

    return 0;
}
