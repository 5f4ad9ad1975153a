/*
 * The directives. All of them stand in directives.def, and all of them are
 * handed to acme_config_set(), which knows their values and words the errors.
 * They stand in the server configuration only: never in .htaccess, never in
 * <Directory> and its like.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"

APLOG_USE_MODULE(acme);

typedef struct {
    const char *key;
    unsigned int scopes;
} directive;

/*
 * A typing error: refuses the start and the configuration test. At a restart
 * the line is left out, as an error would end the server.
 */
static const char *refuse(cmd_parms *cmd, mod_acme_conf *conf,
                          const char *message)
{
    if (!conf->running)
        return apr_pstrdup(cmd->pool, message);

    mod_acme_log(conf, ACME_LOG_ERROR,
                 apr_psprintf(cmd->pool, "%s: %s, in %s:%d (left out)",
                              cmd->directive->directive, message,
                              cmd->directive->filename,
                              cmd->directive->line_num));
    return NULL;
}

const char *mod_acme_site_scope(mod_acme_server *server)
{
    if (server->has_scope || !server->server->is_virtual)
        return NULL;
    if (acme_config_add_site_scope(server->conf->core, &server->scope) !=
        ACME_OK)
        return acme_error_message();
    server->has_scope = 1;
    return NULL;
}

/* Where the directive stands; or what is wrong with that place. */
static const char *find_scope(cmd_parms *cmd, const directive *row,
                              mod_acme_server *server, acme_scope *scope)
{
    const char *error;

    if (server->conf->issuer) {
        if (!(row->scopes & ACME_AT_ISSUER))
            return apr_pstrcat(cmd->pool, cmd->cmd->name,
                               " cannot occur within <ACMEIssuer>", NULL);
        *scope = *server->conf->issuer;
        return NULL;
    }
    if (!(row->scopes & (ACME_AT_MAIN | ACME_AT_SITE)))
        return apr_pstrcat(cmd->pool, cmd->cmd->name,
                           " can only occur within <ACMEIssuer>", NULL);
    error = ap_check_cmd_context(cmd, (row->scopes & ACME_AT_SITE)
                                          ? NOT_IN_DIR_CONTEXT
                                          : GLOBAL_ONLY);
    if (!error)
        error = mod_acme_site_scope(server);
    *scope = server->scope;
    return error;
}

/* Not TAKE_ARGV: that forgets what is beyond 64 words. */
static const char **words_of(cmd_parms *cmd, const char *line, size_t *count)
{
    apr_array_header_t *words =
        apr_array_make(cmd->temp_pool, 4, sizeof(const char *));

    while (*line)
        APR_ARRAY_PUSH(words, const char *) =
            ap_getword_conf(cmd->temp_pool, &line);
    *count = words->nelts;
    return (const char **)words->elts;
}

static const char *set_directive(cmd_parms *cmd, void *dummy, const char *line)
{
    const directive *row = cmd->info;
    mod_acme_server *server = mod_acme_server_of(cmd->server);
    acme_config *core = mod_acme_core(server->conf);
    const char **words;
    const char *error;
    acme_scope scope = 0;
    size_t count;

    if (!core)
        return server->conf->running ? NULL : "out of memory";

    error = find_scope(cmd, row, server, &scope);
    if (!error) {
        words = words_of(cmd, line, &count);
        if (acme_config_set(core, scope, row->key, words, count,
                            cmd->directive->filename,
                            cmd->directive->line_num) != ACME_OK)
            error = acme_error_message();
    }
    return error ? refuse(cmd, server->conf, error) : NULL;
}

static const char *open_issuer(cmd_parms *cmd, const char *line,
                               acme_config *core, acme_scope *scope)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    const char *end = ap_strrchr_c(line, '>');
    const char **words;
    size_t count;

    if (error)
        return error;
    if (!end)
        return "<ACMEIssuer> directive missing closing '>'";
    words =
        words_of(cmd, apr_pstrmemdup(cmd->temp_pool, line, end - line), &count);
    if (count != 1)
        return "<ACMEIssuer> takes exactly one value, the issuer's name";
    if (acme_config_add_issuer_scope(core, words[0], cmd->directive->filename,
                                     cmd->directive->line_num,
                                     scope) != ACME_OK)
        return acme_error_message();
    return NULL;
}

static const char *set_issuer(cmd_parms *cmd, void *dummy, const char *line)
{
    mod_acme_conf *conf = mod_acme_server_of(cmd->server)->conf;
    acme_config *core = mod_acme_core(conf);
    const char *error;
    acme_scope scope = 0;

    if (!core)
        return conf->running ? NULL : "out of memory";

    if (conf->issuer)
        return refuse(cmd, conf, "<ACMEIssuer> cannot occur within another");
    error = open_issuer(cmd, line, core, &scope);
    if (error)
        return refuse(cmd, conf, error);

    conf->issuer = &scope;
    error = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    conf->issuer = NULL;
    return error;
}

/*
 * A row of directives.def that has no name here (NULL) keeps its place with an
 * empty one, which no line begins with.
 */
#define NAME(name) _Generic((name), char * : (name), default : "")

/* in parentheses, as the comma would end an argument of AP_INIT_RAW_ARGS */
#define ROW(key, scopes) ((void *)&(const directive){key, scopes})

const command_rec mod_acme_commands[] = {
    AP_INIT_RAW_ARGS("<ACMEIssuer", set_issuer, NULL, RSRC_CONF,
                     "name: a certificate authority, with the directives that "
                     "describe it; a built-in one is amended"),
#define ACME_DIRECTIVE(key, httpd, nginx, scopes, least, most, repeatable,     \
                       initial, help)                                          \
    AP_INIT_RAW_ARGS(NAME(httpd), set_directive, ROW(key, scopes), RSRC_CONF,  \
                     help),
#include "acmecore/directives.def"
#undef ACME_DIRECTIVE
    /* those of others, which are only looked at */
    AP_INIT_TAKE1("SSLEngine", mod_acme_see_engine, NULL, RSRC_CONF,
                  "seen by mod_acme, set by mod_ssl"),
    AP_INIT_TAKE1("SSLUseStapling", mod_acme_see_stapling, NULL, RSRC_CONF,
                  "seen by mod_acme, set by mod_ssl"),
    AP_INIT_TAKE1("SSLCertificateFile", mod_acme_see_file, NULL, RSRC_CONF,
                  "seen by mod_acme, set by mod_ssl"),
    AP_INIT_TAKE2("SSLOpenSSLConfCmd", mod_acme_see_command, NULL, RSRC_CONF,
                  "seen by mod_acme, set by mod_ssl"),
    AP_INIT_FLAG("RemoteIPProxyProtocol", mod_acme_see_proxy_protocol, NULL,
                 RSRC_CONF, "seen by mod_acme, set by mod_remoteip"),
    AP_INIT_ITERATE("RemoteIPProxyProtocolExceptions", mod_acme_see_exception,
                    NULL, RSRC_CONF, "seen by mod_acme, set by mod_remoteip"),
    AP_INIT_TAKE1("ServerName", mod_acme_see_name, NULL, RSRC_CONF,
                  "seen by mod_acme, set by the core"),
    {NULL}};
