"""The same sites served in several ways, from one store: by us; by the server alone with the
store's files (so keys and chains are the same); by nginx's variable certificates; by mod_md;
without TLS. Each server is one of the end-to-end tests' own."""

import os
import signal
import time

from lib import nginx, process
from lib.httpd import Httpd
from lib.nginx import Nginx
from lib.ports import free_port
from lib.site import Issuer, Site

from . import meter
from .stored import Chain

NAME = "s%d.example.org"  # of the sites, by number
AWAY = "https://127.0.0.1:9/dir"  # no CA is needed: nothing in the store is due
# What most sites include. Debian 12's nginx has no TLS 1.3 without.
NGINX_SNIPPET = """ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;
ssl_prefer_server_ciphers off;
ssl_session_timeout 1d;
ssl_session_cache shared:TLS:10m;
"""


def names(count):
    return [NAME % number for number in range(count)]


class Store:
    """A store with certificates of s0.example.org, s1.example.org, …"""

    def __init__(self, path, count, directory=AWAY):
        self.path, self.count, self.directory = path, count, directory
        Chain().fill(str(path), [[name] for name in names(count)], directory)

    def files(self, name):
        version = self.path / "certs" / name / "ecdsa-256" / "00000001"
        return version / "fullchain.pem", version / "privkey.pem"


class _OnePage:
    """All sites have one page: ten thousand folders are another thing to measure."""

    page = None

    def make_content(self, site):
        if self.page is None:
            self.page = super().make_content(Site("all.example.org"))
        return self.page


class QuietNginx(_OnePage, Nginx):
    def command(self, *arguments):
        return [nginx.PROGRAM, "-p", self.folder, "-e", self.error_log, "-c", self.configuration,
                *arguments]

    def start_command(self):
        return self.command()

    def foreground_command(self):
        return self.command("-g", "daemon off; master_process off;")

    reload_signal = signal.SIGHUP


class QuietHttpd(_OnePage, Httpd):
    def start_command(self):
        return self.command("-k", "start")

    def foreground_command(self):
        return self.command("-X")

    reload_signal = signal.SIGUSR1


class Variants:
    """Makes servers of one kind in a folder; each has ports of its own."""

    def __init__(self, folder, store, server_class, label=""):
        self.folder, self.store, self._class, self._label = folder, store, server_class, label
        self.made = []

    def destroy(self):
        for server in self.made:
            server.destroy()
        self.made.clear()

    def server(self, label, module, **more):
        server = self._class(self.folder / f"{self._label}{label}", free_port(), free_port(),
                             module=module, **more)
        server.log_level = "notice"
        self.made.append(server)
        return server

    def _sites(self, count, **more):
        return [Site(name, **{"plain": None, **more}) for name in names(count)]

    @property
    def _snippet(self):
        if self._class is QuietHttpd:
            return ""
        path = self.folder / "tls.conf"
        path.write_text(NGINX_SNIPPET)
        return f"include {path};"

    # One site on plain HTTP stands beside the others everywhere: the challenge is answered there.
    def configure(self, server, sites, *arguments, http="", **more):
        if isinstance(server, Nginx):
            http = f"""keepalive_requests 1000000;
                server_names_hash_max_size {max(1024, 4 * len(sites))};\n{http}"""
        plain = Site("plain.example.org", acme=None, tls=False, default=True)
        server.configure([plain, *sites], *arguments, http=http, **more)
        return server

    def ours(self, count, label="ours", issuer=None, settings=None, state=None, workers=1,
             sites=None, listen="tls", server=None, **more):
        """Sites that we manage. state: a store of this server's own instead of the common one.
        listen="both": on plain HTTP as well. server: one that is there already."""
        server = server or self.server(label, True, **more)
        server.state_path = state or self.store.path
        server.runtime_path = server.folder / "run"
        issuer = issuer or Issuer("bench", AWAY)
        if sites is None:
            sites = self._sites(count, acme=issuer.name, more=self._snippet,
                                plain="files" if listen == "both" else None)
        return self.configure(server, sites, [issuer], settings, workers=workers)

    def one_host(self, count, label="ours"):
        """httpd: one virtual host for all names, its certificate chosen by SNI."""
        lines = "\n".join(f"ACMEDomain {name} issuer=bench" for name in names(count))
        return self.ours(count, label, sites=[
            Site("s0.example.org", acme=None, plain=None, more=f"ServerAlias *.example.org\n{lines}")])

    def files(self, count, label="files", workers=1, listen="tls", **more):
        """The server alone with certificates from files."""
        server = self.server(label, False, **more)
        sites = [Site(name, acme=None, own=self.store.files(name), more=self._snippet,
                      plain="files" if listen == "both" else None) for name in names(count)]
        return self.configure(server, sites, workers=workers)

    def plain(self, count, label="plain", **more):
        """Without TLS, and without us."""
        server = self.server(label, False, **more)
        return self.configure(server, self._sites(count, acme=None, plain="files", tls=False),
                               workers=1)

    def variable(self, label="variable"):
        """nginx: one site whose certificate comes out of a variable at each handshake."""
        server = self.server(label, False)
        certificate, key = (path.read_text() for path in self.store.files(NAME % 0))
        maps = (f'map $ssl_server_name $certificate {{ default "{certificate}"; }}\n'
                f'map $ssl_server_name $key {{ default "{key}"; }}')
        site = Site(NAME % 0, acme=None, plain=None,
                    own=("data:$certificate", "data:$key"), more=self._snippet)
        return self.configure(server, [site], http=maps, workers=1)


def counted(server, load, count):
    """What the server executes for one unit of load(count), in one process."""
    def end(pid):
        os.kill(pid, signal.SIGTERM)
    name = NAME % 0
    program = meter.Instructions(server.folder, server.foreground_command(),
                                 lambda: answers(server, name), end)
    try:
        return program.of(load, count)
    finally:
        server.wait_for_no_helpers(10)


# Starting and reloading, measured.


def answers(server, name=None):
    """The TLS port answers for this name; None: the plain port answers."""
    try:
        if name is None:
            server.http_get("plain.example.org")
        else:
            server.handshake(name)
        return True
    except OSError:
        return False


def start(server, name=None, limit=300):
    """Starts; seconds from the program's start to its first answer."""
    server._left = set()  # httpd: children of generations that are ending
    began = time.monotonic()
    done = server.run(*server.start_command(), timeout=limit)
    assert done.ok, f"{server.kind} did not start: {done.output[-2000:]}"
    process.wait_until(lambda: answers(server, name), limit, "an answer", every=0.002)
    return time.monotonic() - began


def stop(server):
    server.stop(60)
    server.wait_for_no_helpers(10)
    process.reap((server.kind, "nginx", "apache2", "acme-keeper", "acme-agent"))


def workers(server):
    return [pid for pid in _children(server.master) if server._is_worker(pid)]


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def reload(server, limit=300):
    """Graceful reload; (seconds until a worker with the new configuration is there, seconds of
    the master's CPU until then)."""
    master, before, seen = server.master, set(_children(server.master)), set()
    used, began = meter.cpu(master), time.monotonic()
    os.kill(master, server.reload_signal)

    def fresh():
        # Seen twice: a helper is the server's program too, until its exec.
        now = {pid for pid in _children(master) if pid not in before and server._is_worker(pid)}
        there = bool(now & seen)
        seen.clear()
        seen.update(now)
        return there
    process.wait_until(fresh, limit, "new workers", every=0.002)
    seconds = time.monotonic() - began
    return seconds, meter.cpu(master) - used
