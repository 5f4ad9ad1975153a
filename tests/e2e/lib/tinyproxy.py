"""A real HTTP proxy (Debian's tinyproxy), which takes CONNECT to anywhere."""

import shutil
import socket

from .ports import free_port
from .process import Process, wait_until

PROGRAM = shutil.which("tinyproxy", path="/usr/bin:/usr/sbin")


class Tinyproxy:
    """user, password: it takes no others; without, everybody's."""

    def __init__(self, folder, user=None, password=None):
        folder.mkdir()
        self.port = free_port()
        configuration = folder / "tinyproxy.conf"
        configuration.write_text("\n".join([
            f"Port {self.port}", "Listen 127.0.0.1", "Timeout 60", "LogLevel Connect",
            "MaxClients 20", "DisableViaHeader Yes",
            *([f"BasicAuth {user} {password}"] if user else []), ""]))
        self._process = Process([PROGRAM, "-d", "-c", configuration], folder / "tinyproxy.log")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self._process.start()
        wait_until(self._answers, 10, "tinyproxy answers")
        return self

    def stop(self):
        self._process.stop()

    def connects(self, host):
        """The lines of its log about requests to connect to that host."""
        return [line for line in self._process.log_text().splitlines()
                if f"CONNECT {host}" in line]

    def logs(self):
        return {"tinyproxy": self._process.log_text()}

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False
