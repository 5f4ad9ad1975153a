"""Real proxies on the way to a CA: tinyproxy for HTTP's CONNECT, microsocks for SOCKS5."""

import shutil
import socket

from .ports import free_port
from .process import Process, wait_until


class OutboundProxy:
    """user, password: it takes no others; without, everybody's."""

    PROGRAM = None

    def __init__(self, folder, user=None, password=None):
        folder.mkdir()
        self.port = free_port()
        program = shutil.which(self.PROGRAM, path="/usr/bin:/usr/sbin")
        self._process = Process([program, *self._arguments(folder, user, password)], folder / "log")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self._process.start()
        wait_until(self._answers, 10, f"{self.PROGRAM} answers")
        return self

    def stop(self):
        self._process.stop()

    def connects(self, host):
        """The lines of its log about requests to connect to that host."""
        return [line for line in self._process.log_text().splitlines()
                if self.CONNECT.format(host=host) in line]

    def logs(self):
        return {self.PROGRAM: self._process.log_text()}

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False


class Tinyproxy(OutboundProxy):
    PROGRAM, CONNECT = "tinyproxy", "CONNECT {host}"

    def _arguments(self, folder, user, password):
        configuration = folder / "tinyproxy.conf"
        configuration.write_text("\n".join([
            f"Port {self.port}", "Listen 127.0.0.1", "Timeout 60", "LogLevel Connect",
            "MaxClients 20", "DisableViaHeader Yes",
            *([f"BasicAuth {user} {password}"] if user else []), ""]))
        return ["-d", "-c", configuration]


class Microsocks(OutboundProxy):
    PROGRAM, CONNECT = "microsocks", "connected to {host}"

    def _arguments(self, folder, user, password):
        known = ["-u", user, "-P", password] if user else []
        return ["-i", "127.0.0.1", "-p", str(self.port), *known]
