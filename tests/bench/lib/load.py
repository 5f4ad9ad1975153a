"""The load generator load.c, compiled when it is first needed."""

import os
import signal
import subprocess
from pathlib import Path

from lib.workspace import build_dir

SOURCE = Path(__file__).with_name("load.c")
LIMIT = 120  # seconds for one piece of load


def program():
    made = build_dir() / "bench" / "load"
    if not made.exists() or made.stat().st_mtime < SOURCE.stat().st_mtime:
        made.parent.mkdir(exist_ok=True)
        fresh = made.with_name(f"load-{os.getpid()}")  # another run may be doing the same
        subprocess.run(["cc", "-O2", "-o", fresh, SOURCE, "-lssl", "-lcrypto"], check=True)
        fresh.rename(made)
    return str(made)


def _run(*arguments):
    subprocess.run([program(), *(str(argument) for argument in arguments)], check=True,
                   timeout=LIMIT)


def handshakes(port, count, name, hosts=1):
    """Full TLS 1.3 handshakes, one after the other; %d in the name counts up to hosts."""
    _run("tls", port, count, name, hosts)


def requests(port, count, name):
    """Plain HTTP requests on one connection."""
    _run("http", port, count, name)


class Waits:
    """What new connections wait while this context lasts; then longest_ms, percentile99_ms,
    median_ms, connections and failures are there."""

    def __init__(self, port, name, hosts, pause_ms=2):
        self._arguments = [program(), "wait", str(port), str(pause_ms), name, str(hosts)]

    def __enter__(self):
        self._process = subprocess.Popen(self._arguments, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        told, _ = self._process.communicate(timeout=LIMIT)
        longest, percentile, median, connections, failures = told.split()
        self.longest_ms, self.percentile99_ms = float(longest), float(percentile)
        self.median_ms = float(median)
        self.connections, self.failures = int(connections), int(failures)
