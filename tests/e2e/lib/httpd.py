"""A real Apache httpd in a folder of its own, configured from sites and issuers."""

import os
import re
import shutil
import signal

from . import process
from .ports import free_port
from .server import Server
from .workspace import REPOSITORY, built

PROGRAM = os.environ.get("ACME_HTTPD") or shutil.which(
    "apache2", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
MODULES = os.environ.get("ACME_HTTPD_MODULES", "/usr/lib/apache2/modules")

STANDARD = ("authn_core", "authn_file", "authz_core", "authz_host", "authz_user", "auth_basic", "alias", "dir",
            "env", "headers", "http2", "include", "mime", "proxy", "proxy_http", "rewrite",
            "setenvif", "socache_shmcb", "ssl", "status")

EVENT, WORKER, PREFORK = MPMS = ("event", "worker", "prefork")


def directive_names():
    """{nginx name: httpd name} of directives.def."""
    table = (REPOSITORY / "acmecore" / "include" / "acmecore" / "directives.def").read_text()
    rows = re.findall(r'^ACME_DIRECTIVE\("(\w+)", (?:"(\w+)"|NULL), (?:"(\w+)"|NULL)', table, re.M)
    # A key may have a row for each server, where the names do not go in pairs.
    httpd = {key: name for key, name, _ in rows if name}
    return {nginx: name or httpd[key] for key, name, nginx in rows
            if nginx and (name or key in httpd)}


def issuer_lines(name, issuer):
    """The block that makes this name an issuer at that CA."""
    names = directive_names()
    return [f"<ACMEIssuer {name}>", f"    ACMEDirectoryURL {issuer.directory}",
            *(f"    {names[key]} {value}" for key, value in issuer.settings.items()),
            "</ACMEIssuer>"]


class Httpd(Server):
    kind = "httpd"
    RELOAD_LINE = r"SIGUSR1 received\.  ?Doing graceful restart"

    def __init__(self, folder, http_port, tls_port, module=True, mpm=EVENT):
        super().__init__(folder, http_port, tls_port)
        self.mpm = mpm
        self.arguments = []  # further ones of the command line
        # The value of ErrorLog: a path, "|program", "syslog".
        self.error_log_value = f'"{self.error_log}"'
        self._with_module = module
        self._left = set()  # children of generations that are ending
        self._first_workers = 1  # as many it starts with
        (self.folder / "runtime").mkdir()
        (self.folder / "passwords").write_text("operator:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")

    # Configuration.

    def configure(self, sites, issuers=(), settings=None, *, http="", main="", workers=2):
        """Writes httpd.conf. settings: directives of the main server by their nginx names
        without the prefix, {"renew": "30d"}; "acme" is ACMEEngine. main: lines before, http:
        lines after what stands for the whole server."""
        self._first_workers = workers
        names = directive_names()
        ours = []
        if self._with_module:
            ours = self.path_lines()
            for name, value in (settings or {}).items():
                ours.append(f"{names[name if name == 'acme' else 'acme_' + name]} {value}")
            for issuer in issuers:
                ours += issuer_lines(issuer.name, issuer)
            ours += [line for site in sites for line in self._domains(site)]
        ours += [f"Listen {address}:{port} {protocol}"
                 for address in sorted({each for site in sites for each in site.addresses})
                 for port, protocol in ((self.http_port, "http"), (self.tls_port, "https"))
                 if address != "127.0.0.1"]
        # The first virtual host of an address answers for names that no other has.
        sites = sorted(sites, key=lambda site: not site.default)
        blocks = [block for site in sites for block in self._plain_host(site)]
        blocks += [block for site in sites for block in self._tls_host(site)]
        self.write("\n".join([*self.machine_lines(workers), main, *ours, http, *blocks, ""]))

    def machine_lines(self, workers=2):
        """What any httpd.conf here begins with: modules, paths, users, listeners."""
        mime = next(path for path in ("/etc/mime.types", "/dev/null") if os.path.exists(path))
        threads = 8
        return [
            f"ServerRoot {self.folder}",
            f"LoadModule mpm_{self.mpm}_module {MODULES}/mod_mpm_{self.mpm}.so",
            *(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in STANDARD),
            f"LoadModule acme_module {built('mod_acme.so')}" if self._with_module else "",
            "ServerName main.invalid",
            f"DefaultRuntimeDir {self.folder}/runtime",
            f"PidFile {self.folder}/httpd.pid",
            f"ErrorLog {self.error_log_value}",
            f"LogLevel {self.log_level}",
            f"TypesConfig {mime}",
            *(["User nobody", "Group nogroup"] if os.getuid() == 0 else []),
            f"Listen 127.0.0.1:{self.http_port} http",
            f"Listen 127.0.0.1:{self.tls_port} https",
            "Timeout 20",
            "MaxKeepAliveRequests 0",
            f"StartServers {workers}",
            f"ServerLimit {workers + 4}",
            *([f"MaxRequestWorkers {workers + 4}", f"MinSpareServers {workers}",
               f"MaxSpareServers {workers + 1}"]
              if self.mpm == PREFORK else
              [f"ThreadsPerChild {threads}", f"MaxRequestWorkers {workers * threads}",
               f"MinSpareThreads {threads}", f"MaxSpareThreads {workers * threads}"]),
            *([] if self.mpm == PREFORK else ["Protocols h2 http/1.1"]),
            f"SSLSessionCache shmcb:{self.folder}/runtime/sessions",
            f"<Directory {self.folder}/html>",
            "    Require all granted",
            "    AllowOverride All",
            "</Directory>",
        ]

    def path_lines(self):
        return [f"ACMEStatePath {self.state_path}", f"ACMERuntimePath {self.runtime_path}",
                f"ACMEHelperPath {self.programs}"]

    def write(self, text):
        """A whole configuration, as it is: for tests of typing errors."""
        self.configuration.write_text(text)

    def _domains(self, site):
        """nginx's acme_certificate, with names or for those of the site."""
        for line in site.certificates:
            issuer, *rest = line.split()
            names = [word for word in rest if "=" not in word] or site.names
            yield " ".join(["ACMEDomain", *names, f"issuer={issuer}",
                            *(word for word in rest if "=" in word)])

    def _host(self, port, site, lines):
        first, *others = site.names
        addresses = " ".join(f"{address}:{port}" for address in site.addresses)
        return "\n    ".join([f"<VirtualHost {addresses}>", f"ServerName {first}",
                              *([f"ServerAlias {' '.join(others)}"] if others else []),
                              f"DocumentRoot {self.make_content(site)}",
                              *filter(None, lines)]) + "\n</VirtualHost>"

    def _plain_host(self, site):
        if site.plain:
            more = [site.more] if site.plain == "files" else self._plain(site)
            yield self._host(self.http_port, site, more)

    def _tls_host(self, site):
        if not site.tls:
            return
        lines = ["SSLEngine on"]
        if site.acme is not None and self._with_module:
            lines.append(f"ACMEEngine {site.acme}")
        if site.own:
            lines += [f"SSLCertificateFile {site.own[0]}", f"SSLCertificateKeyFile {site.own[1]}"]
        yield self._host(self.tls_port, site, [*lines, site.more])

    def _plain(self, site):
        return {
            "redirect": [f"Redirect permanent / https://{site.names[0]}:{self.tls_port}/"],
            "close": ["Redirect gone /"],  # nginx has 444
            "deny": ["<Location />", "Require all denied", "</Location>"],
            "auth": ["<Location />", "AuthType Basic", "AuthName closed",
                     f"AuthUserFile {self.folder}/passwords", "Require valid-user", "</Location>"],
            "rewrite": ["RewriteEngine on", "RewriteRule ^ /index.html [PT]"],
            "dead-upstream": [f"ProxyPass / http://127.0.0.1:{free_port()}/"],
        }[site.plain]

    @staticmethod
    def state_page(path):
        """Lines for a site that make it answer with its state at this path."""
        return (f"<Location {path}>\nRequire all denied\n"
                'ErrorDocument 403 "%{reqenv:ACME_STATE}"\n</Location>')

    @staticmethod
    def status_page(path, who="Require local"):
        """Lines for a site that show the status of all certificates at this path."""
        return (f"ACMEStatus on\n<Location {path}>\nSetHandler acme-status\n{who}\n</Location>")

    # What status_page() takes as `who`, beside this machine alone.
    NOBODY, ANYBODY = "Require all denied", "Require all granted"

    @staticmethod
    def tls_versions(*versions):
        """Lines for a site that allow these TLS versions: "1.2", "1.3"."""
        return "SSLProtocol -all " + " ".join(f"+TLSv{version}" for version in versions)

    @staticmethod
    def only_known_clients(ca_file):
        """Lines for a site that is for clients with a certificate of this CA alone."""
        return f"SSLCACertificateFile {ca_file}\nSSLVerifyClient require"

    # The log.

    @property
    def log(self):
        """With levels as [error], without the module's name before it, as everywhere."""
        return re.sub(r"\[(\w*):(\w+)\]", r"[\2] \1:", super().log)

    # Life cycle.

    def command(self, *arguments):
        return [PROGRAM, "-d", self.folder, "-f", self.configuration, *self.arguments, *arguments]

    def test(self):
        """apachectl configtest"""
        return self.run(*self.command("-t"))

    def start(self, expect_fail=False):
        self._left = set()
        # A killed parent that nobody has waited for is "already running" for httpd.
        self._reap()
        done = self.run(*self.command("-k", "start"))
        if expect_fail:
            process.wait_until(lambda: not self.master, 10, "an end of httpd")
            return done
        assert done.ok, f"httpd did not start: {done.output}"
        process.wait_until(lambda: self.master and len(self.workers()) >= self._first_workers, 20,
                           "httpd and its children")
        return done

    def workers(self):
        """The pids of the current children, without those of an ending generation."""
        master = self.master
        return sorted(pid for pid in process.children(master)
                      if self._is_worker(pid) and pid not in self._left) if master else []

    def reload(self, expect_fail=False, timeout=30):
        """apachectl graceful: a configuration test, then SIGUSR1, and until new children are
        there; expect_fail: the test refuses it."""
        done = self.test()
        if expect_fail:
            assert not done.ok, "the configuration test passed"
            return
        assert done.ok, done.output
        self.graceful(timeout)

    def graceful(self, timeout=30):
        """The bare signal, whatever the configuration."""
        before = set(self.workers())
        self._left |= before
        self.send_signal(signal.SIGUSR1)
        process.wait_until(lambda: self.workers() and self._answers(), timeout,
                           "new children after the restart")

    def quit(self, timeout=30):
        self._end(signal.SIGWINCH, timeout)

    def stop(self, timeout=30):
        self._end(signal.SIGTERM, timeout)

    def restart(self):
        self.stop()
        self.start()

    def destroy(self):
        super().destroy()
        self._reap()

    @staticmethod
    def _reap():
        process.reap((os.path.basename(PROGRAM),))

    def _answers(self):
        try:
            self.http_get("main.invalid")
            return True
        except OSError:
            return False

    def _end(self, number, timeout):
        pid = self.master
        os.kill(pid, number)
        process.wait_until(lambda: not process.alive(pid), timeout, "end of httpd")

    @staticmethod
    def _is_worker(pid):
        return process.program(pid) == os.path.realpath(PROGRAM)
