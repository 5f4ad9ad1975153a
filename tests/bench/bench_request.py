"""CPU of a plain HTTP request at a site that we manage, against the same server without the
module, twice."""

from functools import partial

from bench.lib import load, meter
from bench.lib.figure import Figure, Target
from bench.lib.servers import NAME, QuietHttpd, QuietNginx, Store, Variants, counted, start, stop, \
    workers

TITLE = "Requests"
HOST = NAME % 0
NONE = ("no module", "no module again")


def measure(bench):
    store = Store(bench.folder / "store", 1)
    for server_class in (QuietNginx, QuietHttpd):
        yield partial(both, bench, store, server_class)


def both(bench, store, server_class):
    variants = Variants(bench.folder, store, server_class, f"{server_class.kind}-")
    try:
        yield cpu(bench, variants, server_class)
        if meter.Instructions.available():
            yield instructions(bench, variants, server_class)
    finally:
        variants.destroy()


def cpu(bench, variants, server_class):
    servers = {"ours": variants.ours(1, listen="both"),
               NONE[0]: variants.files(1, "none", listen="both"),
               NONE[1]: variants.files(1, "none-again", listen="both")}
    count = 5000
    for server in servers.values():
        start(server, HOST)
        load.requests(server.http_port, 500, HOST)
    try:
        series = bench.alternate({case: lambda server=server: one(server, count)
                            for case, server in servers.items()}, bench.rounds(40, 6))
    finally:
        for server in servers.values():
            stop(server)
    return Figure(f"{server_class.kind}: a plain HTTP request, CPU of the worker", "µs", series,
                  [Target(1.01, of=NONE[0], or_spread=NONE)],
                  note=f"{count} requests in a round, on one connection.")


def one(server, count):
    pids = workers(server)
    before = meter.cpu(*pids)
    load.requests(server.http_port, count, HOST)
    return (meter.cpu(*pids) - before) / count * 1e6


def instructions(bench, variants, server_class):
    more = {"mpm": "prefork"} if server_class is QuietHttpd else {}
    cases = {"ours": variants.ours(1, "counted", listen="both", **more),
             NONE[0]: variants.files(1, "counted-none", listen="both", **more)}
    count = bench.size(4000, 1000)
    series = bench.alternate({case: lambda server=server: counted(
        server, lambda times: load.requests(server.http_port, times, HOST), count)
        for case, server in cases.items()}, bench.rounds(3, 1))
    return Figure(f"{server_class.kind}: a plain HTTP request, instructions in user mode", "",
                  series, [Target(1.01, of=NONE[0])], note="Counted by valgrind.")
