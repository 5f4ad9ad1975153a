/*
 * The directives. All of them stand in directives.def, and all of them are
 * handed to acme_config_set(), which knows their values and words the errors.
 *
 * License: Apache-2.0
 */

#include "ngx_acme.h"


static char *ngx_acme_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_acme_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_acme_issuer_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *ngx_acme_set(ngx_conf_t *cf, acme_scope scope, const char *key);


/*
 * A row of directives.def that has no name here (NULL), or that stands inside
 * an issuer block only, becomes a command of no type: nginx passes such a one
 * over, and says "is not allowed here" when no other module knows the name.
 */

#define ngx_acme_name(name)                                                   \
    { _Generic((name), char *: sizeof(name) - 1, default: 1),                 \
      (u_char *) _Generic((name), char *: (name), default: " ") }

#define ngx_acme_places(scopes)                                               \
    ((((scopes) & ACME_AT_MAIN) ? NGX_HTTP_MAIN_CONF : 0)                     \
     | (((scopes) & ACME_AT_SITE) ? NGX_HTTP_SRV_CONF : 0))

/* NGX_CONF_NOARGS, TAKE1 ... TAKE7 are bits 0 to 7 */

#define ngx_acme_take(least, most)                                            \
    ((most) < NGX_CONF_MAX_ARGS                                               \
     ? ((1 << (((most) & 7) + 1)) - (1 << (least)))                           \
     : (least) == 0 ? NGX_CONF_ANY                                            \
     : (least) == 1 ? NGX_CONF_1MORE : NGX_CONF_2MORE)


ngx_command_t  ngx_acme_commands[] = {

    { ngx_string("acme_issuer"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_acme_issuer,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("acme_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_acme_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

#define ACME_DIRECTIVE(key, httpd, nginx, scopes, least, most, repeatable,    \
                       initial, help)                                         \
    { ngx_acme_name(nginx),                                                   \
      ngx_acme_places(scopes)|ngx_acme_take(least, most),                     \
      ngx_acme_directive,                                                     \
      NGX_HTTP_SRV_CONF_OFFSET,                                               \
      0,                                                                      \
      (void *) (key) },

#include <acmecore/directives.def>

#undef ACME_DIRECTIVE

      ngx_null_command
};


static char *
ngx_acme_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_acme_srv_conf_t *ascf = conf;

    acme_scope  scope;

    scope = 0;

    if (cf->cmd_type == NGX_HTTP_SRV_CONF) {
        if (ngx_acme_site_scope(cf, ascf) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        scope = ascf->scope;
    }

    return ngx_acme_set(cf, scope, cmd->post);
}


ngx_int_t
ngx_acme_site_scope(ngx_conf_t *cf, ngx_acme_srv_conf_t *ascf)
{
    ngx_acme_main_conf_t  *amcf;

    if (ascf->has_scope) {
        return NGX_OK;
    }

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_acme_module);

    if (acme_config_add_site_scope(amcf->config, &ascf->scope) != ACME_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "acme: %s",
                      acme_error_message());
        return NGX_ERROR;
    }

    ascf->has_scope = 1;

    return NGX_OK;
}


static char *
ngx_acme_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                  *rv;
    ngx_str_t             *value;
    ngx_conf_t             save;
    acme_scope             scope;
    ngx_acme_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_acme_module);

    value = cf->args->elts;

    if (acme_config_add_issuer_scope(amcf->config, (char *) value[1].data,
                                     (char *) cf->conf_file->file.name.data,
                                     cf->conf_file->line, &scope)
        != ACME_OK)
    {
        /* nginx adds file and line */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", acme_error_message());
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_acme_issuer_directive;
    cf->handler_conf = (void *) &scope;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    return rv;
}


static char *
ngx_acme_issuer_directive(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    acme_scope *scope = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0 && cf->args->nelts == 2) {
        return ngx_conf_include(cf, dummy, conf);
    }

    return ngx_acme_set(cf, *scope, (char *) value[0].data);
}


static char *
ngx_acme_set(ngx_conf_t *cf, acme_scope scope, const char *key)
{
    ngx_str_t              *value;
    ngx_uint_t              i, n;
    const char            **values;
    ngx_acme_main_conf_t   *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_acme_module);

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    values = ngx_palloc(cf->temp_pool, (n + 1) * sizeof(char *));
    if (values == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        values[i] = (char *) value[i + 1].data;
    }

    if (acme_config_set(amcf->config, scope, key, values, n,
                        (char *) cf->conf_file->file.name.data,
                        cf->conf_file->line)
        != ACME_OK)
    {
        /* nginx adds file and line */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", acme_error_message());
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
