/*
 * Tells the core where each server can be asked which certificate it shows,
 * and who has which address besides.
 *
 * Where the PROXY protocol is spoken is mod_remoteip's secret: its directives
 * are looked at as they pass, as those of mod_ssl.
 *
 * License: Apache-2.0
 */

#include "mod_acme.h"
#include "ap_listen.h"

static const char *need_mod_remoteip(cmd_parms *cmd)
{
    if (ap_find_linked_module("mod_remoteip.c"))
        return NULL;
    return apr_pstrcat(cmd->pool, "Invalid command '", cmd->cmd->name,
                       "', perhaps misspelled or defined by a module not "
                       "included in the server configuration",
                       NULL);
}

const char *mod_acme_see_proxy_protocol(cmd_parms *cmd, void *dummy, int on)
{
    mod_acme_server *server = mod_acme_server_of(cmd->server);

    server->proxy_protocol = on ? SWITCH_ON : SWITCH_OFF;
    server->conf->proxy_protocol |= on != 0;
    return need_mod_remoteip(cmd);
}

const char *mod_acme_see_exception(cmd_parms *cmd, void *dummy,
                                   const char *network)
{
    mod_acme_conf *conf = mod_acme_server_of(cmd->server)->conf;

    if (!conf->no_proxy_protocol)
        conf->no_proxy_protocol =
            apr_array_make(conf->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(conf->no_proxy_protocol, const char *) =
        apr_pstrdup(conf->pool, network);
    return need_mod_remoteip(cmd);
}

static const char *text_of(apr_pool_t *p, const apr_sockaddr_t *address)
{
    char *text = NULL;

    if (!address ||
        apr_sockaddr_ip_get(&text, (apr_sockaddr_t *)address) != APR_SUCCESS)
        return "";
    return apr_pstrdup(p, text);
}

static int is_wildcard(const char *ip)
{
    return !strcmp(ip, "0.0.0.0") || !strcmp(ip, "::");
}

static int has_port(const server_addr_rec *addr, const ap_listen_rec *listener)
{
    return addr->host_port == 0 || addr->host_port == listener->bind_addr->port;
}

/* The address by which the listener leads to the server; NULL: it does not. */
static const char *address_at(apr_pool_t *p, const server_addr_rec *addr,
                              const ap_listen_rec *listener)
{
    const char *bound = text_of(p, listener->bind_addr);
    const char *host = text_of(p, addr->host_addr);

    if (!has_port(addr, listener))
        return NULL;
    if (is_wildcard(host))
        return bound;
    return is_wildcard(bound) || !strcmp(bound, host) ? host : NULL;
}

static int is_virtual_hosts(mod_acme_conf *conf, apr_pool_t *p,
                            const ap_listen_rec *listener)
{
    const server_rec *s;
    const server_addr_rec *addr;

    for (s = conf->server->next; s; s = s->next)
        for (addr = s->addrs; addr; addr = addr->next)
            if (address_at(p, addr, listener))
                return 1;
    return 0;
}

/* One of the networks that mod_remoteip expects no header from. */
static int is_exception(mod_acme_conf *conf, apr_pool_t *p, const char *ip)
{
    apr_sockaddr_t *address;
    int i;

    if (!conf->no_proxy_protocol)
        return 0;
    if (!strcmp(ip, "0.0.0.0"))
        ip = "127.0.0.1";
    else if (!strcmp(ip, "::"))
        ip = "::1";
    if (apr_sockaddr_info_get(&address, ip, APR_UNSPEC, 0, 0, p) != APR_SUCCESS)
        return 0;
    for (i = 0; i < conf->no_proxy_protocol->nelts; i++) {
        char *network = apr_pstrdup(p, APR_ARRAY_IDX(conf->no_proxy_protocol, i,
                                                     const char *));
        char *mask = strchr(network, '/');
        apr_ipsubnet_t *subnet;

        if (mask)
            *mask++ = '\0';
        if (apr_ipsubnet_create(&subnet, network, mask, p) == APR_SUCCESS &&
            apr_ipsubnet_test(subnet, address))
            return 1;
    }
    return 0;
}

/* As mod_remoteip decides it: by address, whichever server said it. */
static int has_proxy_protocol(mod_acme_conf *conf, apr_pool_t *p,
                              const char *ip, apr_port_t port)
{
    server_rec *s;
    const server_addr_rec *addr;
    int on = 0;

    if (!conf->proxy_protocol)
        return 0;
    for (s = conf->server; s; s = s->next) {
        const mod_acme_server *server = mod_acme_server_of(s);

        if (server->proxy_protocol == SWITCH_UNSET)
            continue;
        for (addr = s->addrs; addr; addr = addr->next) {
            const char *host = text_of(p, addr->host_addr);

            if ((addr->host_port != 0 && addr->host_port != port) ||
                (!is_wildcard(host) && strcmp(host, ip)))
                continue;
            if (server->proxy_protocol == SWITCH_OFF)
                return 0;
            on = 1;
        }
    }
    return on && !is_exception(conf, p, ip);
}

static const char *add_listener(mod_acme_conf *conf, apr_pool_t *p,
                                const mod_acme_server *server, const char *ip,
                                apr_port_t port)
{
    acme_listener listener = {0};

    listener.address =
        apr_psprintf(p, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
    if (mod_acme_has_tls(server) && !server->upgrade)
        listener.flags |= ACME_LISTENER_TLS;
    if (has_proxy_protocol(conf, p, ip, port))
        listener.flags |= ACME_LISTENER_PROXY_PROTOCOL;
    return acme_config_add_listener(conf->core, server->site, &listener) ==
                   ACME_OK
               ? NULL
               : acme_error_message();
}

static const char *add_server(mod_acme_conf *conf, apr_pool_t *p,
                              const mod_acme_server *server)
{
    const server_addr_rec *addr;
    const ap_listen_rec *listener;
    const char *error = NULL;

    for (addr = server->server->addrs; addr; addr = addr->next)
        for (listener = ap_listeners; listener && !error;
             listener = listener->next) {
            const char *ip = address_at(p, addr, listener);

            /* what no virtual host takes is the main server's */
            if (ip && (server->server->is_virtual ||
                       !is_virtual_hosts(conf, p, listener)))
                error = add_listener(conf, p, server, ip,
                                     listener->bind_addr->port);
        }
    return error;
}

const char *mod_acme_add_listeners(mod_acme_conf *conf)
{
    server_rec *s;
    apr_pool_t *p;
    const char *error = NULL;

    apr_pool_create(&p, conf->pool);
    for (s = conf->server; s && !error; s = s->next) {
        const mod_acme_server *server = mod_acme_server_of(s);

        if (server->added)
            error = add_server(conf, p, server);
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return error;
}
