/*
 * One SSL_CTX for servers with equal ssl settings: a context costs 0.3 ms and
 * 20 kB, and most sites include one snippet of ssl_* lines. What differs, the
 * certificate, is not in the context (tls.c).
 *
 * Settings are compared before the ssl module merges them, all servers having
 * the same parent, and by value: each include makes strings and arrays of its
 * own. Of each set of equal servers the first one gets a context in the usual
 * way; the others are shown to the ssl module as servers without certificate,
 * for which it makes none, and get all that it made of the first one's settings
 * before it looks at them again.
 *
 * With a context of their own remain
 *   - what is not managed, and bridges: their certificate is in the context;
 *   - servers that verify clients or have what that needs: a session of one
 *     must be no ticket for another;
 *   - default servers: up to nginx 1.29.1 sessions belong to the context that
 *     the listening socket begins with, and so they go no further than before.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


typedef struct {
    ngx_str_node_t             sn;       /* the picture of the settings */
    ngx_http_ssl_srv_conf_t   *first;    /* the server that has the context */
} ngx_acme_context_t;


static ngx_uint_t ngx_acme_may_share(ngx_acme_srv_conf_t *ascf,
    ngx_http_ssl_srv_conf_t *sscf);
static ngx_int_t ngx_acme_picture(ngx_array_t *picture,
    ngx_http_ssl_srv_conf_t *sscf);
static ngx_int_t ngx_acme_picture_string(ngx_array_t *picture,
    ngx_str_t *field);
static ngx_int_t ngx_acme_picture_array(ngx_array_t *picture,
    ngx_array_t **field, size_t size);
static ngx_int_t ngx_acme_picture_bytes(ngx_array_t *picture, void *data,
    size_t len);


ngx_int_t
ngx_acme_init_sharing(ngx_conf_t *cf, ngx_acme_main_conf_t *amcf)
{
    ngx_uint_t      i;
    ngx_module_t  **modules;

    ngx_rbtree_init(&amcf->contexts, &amcf->contexts_sentinel,
                    ngx_str_rbtree_insert_value);

    amcf->share = 1;

    /*
     * Lua's ssl_*_by_lua want to find the context of each server when they are
     * merged, and change it
     */

    modules = cf->cycle->modules;

    for (i = 0; modules[i]; i++) {
        if (ngx_strcmp(modules[i]->name, "ngx_http_lua_module") == 0) {
            amcf->share = 0;
        }
    }

    return ngx_array_init(&amcf->picture, cf->temp_pool, 4096, 1);
}


/*
 * NGX_OK: the server gets the context of another one and needs no certificate;
 * NGX_DECLINED: it needs a context of its own, which others may share.
 */

ngx_int_t
ngx_acme_find_context(ngx_conf_t *cf, ngx_acme_srv_conf_t *ascf,
    ngx_http_ssl_srv_conf_t *sscf)
{
    uint32_t               hash;
    ngx_str_t              picture;
    ngx_acme_context_t    *context;
    ngx_acme_main_conf_t  *amcf;

    amcf = ascf->main;

    if (!amcf->share || !ngx_acme_may_share(ascf, sscf)) {
        return NGX_DECLINED;
    }

    if (ngx_acme_picture(&amcf->picture, sscf) != NGX_OK) {
        return NGX_ERROR;
    }

    ascf->shared = 1;

    picture.len = amcf->picture.nelts;
    picture.data = amcf->picture.elts;

    hash = ngx_crc32_long(picture.data, picture.len);

    context = (ngx_acme_context_t *)
                  ngx_str_rbtree_lookup(&amcf->contexts, &picture, hash);

    if (context) {
        ascf->context = context->first;
        return NGX_OK;
    }

    context = ngx_palloc(cf->temp_pool, sizeof(ngx_acme_context_t));
    if (context == NULL) {
        return NGX_ERROR;
    }

    context->sn.node.key = hash;
    context->sn.str.len = picture.len;
    context->sn.str.data = ngx_pstrdup(cf->temp_pool, &picture);
    if (context->sn.str.data == NULL) {
        return NGX_ERROR;
    }

    context->first = sscf;

    ngx_rbtree_insert(&amcf->contexts, &context->sn.node);

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_acme_may_share(ngx_acme_srv_conf_t *ascf, ngx_http_ssl_srv_conf_t *sscf)
{
    ngx_http_ssl_srv_conf_t  *http;

    http = ascf->main->http_ssl;

    if (ascf->default_server) {
        return 0;
    }

#if (nginx_version < 1025001)

    /* the deprecated "ssl on" is refused without a certificate */

    if (sscf->enable == 1 || http->enable == 1) {
        return 0;
    }

#endif

#define ngx_acme_is_on(field)                                                 \
    ((sscf->field != NGX_CONF_UNSET_UINT && sscf->field)                      \
     || (http->field != NGX_CONF_UNSET_UINT && http->field))

#define ngx_acme_is_given(field)                                              \
    (sscf->field.data || http->field.data)

    return !ngx_acme_is_on(verify)
           && !ngx_acme_is_on(ocsp)
           && !ngx_acme_is_given(client_certificate)
           && !ngx_acme_is_given(trusted_certificate)
           && !ngx_acme_is_given(crl);
}


/*
 * Equal pictures, equal settings. The structure as it is, but for pointers to
 * what we know how to compare: what they point at stands before it, a mark in
 * their place. A field that we do not know, of a newer nginx, is compared as it
 * is: in doubt, servers differ.
 */

static ngx_int_t
ngx_acme_picture(ngx_array_t *picture, ngx_http_ssl_srv_conf_t *sscf)
{
    ngx_http_ssl_srv_conf_t  copy;

    picture->nelts = 0;

    /* padding included */

    ngx_memcpy(&copy, sscf, sizeof(ngx_http_ssl_srv_conf_t));

    /* ours in each of them */

    copy.certificates = NULL;
    copy.certificate_keys = NULL;

    /* for the files of keys that a managed server does not have */

    copy.passwords = NULL;

    if (ngx_acme_picture_string(picture, &copy.dhparam) != NGX_OK
        || ngx_acme_picture_string(picture, &copy.ecdh_curve) != NGX_OK
        || ngx_acme_picture_string(picture, &copy.ciphers) != NGX_OK
        || ngx_acme_picture_string(picture, &copy.ocsp_responder) != NGX_OK
        || ngx_acme_picture_string(picture, &copy.stapling_file) != NGX_OK
        || ngx_acme_picture_string(picture, &copy.stapling_responder) != NGX_OK
        || ngx_acme_picture_array(picture, &copy.conf_commands,
                                  sizeof(ngx_keyval_t))
           != NGX_OK
        || ngx_acme_picture_array(picture, &copy.session_ticket_keys,
                                  sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_acme_picture_bytes(picture, &copy,
                                  sizeof(ngx_http_ssl_srv_conf_t));
}


static ngx_int_t
ngx_acme_picture_string(ngx_array_t *picture, ngx_str_t *field)
{
    /* the length is in the structure */

    if (ngx_acme_picture_bytes(picture, field->data, field->len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (field->data) {
        field->data = (u_char *) 1;
    }

    return NGX_OK;
}


/* of strings, or of structures that consist of strings */

static ngx_int_t
ngx_acme_picture_array(ngx_array_t *picture, ngx_array_t **field, size_t size)
{
    ngx_str_t   *str;
    ngx_uint_t   i, n;

    if (*field == NULL || *field == NGX_CONF_UNSET_PTR) {
        return NGX_OK;
    }

    str = (*field)->elts;
    n = (*field)->nelts * size / sizeof(ngx_str_t);

    for (i = 0; i < n; i++) {
        if (ngx_acme_picture_bytes(picture, &str[i].len, sizeof(size_t))
            != NGX_OK
            || ngx_acme_picture_bytes(picture, str[i].data, str[i].len)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    *field = (ngx_array_t *) (uintptr_t) (n + 1);

    return NGX_OK;
}


static ngx_int_t
ngx_acme_picture_bytes(ngx_array_t *picture, void *data, size_t len)
{
    u_char  *p;

    if (len == 0) {
        return NGX_OK;
    }

    p = ngx_array_push_n(picture, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, data, len);

    return NGX_OK;
}


/* before the ssl module looks for servers without certificate */

void
ngx_acme_share_contexts(ngx_conf_t *cf)
{
    ngx_uint_t                   s;
    ngx_acme_srv_conf_t         *ascf;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (s = 0; s < cmcf->servers.nelts; s++) {
        ascf = cscfp[s]->ctx->srv_conf[ngx_acme_module.ctx_index];

        if (ascf->context) {
            ngx_memcpy(cscfp[s]->ctx->srv_conf[ngx_http_ssl_module.ctx_index],
                       ascf->context, sizeof(ngx_http_ssl_srv_conf_t));
        }
    }
}
