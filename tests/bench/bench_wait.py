"""The longest wait of a new connection, from its first packet to the end of its handshake, while 100
renewed certificates become active: `live`, `reload`, the server alone with new files and a graceful
reload, and mod_md's graceful restart. Connections follow each other with a pause of 2 ms, half of them
for names that are being renewed. The CA runs with the lowest priority: a real one has a machine of its
own."""

import time
from contextlib import ExitStack
from functools import partial

from bench.lib import ca, load, mod_md
from bench.lib.figure import Figure, Target
from bench.lib.servers import NAME, QuietHttpd, QuietNginx, Store, Variants, names, reload, start, \
    stop
from lib import process

TITLE = "Waiting at an activation"
LIVE, RELOAD, FILES, MD, IDLE = ("ours", "ours, activation reload", "static files, graceful reload",
                                 "mod_md, graceful restart", "nothing happens")
PATIENCE = 180  # between two reloads that we ask for there is a minute


def measure(bench):
    count, renewed = bench.size(3000, 300), bench.size(100, 20)
    for server_class in (QuietHttpd, QuietNginx):
        yield partial(waits, bench, server_class, count, renewed)


def waits(bench, server_class, count, renewed):
    with ExitStack() as stack:
        yield wait(bench, stack, server_class, count, renewed)


def wait(bench, stack, server_class, count, renewed):
    kind = server_class.kind
    bench.log(f"{kind}: {count} hosts")
    folder = bench.folder / kind
    folder.mkdir()
    store = Store(folder / "store", count)
    variants = Variants(folder, store, server_class)
    stack.callback(variants.destroy)
    servers = {
        LIVE: managed(stack, variants, count, "live"),
        RELOAD: managed(stack, variants, count, "reload"),
        FILES: variants.files(count, workers=2),
    }
    if server_class is QuietHttpd:
        servers[MD] = mod_md.variant(variants, count, workers=2)
        mod_md.fill(servers[MD], {name: store.files(name) for name in names(count)})
    for server in servers.values():
        start(server, NAME % 0)

    def activate():
        renew(servers[LIVE], renewed)

    def activate_by_reload():
        server = servers[RELOAD]
        reloads = server.graceful_reloads()
        renew(server, renewed)
        process.wait_until(lambda: server.graceful_reloads() > reloads, PATIENCE, "a reload")
        process.wait_until(lambda: served(server), PATIENCE, "the renewed certificate")

    def stage_and_reload():
        reload(servers[MD])
        assert mod_md.activated(servers[MD], NAME % 0), "mod_md has left the renewed certificate"

    series = bench.alternate({
        IDLE: lambda: longest(servers[LIVE], renewed, lambda: time.sleep(2)),
        LIVE: lambda: longest(servers[LIVE], renewed, activate),
        RELOAD: lambda: longest(servers[RELOAD], renewed, activate_by_reload),
        FILES: lambda: longest(servers[FILES], renewed, lambda: reload(servers[FILES])),
        **({MD: lambda: longest(servers[MD], renewed, stage_and_reload,
                                before=lambda: mod_md.stage(servers[MD], names(renewed)))}
           if MD in servers else {}),
    }, bench.rounds(3, 1))
    for server in servers.values():
        stop(server)
    return Figure(f"{kind}, {count:,} hosts: longest wait while {renewed} certificates become active",
                  "ms", series, [Target(10)])


def managed(stack, variants, count, activation):
    """A server of ours with a store of its own, whose certificates this Pebble renews."""
    server = variants.server(activation, True)
    pebble = stack.enter_context(ca.pebble(variants.folder / f"pebble-{activation}", server, aside=True))
    issuer = pebble.issuer("bench")
    store = Store(variants.folder / f"store-{activation}", count, issuer.directory)
    return variants.ours(count, server=server, issuer=issuer, state=store.path, workers=2,
                         settings={"activation": activation})


def renew(server, count):
    """Until so many certificates have been obtained."""
    begin = server.error_log.stat().st_size
    done = server.acmectl("renew", *names(count))
    assert done.ok, done

    def obtained():
        with open(server.error_log, "rb") as log:
            log.seek(begin)
            return log.read().count(b": certificate obtained from ") >= count
    process.wait_until(obtained, PATIENCE, f"{count} renewed certificates", every=0.1)


def served(server):
    try:
        return server.handshake(NAME % 0).from_pebble
    except OSError:  # it takes longer than a client waits
        return False


def longest(server, renewed, happens, before=None):
    if before:
        before()
    load.handshakes(server.tls_port, 2 * renewed, NAME, 2 * renewed)  # each has been used
    with load.Waits(server.tls_port, NAME, 2 * renewed) as waited:
        time.sleep(0.3)
        happens()
        time.sleep(0.7)
    assert waited.failures == 0, f"{waited.failures} connections failed"
    return waited.longest_ms
