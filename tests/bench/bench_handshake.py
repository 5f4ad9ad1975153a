"""CPU of a full TLS 1.3 handshake: ours against the server alone with the same certificate from
a file, twice (what these two differ in is the noise of this run), and against nginx's variable
certificates."""

from functools import partial

from bench.lib import load, meter
from bench.lib.figure import Figure, Target
from bench.lib.servers import NAME, QuietHttpd, QuietNginx, Store, Variants, counted, start, stop, \
    workers

TITLE = "Handshakes"
HOST = NAME % 0
FILES = ("static files", "static files again")


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
    servers = {"ours": variants.ours(1), FILES[0]: variants.files(1, "files"),
               FILES[1]: variants.files(1, "files-again")}
    if server_class is QuietNginx:
        servers["ssl_certificate data:$variable"] = variants.variable()
    count = 150
    for server in servers.values():
        start(server, HOST)
        load.handshakes(server.tls_port, 50, HOST)
    try:
        series = bench.alternate({case: lambda server=server: one(server, count)
                            for case, server in servers.items()}, bench.rounds(40, 6))
    finally:
        for server in servers.values():
            stop(server)
    return Figure(f"{server_class.kind}: a full TLS 1.3 handshake, CPU of the worker", "µs", series,
                  [Target(1.03, of=FILES[0], or_spread=FILES)],
                  note=f"{count} handshakes in a round, P-256, a chain of two.")


def one(server, count):
    pids = workers(server)
    before = meter.cpu(*pids)
    load.handshakes(server.tls_port, count, HOST)
    return (meter.cpu(*pids) - before) / count * 1e6


def instructions(bench, variants, server_class):
    more = {"mpm": "prefork"} if server_class is QuietHttpd else {}
    cases = {"ours": variants.ours(1, "counted", **more),
             FILES[0]: variants.files(1, "counted-files", **more)}
    count = bench.size(200, 60)
    series = bench.alternate({case: lambda server=server: counted(
        server, lambda times: load.handshakes(server.tls_port, times, HOST), count)
        for case, server in cases.items()}, bench.rounds(3, 1))
    return Figure(f"{server_class.kind}: a full TLS 1.3 handshake, instructions in user mode",
                  "thousand", {case: [value / 1000 for value in values]
                               for case, values in series.items()},
                  [Target(1.03, of=FILES[0])], note="Counted by valgrind.")
