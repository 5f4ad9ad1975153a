"""Start, graceful reload and memory of a worker before handshakes, with many certificates in the
store: ours, the server alone with the same files, without TLS; for httpd also mod_md. A start lasts
until the first answer, a reload until there is a worker with the new configuration. Memory is PSS:
what the worker shares with others counts in part."""

import shutil
import subprocess
from functools import partial

from bench.lib import load, meter, mod_md
from bench.lib.figure import Figure, Target
from bench.lib.servers import NAME, QuietHttpd, QuietNginx, Store, Variants, names, reload, start, \
    stop, workers
from lib.site import Issuer

TITLE = "Start, reload, memory"
PLAIN, FILES, MD, MD_RSA = "plain HTTP", "static files", "mod_md P-256", "mod_md RSA"
RSA_LIMIT = 400  # seconds; it makes a key for each host
SNIPPET = "Each server includes the same file of ssl_* lines."


def measure(bench):
    small, large = bench.size(1000, 200), bench.size(10000, 1000)
    bench.log(f"a store of {large} certificates")
    store = Store(bench.folder / "store", large)
    for count in (small, large):
        yield partial(nginx, bench, store, count, proof=count == 10000)
    yield partial(httpd_hosts, bench, store, small)
    yield partial(httpd_one_host, bench, store, bench.size(5000, 500))
    yield partial(httpd_new_domains, bench, store, small)


def life(server, name):
    """What one start, one reload and one worker cost."""
    ended = meter.cpu_of_ended()  # a daemon's first process ends as soon as it is one
    seconds = start(server, name)
    starting = meter.cpu_of_ended() - ended + meter.cpu(server.master)
    pss = meter.pss(workers(server)[0])
    reloading, used = reload(server)
    stop(server)
    return {"start": seconds, "start CPU": starting, "reload": reloading, "reload CPU": used,
            "memory": pss / 1024}


def split(series, what):
    return {case: [value[what] for value in values] for case, values in series.items()}


def lives(label, series, targets, note):
    """The figures of what life() has measured."""
    for what, name, unit in (("start", "start", "s"),
                             ("start CPU", "start, CPU of the server", "s"),
                             ("reload", "graceful reload", "s"),
                             ("reload CPU", "graceful reload, CPU of the master", "s"),
                             ("memory", "memory of a worker before handshakes", "MiB")):
        yield Figure(f"{label}: {name}", unit, split(series, what), targets.get(what, []), note=note)


def nginx(bench, store, count, proof):
    variants = Variants(bench.folder, store, QuietNginx, f"nginx-{count}-")
    last = NAME % (count - 1)
    ours = variants.ours(count)
    servers = {"ours": (ours, last), FILES: (variants.files(count), last),
               PLAIN: (variants.plain(count), None)}
    label = f"nginx, {count:,} servers"
    targets = {"start": [Target(0.5), Target(3, of=PLAIN)], "memory": [Target(1.2, of=PLAIN)]}
    try:
        series = bench.alternate({case: lambda server=server, name=name: life(server, name)
                            for case, (server, name) in servers.items()},
                           bench.rounds(5, 2))
        yield from lives(label, series, targets if proof or bench.quick else {}, SNIPPET)
        yield cached(bench, ours, count)
    finally:
        variants.destroy()


def cached(bench, server, count):
    """What the worker's memory grows by for each certificate that it has served."""
    used = min(count, 1000)

    def one():
        start(server, NAME % 0)
        load.handshakes(server.tls_port, 200, NAME % 0)  # what the first handshakes need
        before = meter.pss(workers(server)[0])
        load.handshakes(server.tls_port, used, NAME, used)
        after = meter.pss(workers(server)[0])
        stop(server)
        return (after - before) / used
    return Figure(f"nginx, {count:,} servers: memory of a worker per certificate that it has served",
                  "KiB", bench.alternate({"ours": one}, bench.rounds(3, 1)), [Target(60)],
                  note=f"PSS after a handshake for each of {used:,} names, less PSS before.")


def httpd_hosts(bench, store, count):
    variants = Variants(bench.folder, store, QuietHttpd, "hosts-")
    last = NAME % (count - 1)
    servers = {"ours": (variants.ours(count), last), FILES: (variants.files(count), last),
               MD: (mod_md.variant(variants, count), last), PLAIN: (variants.plain(count), None)}
    mod_md.fill(servers[MD][0], {name: store.files(name) for name in names(count)})
    start(*servers[MD])  # it completes its store
    stop(servers[MD][0])
    try:
        series = bench.alternate({case: lambda server=server, name=name: life(server, name)
                            for case, (server, name) in servers.items()},
                           bench.rounds(5, 2))
        yield from lives(f"httpd, {count:,} virtual hosts", series, {}, "")
    finally:
        variants.destroy()


def httpd_new_domains(bench, store, count):
    """Nothing is stored: what is needed for handshakes until the first certificate must be made."""
    variants = Variants(bench.folder, store, QuietHttpd, "new-")
    last = NAME % (count - 1)
    state = bench.folder / "new-state"
    issuer = Issuer("bench", "https://127.0.0.1:9/dir", {"key": "rsa:2048"})

    def once(server, forget):
        forget()
        seconds = start(server, last, RSA_LIMIT)
        stop(server)
        return seconds
    note = ("RSA keys are asked for at ours; each start with an empty store; static files have their "
            "certificates already.")
    try:
        ours, files = variants.ours(count, issuer=issuer, state=state), variants.files(count)
        managed = {MD: mod_md.variant(variants, count)}
        if not bench.quick:
            managed[MD_RSA] = mod_md.variant(variants, count, "mod_md-rsa", key="RSA 2048")
        cases = {"ours": lambda: once(ours, lambda: shutil.rmtree(state, ignore_errors=True)),
                 FILES: lambda: once(files, lambda: None)}
        cases[MD] = lambda: once(managed[MD], lambda: mod_md.forget(managed[MD]))
        series = bench.alternate(cases, bench.rounds(5, 2))
        if MD_RSA in managed:
            bench.log("mod_md with RSA keys, once: minutes")
            try:
                series[MD_RSA] = [once(managed[MD_RSA], lambda: mod_md.forget(managed[MD_RSA]))]
            except (TimeoutError, subprocess.TimeoutExpired):
                note += f" mod_md with RSA keys was given up after {RSA_LIMIT} s."
    finally:
        variants.destroy()
    yield Figure(f"httpd, {count:,} virtual hosts with new domains: start", "s", series,
                 [Target(1.2, of=FILES)], note=note)


def httpd_one_host(bench, store, count):
    variants = Variants(bench.folder, store, QuietHttpd, "sni-")
    last = NAME % (count - 1)

    def once(server):
        seconds = start(server, last)
        stop(server)
        return seconds
    try:
        servers = {"ours": variants.one_host(count), FILES: variants.files(count),
                   MD: mod_md.variant(variants, count)}
        mod_md.fill(servers[MD], {name: store.files(name) for name in names(count)})
        once(servers[MD])
        series = bench.alternate({case: lambda server=server: once(server)
                            for case, server in servers.items()}, bench.rounds(3, 1))
    finally:
        variants.destroy()
    yield Figure(f"httpd, {count:,} certificates: start", "s", series, [Target(0.3)],
                 note="Ours: one virtual host, its certificate chosen by SNI. The others need a "
                 "virtual host for each certificate.")
