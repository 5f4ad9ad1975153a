"""What every web server under test can do, whichever it is. Nginx is the first."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from . import client, process
from .workspace import install_programs

# Below these levels nothing is written when all is well, and no test may end
# with such a line unless it has said so by allow_log().
ALARMS = re.compile(r"\[(emerg|alert|crit)\]|AddressSanitizer|runtime error:|ThreadSanitizer")


class Finished:
    """How a command ended."""

    def __init__(self, status, output):
        self.status, self.output = status, output

    @property
    def ok(self):
        return self.status == 0

    def __repr__(self):
        return f"<exit {self.status}: {self.output}>"


class Server:
    """Processes and files of one server in a folder of its own.

    Subclasses say how it is configured, started and signalled."""

    kind = ""

    def __init__(self, folder, http_port, tls_port):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.http_port, self.tls_port = http_port, tls_port
        self.configuration = self.folder / f"{self.kind}.conf"
        self.error_log = self.folder / "error.log"
        self.error_log.touch()
        self.state_path = self.folder / "state"
        self.runtime_path = self.folder / "run"
        self.log_level = os.environ.get("ACME_TEST_LOG_LEVEL", "info")
        self._allowed = []
        self._programs = None
        self._with_module = True

    # Files.

    @property
    def programs(self):
        """The folder with this server's own copies of the helper programs."""
        if self._programs is None:
            self._programs = install_programs(self.folder / "programs")
        return self._programs

    def use_module(self, wanted):
        """Whether the next configuration loads our module: a site moves to us, or away."""
        self._with_module = wanted

    def make_content(self, site):
        """Each site's own files: a page that names it, and another client's token."""
        root = self.folder / "html" / site.names[0].replace("*", "_")
        tokens = root / ".well-known" / "acme-challenge"
        tokens.mkdir(parents=True, exist_ok=True)
        (root / "index.html").write_text(f"this is {site.names[0]}\n")
        (tokens / "site-token").write_text("a file of the site\n")
        return root

    @property
    def log(self):
        return self.error_log.read_text(errors="replace")

    def logs(self):
        return {f"{self.kind} configuration": self.configuration.read_text()
                if self.configuration.exists() else "", f"{self.kind} and helper": self.log}

    def wait_for_log(self, pattern, timeout=10, count=1):
        """Until the error log has that many lines with this pattern; returns the lines."""
        def found():
            lines = [line for line in self.log.splitlines() if re.search(pattern, line)]
            return lines if len(lines) >= count else None
        return process.wait_until(found, timeout, f"{pattern!r} in the error log")

    def allow_log(self, pattern):
        """This test provokes lines of this pattern at a level that is otherwise a failure."""
        self._allowed.append(pattern)

    def alarms(self):
        return [line for line in self.log.splitlines() if ALARMS.search(line)
                and not any(re.search(pattern, line) for pattern in self._allowed)]

    def status(self):
        """status.json, as monitoring reads it."""
        return json.loads((self.runtime_path / "status.json").read_text())

    # Commands.

    def run(self, *command, timeout=60):
        """Runs a command; its output goes through a file, as a daemon would keep a pipe open."""
        path = self.folder / "command.out"
        with open(path, "wb") as output:
            done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=subprocess.STDOUT, timeout=timeout)
        return Finished(done.returncode, path.read_text(errors="replace"))

    def acmectl_line(self, *arguments):
        return " ".join([str(self.programs / "acmectl"), "--state", str(self.state_path),
                         "--runtime", str(self.runtime_path), *arguments])

    def acmectl(self, *arguments):
        """The operator's command for this server, running or not. Tests renew what is not due."""
        if arguments[0] == "renew":
            arguments = ("renew", "--force", *arguments[1:])
        return self.run(*self.acmectl_line().split(), *arguments)

    # Processes.

    @property
    def master(self):
        """Its pid, or None."""
        try:
            pid = int((self.folder / f"{self.kind}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if process.alive(pid) else None

    def helpers(self):
        """{"supervisor": [pid, …], "keeper": […], "agent": […]}; when all is well one of each."""
        roles = {"supervisor": [], "keeper": [], "agent": []}
        keepers = self._running("acme-keeper")
        for pid in keepers:
            supervises = any(child in keepers for child in process.children(pid))
            roles["supervisor" if supervises else "keeper"].append(pid)
        roles["agent"] = self._running("acme-agent")
        return roles

    def helper(self, role, timeout=10):
        """The pid of the one process of this role, waited for."""
        def one():
            found = self.helpers()[role]
            return found[0] if len(found) == 1 else None
        return process.wait_until(one, timeout, f"exactly one {role}: {self.helpers()}")

    def wait_for_helpers(self, timeout=10):
        """Until there is exactly one supervisor, keeper and agent; returns {role: pid}."""
        def whole():
            found = self.helpers()
            return found if all(len(pids) == 1 for pids in found.values()) else None
        found = process.wait_until(whole, timeout, "supervisor, keeper and agent")
        return {role: pids[0] for role, pids in found.items()}

    def wait_for_no_helpers(self, timeout=1.0):
        process.wait_until(lambda: not any(self.helpers().values()), timeout, "helper gone")

    def processes(self):
        """All that is ours: helpers, and whoever has our error log open."""
        return [pid for pid in process.pids()
                if pid != os.getpid() and process.alive(pid) and self._is_ours(pid)]

    def graceful_reloads(self):
        """How many the server was told of, whoever told it."""
        return len(re.findall(self.RELOAD_LINE, self.log))

    def send_signal(self, number):
        os.kill(self.master, number)

    def kill(self, number=signal.SIGKILL):
        """The master alone, and at once."""
        pid = self.master
        os.kill(pid, number)
        process.wait_until(lambda: not process.alive(pid), 10, "end of the killed master")

    def destroy(self):
        """Ends everything, whatever the test has left behind. Says so when a helper
        outlives its server."""
        masters = [self.master] if self.master else []
        for pid in masters:
            process.end(pid, timeout=15)
        left = []
        try:
            self.wait_for_no_helpers(timeout=5)
        except TimeoutError:
            left = [(pid, process.command_line(pid)) for pids in self.helpers().values()
                    for pid in pids]
        for pid in self.processes():
            process.end(pid)
        process.reap((self.kind, "acme-keeper", "acme-agent"))
        assert not left, f"helper processes outlived their server: {left}"

    def _running(self, name):
        path = str(self.folder / "programs" / name)
        return [pid for pid in process.pids() if process.program(pid) == path and process.alive(pid)]

    def _is_ours(self, pid):
        if process.program(pid).startswith(f"{self.folder}/"):
            return True
        try:
            return any(os.readlink(entry.path) == str(self.error_log)
                       for entry in os.scandir(f"/proc/{pid}/fd"))
        except OSError:
            return False

    # Clients.

    def handshake(self, name, trust=None, **settings):
        return client.handshake(self.tls_port, name, trust, **settings)

    def http_get(self, host, path="/", **settings):
        return client.http_get(self.http_port, host, path, **settings)

    def https_get(self, host, path="/", trust=None, **settings):
        return client.https_get(self.tls_port, host, path, trust, **settings)

    def keep_alive(self, name, trust=None, **settings):
        return client.KeepAlive(self.tls_port, name, trust, **settings)

    def wait_for_certificate(self, name, ca, timeout=30, *, unlike=None, names=None, key=None,
                             root=0, **settings):
        """Until a fully verified handshake shows a certificate of this CA (whose current
        root is asked for, or its root of that number); `unlike`: with another serial than that
        certificate's; `names`, `key`: with exactly these names, of this key type."""
        trust = ca.root(root)
        last = ["no handshake"]

        def there():
            try:
                certificate = self.handshake(name, trust, **settings)
            except OSError as error:
                last[0] = repr(error)
                return None
            last[0] = repr(certificate)
            if unlike and certificate.serial == unlike.serial:
                return None
            if names and certificate.names != sorted(names):
                return None
            if key and certificate.key_type != key:
                return None
            return certificate
        try:
            return process.wait_until(there, timeout, "", every=0.1)
        except TimeoutError:
            raise TimeoutError(f"no new certificate for {name} within {timeout} s; "
                               f"last: {last[0]}") from None
