/*
 * http-01: answers challenges in every server, before anything else there
 * (redirects, access rules, rewrites, upstreams) is looked at; and variables.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


static ngx_int_t ngx_acme_challenge_handler(ngx_http_request_t *r);
static ngx_int_t ngx_acme_state_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_acme_no_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_acme_vars[] = {

    { ngx_string("acme_state"), NULL, ngx_acme_state_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    /*
     * these two only have to exist: a certificate never is the value of a
     * variable, where a log could show its key; see tls.c
     */

    { ngx_string("acme_certificate"), NULL, ngx_acme_no_variable, 0,
      0, 0 },

    { ngx_string("acme_certificate_key"), NULL, ngx_acme_no_variable, 0,
      0, 0 },

      ngx_http_null_variable
};


static ngx_str_t  ngx_acme_challenge_prefix = ngx_string(ACME_HTTP01_PREFIX);
static ngx_str_t  ngx_acme_challenge_type =
                                       ngx_string("application/octet-stream");


static ngx_int_t
ngx_acme_challenge_handler(ngx_http_request_t *r)
{
    size_t                     len;
    ngx_int_t                  rc;
    ngx_acme_main_conf_t      *amcf;
    ngx_http_complex_value_t   cv;
    char                       answer[ACME_HTTP01_MAX];

    if (r->uri.len <= ngx_acme_challenge_prefix.len
        || ngx_memcmp(r->uri.data, ngx_acme_challenge_prefix.data,
                      ngx_acme_challenge_prefix.len)
           != 0)
    {
        return NGX_DECLINED;
    }

    if (r != r->main || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_DECLINED;
    }

    amcf = ngx_http_get_module_main_conf(r, ngx_acme_module);

    if (amcf->serving == NULL
        || acme_serving_http01(amcf->serving, (char *) r->uri.data, r->uri.len,
                               answer, &len)
           != ACME_OK)
    {
        return NGX_DECLINED;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "acme challenge: \"%V\"", &r->uri);

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value.data = ngx_pnalloc(r->pool, len);
    if (cv.value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(cv.value.data, answer, len);
    cv.value.len = len;

    rc = ngx_http_send_response(r, NGX_HTTP_OK, &ngx_acme_challenge_type, &cv);

    /* NGX_OK would pass the request on to the next phase */

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


static ngx_int_t
ngx_acme_state_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    const char           *state;
    ngx_acme_srv_conf_t  *ascf;

    ascf = ngx_http_get_module_srv_conf(r, ngx_acme_module);

    state = "";

    if (ascf->plan != ACME_PLAN_OFF && ascf->main->serving) {
        state = acme_serving_state(ascf->main->serving, ascf->site);
    }

    v->len = ngx_strlen(state);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = (u_char *) state;

    return NGX_OK;
}


static ngx_int_t
ngx_acme_no_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    v->not_found = 1;

    return NGX_OK;
}


ngx_int_t
ngx_acme_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_acme_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


ngx_int_t
ngx_acme_init_http(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_POST_READ_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_acme_challenge_handler;

    return NGX_OK;
}
