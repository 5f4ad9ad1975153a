"""A real nginx in a folder of its own, configured from sites and issuers."""

import os
import re
import signal
import shutil

from . import process
from .ports import free_port
from .server import Server
from .workspace import built

PROGRAM = os.environ.get("ACME_NGINX") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:"
                                                       + os.environ.get("PATH", ""))


class Nginx(Server):
    kind = "nginx"
    RELOAD_LINE = r"signal 1 \(SIGHUP\) received from \d+, reconfiguring"

    def __init__(self, folder, http_port, tls_port, module=True):
        super().__init__(folder, http_port, tls_port)
        self._with_module = module
        (self.folder / "temp").mkdir()

    # Configuration.

    def configure(self, sites, issuers=(), settings=None, *, http="", main="", workers=2):
        """Writes nginx.conf. settings: acme_* directives of the http level by their names
        without the prefix, {"renew": "30d"}; "acme" is `acme`. http, main: further lines."""
        ours = []
        if self._with_module:
            ours = [f"acme_state_path {self.state_path};", f"acme_runtime_path {self.runtime_path};",
                    f"acme_helper_path {self.programs};"]
            for name, value in (settings or {}).items():
                ours.append(f"{name if name == 'acme' else 'acme_' + name} {value};")
            for issuer in issuers:
                ours += [f"acme_issuer {issuer.name} {{", f"    uri {issuer.directory};",
                         *(f"    {name} {value};" for name, value in issuer.settings.items()), "}"]
        self.write("\n".join([
            f"load_module {built('ngx_acme_module.so')};" if self._with_module else "",
            "user nobody nogroup;" if os.getuid() == 0 else "",
            f"worker_processes {workers};",
            f"pid {self.folder}/nginx.pid;",
            f"error_log {self.error_log} {self.log_level};",
            main,
            "events { worker_connections 1024; }",
            "http {",
            "access_log off;",
            "server_names_hash_bucket_size 128;",
            *(f"{kind}_temp_path {self.folder}/temp/{kind};"
              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
            *ours,
            http,
            *(self._server_blocks(site) for site in sites),
            "}",
            "",
        ]))

    def write(self, text):
        """A whole configuration, as it is: for tests of typing errors."""
        self.configuration.write_text(text)

    def _server_blocks(self, site):
        names = " ".join(site.names)
        default = " default_server" if site.default else ""
        listen_http = " ".join(f"listen {address}:{self.http_port}{default};"
                               for address in site.addresses)
        listen_tls = " ".join(f"listen {address}:{self.tls_port} ssl{default};"
                              for address in site.addresses)
        root = f"root {self.make_content(site)};"
        main = [root]
        if site.acme is not None and self._with_module:
            main.append(f"acme {site.acme};")
        main += [f"acme_certificate {line};" for line in site.certificates]
        if site.own:
            main += [f"ssl_certificate {site.own[0]};", f"ssl_certificate_key {site.own[1]};"]
        main.append(site.more)
        blocks = []
        if site.plain not in (None, "files"):
            blocks.append([listen_http, f"server_name {names};", root, *self._plain(site)])
        listens = ([listen_http] if site.plain == "files" else []) + ([listen_tls] if site.tls else [])
        if listens:
            blocks.append([*listens, f"server_name {names};", *main])
        return "\n".join("server {\n    " + "\n    ".join(filter(None, block)) + "\n}"
                         for block in blocks)

    def _plain(self, site):
        if site.plain == "auth":
            passwords = self.folder / "passwords"
            passwords.write_text("operator:{PLAIN}secret\n")
            return [f"auth_basic closed;", f"auth_basic_user_file {passwords};"]
        return {
            "redirect": [f"return 301 https://$host:{self.tls_port}$request_uri;"],
            "close": ["return 444;"],
            "deny": ["deny all;"],
            "rewrite": ["rewrite ^ /index.html last;"],
            "dead-upstream": [f"location / {{ proxy_pass http://127.0.0.1:{free_port()}; }}"],
        }[site.plain]

    @staticmethod
    def state_page(path):
        """Lines for a site that make it answer with its state at this path."""
        return f"location = {path} {{ return 200 $acme_state; }}"

    @staticmethod
    def status_page(path, who="allow 127.0.0.1; deny all;"):
        """Lines for a site that show the status of all certificates at this path."""
        return f"location = {path} {{ acme_status; {who} }}"

    # What status_page() takes as `who`, beside this machine alone.
    NOBODY, ANYBODY = "deny all;", ""

    @staticmethod
    def tls_versions(*versions):
        """Lines for a site that allow these TLS versions: "1.2", "1.3"."""
        return "ssl_protocols " + " ".join(f"TLSv{version}" for version in versions) + ";"

    @staticmethod
    def only_known_clients(ca_file):
        """Lines for a site that is for clients with a certificate of this CA alone."""
        return f"ssl_client_certificate {ca_file}; ssl_verify_client on;"

    # Life cycle.

    def command(self, *arguments):
        return [PROGRAM, "-p", self.folder, "-e", self.error_log, "-c", self.configuration,
                *arguments]

    def _nginx(self, *arguments):
        return self.run(*self.command(*arguments))

    def test(self):
        """nginx -t"""
        return self._nginx("-t")

    def start(self, expect_fail=False):
        done = self._nginx()
        if expect_fail:
            assert not done.ok, "it started"
            return done
        assert done.ok, f"nginx did not start: {done.output}"
        process.wait_until(lambda: len(self.workers()) >= self._worker_processes(), 10,
                           "nginx master and workers")
        return done

    def _worker_processes(self):
        number = re.search(r"^worker_processes (\d+);", self.configuration.read_text(), re.M)
        return int(number[1]) if number else 1

    def workers(self):
        """The pids of the current workers, without those that are shutting down."""
        master = self.master
        return sorted(pid for pid in process.children(master) if self._is_worker(pid)) if master else []

    def reload(self, expect_fail=False, timeout=30):
        """SIGHUP, and until new workers are there; expect_fail: until it is refused."""
        before, log_before = set(self.workers()), len(self.log)
        self.send_signal(signal.SIGHUP)
        if expect_fail:
            process.wait_until(lambda: "[emerg]" in self.log[log_before:], timeout, "refused reload")
            assert set(self.workers()) == before
            return
        process.wait_until(lambda: (now := set(self.workers())) and not now & before,
                           timeout, "new workers after the reload")

    def quit(self, timeout=30):
        self._end(signal.SIGQUIT, timeout)

    def stop(self, timeout=30):
        self._end(signal.SIGTERM, timeout)

    def restart(self):
        self.stop()
        self.start()

    def upgrade(self, timeout=30):
        """USR2: a second master beside the first. Returns (old pid, new pid); the test
        decides which one goes (os.kill(pid, signal.SIGQUIT))."""
        old = self.master
        self.send_signal(signal.SIGUSR2)
        process.wait_until(lambda: (self.folder / "nginx.pid.oldbin").exists()
                           and self.master not in (None, old) and self.workers(), timeout, "new master")
        return old, self.master

    def destroy(self):
        try:
            old = int((self.folder / "nginx.pid.oldbin").read_text())
            process.end(old, timeout=15)
        except (FileNotFoundError, ValueError):
            pass
        super().destroy()

    def _end(self, number, timeout):
        pid = self.master
        os.kill(pid, number)
        process.wait_until(lambda: not process.alive(pid), timeout, "end of nginx")

    @staticmethod
    def _is_worker(pid):
        title = " ".join(process.command_line(pid))
        return title.startswith("nginx: worker process") and "shutting down" not in title
