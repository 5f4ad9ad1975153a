/*
 * Tells the core which servers there are, and takes its decisions.
 *
 * Whether a server speaks TLS and has a certificate of its own is mod_ssl's
 * secret until its post_config, when it is too late for typing errors; and
 * whether it has a ServerName, or one that httpd made up from the DNS, the core
 * forgets. httpd gives a directive to every module that lists it: so we look at
 * these few as they pass.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"
#include "ap_listen.h"
#include "http_vhost.h"

/* A directive of mod_ssl's would pass for a known one where mod_ssl is not. */
static const char *need_mod_ssl(cmd_parms *cmd)
{
    if (ap_find_linked_module("mod_ssl.c"))
        return NULL;
    return apr_pstrcat(cmd->pool, "Invalid command '", cmd->cmd->name,
                       "', perhaps misspelled or defined by a module not "
                       "included in the server configuration",
                       NULL);
}

const char *mod_acme_see_engine(cmd_parms *cmd, void *dummy, const char *arg)
{
    mod_acme_server *server = mod_acme_server_of(cmd->server);

    /* on, optional; what is wrong mod_ssl says */
    server->ssl_engine =
        ap_cstr_casecmp(arg, "off") == 0 ? SWITCH_OFF : SWITCH_ON;
    server->upgrade = ap_cstr_casecmp(arg, "optional") == 0;
    return need_mod_ssl(cmd);
}

const char *mod_acme_see_stapling(cmd_parms *cmd, void *dummy, const char *arg)
{
    mod_acme_server *server = mod_acme_server_of(cmd->server);

    server->ssl_stapling =
        ap_cstr_casecmp(arg, "on") == 0 ? SWITCH_ON : SWITCH_OFF;
    return need_mod_ssl(cmd);
}

const char *mod_acme_see_file(cmd_parms *cmd, void *dummy, const char *arg)
{
    mod_acme_server *server = mod_acme_server_of(cmd->server);

    server->own_certificate = 1;
    if (!server->files)
        server->files = apr_array_make(cmd->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(server->files, const char *) = arg;
    return need_mod_ssl(cmd);
}

const char *mod_acme_see_command(cmd_parms *cmd, void *dummy, const char *name,
                                 const char *value)
{
    if (ap_cstr_casecmp(name, "Certificate") == 0)
        mod_acme_server_of(cmd->server)->own_certificate = 1;
    return need_mod_ssl(cmd);
}

const char *mod_acme_see_name(cmd_parms *cmd, void *dummy, const char *arg)
{
    mod_acme_server_of(cmd->server)->named = 1;
    return NULL;
}

static mod_acme_server *main_server(const mod_acme_server *server)
{
    return mod_acme_server_of(server->conf->server);
}

int mod_acme_has_certificate(const mod_acme_server *server)
{
    return server->own_certificate || main_server(server)->own_certificate;
}

int mod_acme_has_stapling(const mod_acme_server *server)
{
    if (server->ssl_stapling != SWITCH_UNSET)
        return server->ssl_stapling == SWITCH_ON;
    return main_server(server)->ssl_stapling == SWITCH_ON;
}

/* "Listen 443" and "Listen ... https" */
static int listens_for_https(const server_rec *s)
{
    const server_addr_rec *addr;
    const ap_listen_rec *listener;

    for (addr = s->addrs; addr; addr = addr->next)
        for (listener = ap_listeners; listener; listener = listener->next)
            if (listener->bind_addr->port == addr->host_port &&
                listener->protocol && !strcmp(listener->protocol, "https"))
                return 1;
    return 0;
}

/* As mod_ssl decides it. */
int mod_acme_has_tls(const mod_acme_server *server)
{
    const char *protocol;

    if (server->ssl_engine != SWITCH_UNSET)
        return server->ssl_engine == SWITCH_ON;
    if (main_server(server)->ssl_engine != SWITCH_UNSET)
        return main_server(server)->ssl_engine == SWITCH_ON;

    /* it is on by default on such a port, for a server with a certificate */
    if (!mod_acme_has_certificate(server))
        return 0;
    protocol = ap_get_server_protocol(server->server);
    if (protocol && *protocol)
        return !strcmp(protocol, "https");
    return listens_for_https(server->server);
}

/* ServerName, if there is one, and all ServerAliases, as they were written */
static apr_array_header_t *names_of(apr_pool_t *p,
                                    const mod_acme_server *server)
{
    const server_rec *s = server->server;
    apr_array_header_t *names = apr_array_make(p, 4, sizeof(const char *));

    if (server->named)
        APR_ARRAY_PUSH(names, const char *) = s->server_hostname;
    if (s->names)
        apr_array_cat(names, s->names);
    if (s->wild_names)
        apr_array_cat(names, s->wild_names);
    return names;
}

static const char *add_site(mod_acme_conf *conf, apr_pool_t *p, server_rec *s)
{
    mod_acme_server *server = mod_acme_server_of(s);
    apr_array_header_t *names = names_of(p, server);
    acme_site_description site = {0};

    site.scope = server->scope;
    site.names = (const char *const *)names->elts;
    site.name_count = names->nelts;
    if (mod_acme_has_tls(server))
        site.flags |= ACME_SITE_TLS;
    if (mod_acme_has_certificate(server))
        site.flags |= ACME_SITE_OWN_CERTIFICATE;
    site.file = s->defn_name;
    site.line = s->defn_line_number;
    if (!site.file && ap_conftree) {
        /* the main server */
        site.file = ap_conftree->filename;
        site.line = ap_conftree->line_num;
    }
    if (acme_config_add_site(conf->core, &site, &server->site) != ACME_OK)
        return acme_error_message();
    server->added = 1;
    return mod_acme_has_tls(server) ? mod_acme_add_supplied(server, p) : NULL;
}

static int is_tls_port(mod_acme_conf *conf, apr_port_t port)
{
    server_rec *s;
    const server_addr_rec *addr;

    for (s = conf->server->next; s; s = s->next)
        for (addr = s->addrs; addr; addr = addr->next)
            if ((addr->host_port == port || addr->host_port == 0) &&
                mod_acme_has_tls(mod_acme_server_of(s)))
                return 1;
    return mod_acme_has_tls(mod_acme_server_of(conf->server));
}

static int has_plain_listener(mod_acme_conf *conf)
{
    const ap_listen_rec *listener;

    for (listener = ap_listeners; listener; listener = listener->next)
        if (!is_tls_port(conf, listener->bind_addr->port))
            return 1;
    return 0;
}

const char *mod_acme_add_sites(mod_acme_conf *conf)
{
    server_rec *s;
    apr_pool_t *p;
    const char *error = NULL;

    apr_pool_create(&p, conf->pool);
    for (s = conf->server; s && !error; s = s->next)
        error = add_site(conf, p, s);
    apr_pool_destroy(p);
    conf->environment.plain_http_listener = has_plain_listener(conf);
    return error ? error : mod_acme_add_listeners(conf);
}

void mod_acme_take_plans(mod_acme_conf *conf)
{
    server_rec *s;
    const server_rec *first = NULL;
    int stapling = 0;

    for (s = conf->server; s; s = s->next) {
        mod_acme_server *server = mod_acme_server_of(s);

        if (server->added)
            server->plan = acme_config_site_plan(conf->core, server->site);
        if (server->plan != ACME_PLAN_OFF && mod_acme_has_stapling(server) &&
            !stapling++)
            first = s;
    }
    conf->stapling = stapling != 0;
    if (stapling)
        mod_acme_log(conf, ACME_LOG_WARNING,
                     apr_psprintf(conf->pool,
                                  "SSLUseStapling does nothing for "
                                  "certificates that ACME manages: %d "
                                  "server%s, the first in %s:%d",
                                  stapling, stapling == 1 ? "" : "s",
                                  first->defn_name, first->defn_line_number));
}
