"""Other ACME clients against the same Pebble: Debian's mod_md, Caddy and lego. Each function is one
run with nothing stored, and returns what issuance.measure() returns for ours:

    seconds          from the client's start to the last certificate
    first_handshake  to the first verified handshake with one (None: it serves none itself)
    cpu_ms           of the client for each certificate
    memory_mb        the largest PSS of its processes, together
"""

import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from lib import client, faults, process
from lib.ports import free_port
from lib.proxy import FaultProxy
from lib.workspace import make_folder

from . import ca, meter, mod_md
from .servers import NAME, QuietHttpd, QuietNginx, Variants, names, start, workers

LIMIT = 600
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "acmecore"


def fetch(package):
    """The program of a Debian package, from the machine's own mirror, unpacked into a cache
    folder; None when it cannot be had."""
    folder = CACHE / f"{package}-bench"
    found = folder / "usr" / "bin" / package
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download",
                               package], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        for archive in folder.glob("*.deb") if done.returncode == 0 else ():
            subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)
            (folder / "version").write_text(archive.name.split("_")[1])
            archive.unlink()
    return found if found.exists() else None


def version(package):
    """Of the Debian package that fetch() has unpacked; None when it has not."""
    told = CACHE / f"{package}-bench" / "version"
    return told.read_text() if told.exists() else None


class _Ground:
    """What each run stands on: a folder, a Pebble, and the CA's address to use."""

    def __init__(self, stack, make_server, delay=0):
        self.folder = make_folder("bench")
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.server = make_server(self.folder)
        self.pebble = stack.enter_context(ca.pebble(self.folder / "pebble", self.server))
        self.directory, self.root = self.pebble.issuer().directory, self.pebble.authority.root
        if delay:
            proxy = FaultProxy(self.pebble.port, self.pebble.authority).start()
            stack.callback(proxy.stop)
            proxy.rule("*", faults.delay(delay))
            self.directory = proxy.issuer(self.pebble).directory


class _Watch:
    """Until so many certificates are there; meanwhile the memory of these processes."""

    def __init__(self, pids):
        self._pids, self.peak, self._next = pids, 0, 0

    def until(self, there, what):
        def look():
            if time.monotonic() >= self._next:
                self.look()
            return there()
        process.wait_until(look, LIMIT, what, every=0.005)

    def look(self):
        self.peak = max(self.peak, sum(meter.pss(pid) for pid in self._pids()) / 1024)
        self._next = time.monotonic() + 0.25


def mod_md_run(count, *, delay=0, key="secp256r1"):
    """A certificate is there when it is staged; the first handshake needs a graceful restart, which
    is asked for as soon as the first one is staged."""
    with ExitStack() as stack:
        variants = []

        def make(folder):
            variants.append(Variants(folder, None, QuietHttpd))
            stack.callback(variants[0].destroy)
            return variants[0].server("mod_md", False)
        ground = _Ground(stack, make, delay)
        server = mod_md.variant(variants[0], count, key=key, directory=ground.directory,
                                root=ground.root, server=ground.server)
        began = time.monotonic()
        start(server, NAME % 0)
        pids = [server.master, *workers(server)]
        before = meter.cpu(*pids)
        watch = _Watch(lambda: workers(server))
        watch.until(lambda: mod_md.staged(server) >= count, "staged certificates")
        seconds = time.monotonic() - began
        watch.look()
        used = meter.cpu(*pids) - before
        first = None
        if count == 1:
            os.kill(server.master, server.reload_signal)
            _first_handshake(server.tls_port, ground.pebble)
            first = time.monotonic() - began
    return {"seconds": seconds, "first_handshake": first, "cpu_ms": used / count * 1000,
            "memory_mb": watch.peak}


def caddy_run(count, *, delay=0):
    with ExitStack() as stack:
        ground = _Ground(stack, lambda folder: _Ports(), delay)
        store = ground.folder / "caddy"
        configuration = ground.folder / "Caddyfile"
        configuration.write_text("\n".join([
            "{", "admin off", "skip_install_trust", f"http_port {ground.server.http_port}",
            f"https_port {ground.server.tls_port}", f"acme_ca {ground.directory}",
            f"acme_ca_root {ground.root}", "email admin@example.org",
            f"storage file_system {store}", "log {", "level ERROR", "}", "}",
            *(f"{name} {{\nbind 127.0.0.1\nrespond ok\n}}" for name in names(count)), ""]))
        trust = ground.pebble.root()
        program = process.Process([fetch("caddy"), "run", "--config", configuration],
                                  ground.folder / "caddy.log", {"HOME": str(ground.folder)})
        began = time.monotonic()
        program.start()
        stack.callback(program.stop)
        pid = program.popen.pid
        watch = _Watch(lambda: [pid])
        first = None
        if count == 1:
            _first_handshake(ground.server.tls_port, ground.pebble, trust)
            first = time.monotonic() - began
        watch.until(lambda: len(list(store.glob("certificates/*/*/*.crt"))) >= count,
                    "Caddy's certificates")
        seconds = time.monotonic() - began
        watch.look()
        return {"seconds": seconds, "first_handshake": first,
                "cpu_ms": meter.cpu(pid) / count * 1000, "memory_mb": watch.peak}


def lego_run(count, *, at_once=8):
    """One run of lego for each certificate, as its users do; nginx serves its challenge files."""
    with ExitStack() as stack:
        def make(folder):
            variants = Variants(folder, None, QuietNginx)
            stack.callback(variants.destroy)
            return variants.plain(0)
        ground = _Ground(stack, make)
        start(ground.server)
        environment = {**os.environ, "LEGO_CA_CERTIFICATES": str(ground.root)}

        def one(name):
            subprocess.run([fetch("lego"), "--accept-tos", "--email", "admin@example.org",
                            "--server", ground.directory, "--path", ground.folder / "lego",
                            "--key-type", "ec256", "--domains", name, "--http", "--http.webroot",
                            ground.server.page, "run"], env=environment, check=True, timeout=LIMIT,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        before, began = meter.cpu_of_ended(), time.monotonic()
        one(NAME % 0)  # it makes the account
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(one, names(count)[1:]))
        seconds = time.monotonic() - began
        used = meter.cpu_of_ended() - before
        return {"seconds": seconds, "first_handshake": None, "cpu_ms": used / count * 1000,
                "memory_mb": None}


class _Ports:
    def __init__(self):
        self.http_port, self.tls_port = free_port(), free_port()


def _first_handshake(port, pebble, trust=None):
    trust = trust or pebble.root()

    def verified():
        try:
            client.handshake(port, NAME % 0, trust)
            return True
        except OSError:
            return False
    process.wait_until(verified, LIMIT, "a verified handshake", every=0.005)
