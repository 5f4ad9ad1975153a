"""How long a server waits for its certificates, and what the helper takes for them.

    /usr/bin/python3 tests/bench/issuance.py [--count 100] [--rounds 3] [--delay 0] [--server nginx]

measure() is one run: a fresh Pebble (no validation sleep, no Retry-After), a fresh server with
an empty store and `count` sites; the clock starts with the server's program. The parts are those
of the end-to-end tests; ACME_BUILD_DIR says which build (the release build, for figures).
"""

import argparse
import os
import re
import shutil
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from lib import faults, process  # noqa: E402
from lib.authority import Authority  # noqa: E402
from lib.dns import Dns  # noqa: E402
from lib.httpd import Httpd  # noqa: E402
from lib.nginx import Nginx  # noqa: E402
from lib.pebble import Pebble, program  # noqa: E402
from lib.ports import free_port  # noqa: E402
from lib.proxy import FaultProxy  # noqa: E402
from lib.site import Site  # noqa: E402
from lib.workspace import make_folder  # noqa: E402

SERVERS = {"nginx": Nginx, "httpd": Httpd}
OBTAINED = re.compile(rb": certificate obtained from ")
TICK = 1 / os.sysconf("SC_CLK_TCK")


def measure(server_class, count, *, delay=0, nonce_reject=0, key=None, timeout=600, keep=False):
    """One run. Returns a dict:

    seconds      from the server's start to the last certificate, first_handshake to the first
                 verified handshake with one (both with the server's own start)
    helper_cpu   seconds of supervisor, keeper, agent and their children;
                 per certificate in milliseconds: cpu_ms
    keeper_cpu, agent_cpu, pebble_cpu, server_cpu   the same, each by itself
    memory_mb    peak of the helper's PSS without the board, sampled; and of keeper_mb, agent_mb
    """
    folder = make_folder("bench")
    names = [f"site{number}.example.org" for number in range(count)]
    with ExitStack() as stack:
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        authority = Authority(folder / "authority")
        dns = Dns(program() + "-challtestsrv", folder).start()
        stack.callback(dns.stop)
        http_port, tls_port = free_port(), free_port()
        (folder / "pebble").mkdir()
        pebble = Pebble(folder / "pebble", authority, dns, http_port, tls_port,
                        nonce_reject=nonce_reject, retry_after=(0, 0)).start()
        stack.callback(pebble.stop)
        settings = {"key": key} if key else {}
        issuer = pebble.issuer(**settings)
        if delay:
            proxy = FaultProxy(pebble.port, authority).start()
            stack.callback(proxy.stop)
            proxy.rule("*", faults.delay(delay))
            issuer = proxy.issuer(pebble, **settings)
        server = server_class(folder / server_class.kind, http_port, tls_port)
        server.log_level = "notice"
        stack.callback(server.destroy)
        server.configure([Site(name) for name in names], [issuer])
        return _run(server, pebble, names, timeout)


def _run(server, pebble, names, timeout):
    log = Tail(server.error_log)
    trust = pebble.root()
    pebble_before = cpu(pebble.pid)
    began = time.monotonic()
    server.start()
    first = None
    watched = None
    seconds = None
    while seconds is None or first is None:
        now = time.monotonic() - began
        if now > timeout:
            raise TimeoutError(f"{log.count} of {len(names)} certificates in {timeout} s:\n"
                               + server.log[-3000:])
        if log.read() >= len(names) and seconds is None:
            seconds = now
        if first is None and (log.count or len(names) == 1) and _serves(server, log, names, trust):
            first = time.monotonic() - began
        if watched is None and log.count:
            watched = Memory(server)
        elif watched:
            watched.look()
        time.sleep(0.005)
    helpers = {role: pids[0] for role, pids in server.helpers().items()}
    spent = {role: cpu(pid) for role, pid in helpers.items()}
    watched = watched or Memory(server)
    watched.look(now=True)
    helper_cpu = sum(spent.values())
    return {
        "count": len(names),
        "seconds": seconds,
        "first_handshake": first,
        "helper_cpu": helper_cpu,
        "cpu_ms": helper_cpu / len(names) * 1000,
        "keeper_cpu": spent["keeper"],
        "agent_cpu": spent["agent"],
        "pebble_cpu": cpu(pebble.pid) - pebble_before,
        "server_cpu": cpu(server.master) + sum(cpu(pid) for pid in server.workers()),
        "memory_mb": watched.peak["all"] / 1024,
        "keeper_mb": watched.peak["keeper"] / 1024,
        "agent_mb": watched.peak["agent"] / 1024,
    }


def _serves(server, log, names, trust):
    name = log.first or names[0]
    try:
        server.handshake(name, trust)
        return True
    except OSError:
        return False


class Tail:
    """Counts what the helper says it obtained; reads each byte of the log once."""

    def __init__(self, path):
        self._file = open(path, "rb")
        self._rest = b""
        self.count = 0
        self.first = None

    def read(self):
        text = self._rest + self._file.read()
        whole, newline, self._rest = text.rpartition(b"\n")
        for line in (whole + newline).splitlines():
            found = OBTAINED.search(line)
            if not found:
                continue
            self.count += 1
            self.first = self.first or line[:found.start()].rsplit(b" ", 1)[-1].decode()
        return self.count


class Memory:
    """The largest PSS of the helper's processes without the board, which is the server's."""

    EVERY = 0.25

    def __init__(self, server):
        self._pids = {role: pids for role, pids in server.helpers().items() if pids}
        self._next = 0.0
        self.peak = {"all": 0, "supervisor": 0, "keeper": 0, "agent": 0}

    def look(self, now=False):
        if not now and time.monotonic() < self._next:
            return
        sizes = {role: sum(pss(pid) for pid in pids) for role, pids in self._pids.items()}
        sizes["all"] = sum(sizes.values())
        for role, size in sizes.items():
            self.peak[role] = max(self.peak[role], size)
        self._next = time.monotonic() + self.EVERY


def pss(pid):
    """KiB, without shared memory."""
    total, counted = 0, True
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            counted = "/memfd:" not in line
        elif counted and line.startswith("Pss:"):
            total += int(line.split()[1])
    return total


def cpu(pid):
    """Seconds of a process and its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) * TICK


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", choices=sorted(SERVERS), default="nginx")
    parser.add_argument("--count", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0, help="seconds added to each CA answer")
    parser.add_argument("--nonce-reject", type=int, default=0, help="percent")
    parser.add_argument("--key", help="kind of key: rsa:2048")
    parser.add_argument("--keep", action="store_true", help="folders stay")
    options = parser.parse_args()
    process.become_reaper()
    for count in options.count:
        runs = [measure(SERVERS[options.server], count, delay=options.delay, key=options.key,
                        nonce_reject=options.nonce_reject, keep=options.keep)
                for _ in range(options.rounds)]
        print(f"{options.server}, {count} certificates, {options.rounds} rounds:"
              "  minimum / median / maximum")
        for key in runs[0]:
            values = [run[key] for run in runs]
            print(f"  {key:16} {min(values):9.3f} {statistics.median(values):9.3f} "
                  f"{max(values):9.3f}", flush=True)


if __name__ == "__main__":
    main()
