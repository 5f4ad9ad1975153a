"""From a server's start with an empty store to its certificates, against Pebble on the same machine
without validation sleep and without Retry-After: how long it takes, and what the client uses. P-256
keys. mod_md has a certificate when it is staged; it becomes active by a graceful restart, which is in
the first handshake only. The others are Debian's packages of the machine's own release."""

from functools import partial

from bench import issuance
from bench.lib import peers
from bench.lib.figure import Figure, Target
from lib.httpd import Httpd
from lib.nginx import Nginx

TITLE = "Issuance"
MD, CADDY, LEGO = "mod_md", "Caddy", "lego, 8 at a time"
SERVERS = {"nginx": Nginx, "httpd": Httpd}


def measure(bench):
    have = {name for name in ("caddy", "lego") if peers.fetch(name)}
    for name in ("caddy", "lego"):
        bench.log(f"{name} {peers.version(name) if name in have else 'cannot be had here: left out'}")
    caddy = {CADDY: peers.caddy_run} if "caddy" in have else {}
    lego = {LEGO: peers.lego_run} if "lego" in have else {}
    yield partial(first, bench, caddy)
    yield partial(hundred, bench, caddy, lego)
    if not bench.quick:
        yield partial(five_hundred, bench)
    yield partial(slow_ca, bench, caddy)
    if not bench.quick:
        yield partial(thousands, bench)


def first(bench, caddy):
    series = runs(bench, 1, {MD: peers.mod_md_run, **caddy}, bench.rounds(7, 2))
    yield from figures(series, "first_handshake", "start to the first valid certificate", "s", 0.3)


def hundred(bench, caddy, lego):
    count = bench.size(100, 10)
    series = runs(bench, count, {MD: peers.mod_md_run, **caddy, **lego}, bench.rounds(3, 1),
                  once=(CADDY, LEGO))
    yield from figures(series, "seconds", f"{count} certificates", "s", bench.size(2.5, None))
    yield from figures(series, "cpu_ms", f"CPU per certificate, {count} certificates", "ms", 6)
    yield from figures(series, "memory_mb", f"peak memory, {count} certificates", "MiB")


def five_hundred(bench):
    series = runs(bench, 500, {MD: peers.mod_md_run}, bench.rounds(2, 1), once=(MD,))
    yield from figures(series, "seconds", "500 certificates", "s", 10)


def slow_ca(bench, caddy):
    count, few = bench.size(20, 4), 2
    # mod_md makes one certificate after the other: twenty would take minutes.
    others = {} if bench.quick else {
        f"{MD}, {few} certificates": lambda _, delay: peers.mod_md_run(few, delay=delay), **caddy}
    series = runs(bench, count, others, bench.rounds(2, 1), once=tuple(others), delay=1)
    yield from figures(series, "seconds",
                       f"{count} certificates, 1 s added to each answer of the CA", "s", 20)


def thousands(bench):
    bench.log("3,000 certificates")
    peak = issuance.measure(Nginx, 3000, timeout=900)
    yield Figure("nginx: peak memory of the helper, 3,000 certificates issued", "MiB",
                 {"ours": [peak["memory_mb"]]}, [Target(60)],
                 note=f"PSS without the board. It took {peak['seconds']:.0f} s.")


def runs(bench, count, others, rounds, once=(), delay=0):
    """{case: what its runs returned}; ours are "nginx" and "httpd"."""
    more = {"delay": delay} if delay else {}
    cases = {case: lambda run=run: run(count, **more) for case, run in (
        *((kind, lambda number, server=server, **rest: issuance.measure(server, number, **rest))
          for kind, server in SERVERS.items()), *others.items())}
    bench.log(f"{count} certificate{'s' if count > 1 else ''}: {', '.join(cases)}")
    return bench.alternate(cases, rounds, once)


def figures(series, what, name, unit, limit=None):
    """One figure for each server, with all others to compare."""
    others = {case: [value[what] for value in values] for case, values in series.items()
              if case not in SERVERS and values[0][what] is not None}
    for kind in SERVERS:
        ours = [value[what] for value in series[kind]]
        yield Figure(f"{kind}: {name}", unit, {"ours": ours, **others},
                     [Target(limit)] if limit else [])
