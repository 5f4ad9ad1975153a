"""The DNS server that Pebble asks (pebble-challtestsrv): every name is 127.0.0.1
unless a test says otherwise."""

import json
import urllib.request

from .ports import free_port
from .process import Process, wait_until


class Dns:
    def __init__(self, program, folder):
        self.port = free_port()  # UDP and TCP
        self._management = free_port()
        self._process = Process(
            [program, "-dnsserver", f"127.0.0.1:{self.port}",
             "-management", f"127.0.0.1:{self._management}", "-defaultIPv6", "",
             "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""],
            folder / "dns.log")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self._process.start()
        wait_until(self._answers, 10, "DNS server answers")
        return self

    def stop(self):
        self._process.stop()

    @property
    def pid(self):
        return self._process.popen.pid

    def logs(self):
        return {"dns": self._process.log_text()}

    def set_a(self, name, *addresses):
        self._post("add-a", host=name, addresses=list(addresses))

    def clear_a(self, name):
        self._post("clear-a", host=name)

    def set_default(self, address):
        """The answer for every other name; empty: none."""
        self._post("set-default-ipv4", ip=address)

    def set_caa(self, name, *policies):
        """policies: (tag, value), as ("issue", "ca.example")."""
        self._post("add-caa", host=name,
                   policies=[{"tag": tag, "value": value} for tag, value in policies])

    def clear_caa(self, name):
        self._post("clear-caa", host=name)

    def set_txt(self, name, value):
        self._post("set-txt", host=name.rstrip(".") + ".", value=value)

    def clear_txt(self, name):
        self._post("clear-txt", host=name.rstrip(".") + ".")

    def set_servfail(self, name):
        self._post("set-servfail", host=name)

    def clear_servfail(self, name):
        self._post("clear-servfail", host=name)

    def _answers(self):
        if not self._process.running:
            raise RuntimeError("the DNS server ended: " + self._process.log_text())
        try:
            self._post("clear-request-history", host="none.invalid", type="dns")
            return True
        except OSError:
            return False

    def _post(self, what, **data):
        request = urllib.request.Request(f"http://127.0.0.1:{self._management}/{what}",
                                         json.dumps(data).encode())
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5).close()
