"""Real name servers (BIND, Knot) with zones of their own, which take dynamic updates by TSIG.

They listen on port 53 of a loopback address that nobody else has, so that a zone's NS records
lead to them as they would anywhere: for Pebble, `-dnsserver` is their address.
"""

import random
import shutil
import socket
import subprocess
import threading

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from .ports import free_port
from .process import Process, wait_until

# In each zone: every name is on this machine, as long as nothing else stands there.
ZONE = """$ORIGIN {zone}.
$TTL 60
@ IN SOA ns1 hostmaster 1 3600 600 86400 5
@ IN NS ns1
ns1 IN A {address}
@ IN A 127.0.0.1
* IN A 127.0.0.1
{more}"""


def free_address():
    """An address of loopback whose port 53 is free. (A test as root may listen there.)"""
    for _ in range(100):
        address = f"127.{random.randrange(64, 127)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind((address, 53))
        except OSError:
            continue
        return address
    raise RuntimeError("port 53 is free nowhere: these tests run as root")


class Door:
    """UDP and TCP of that address's port 53, led to a port of 127.0.0.1: BIND listens on no
    address that an interface does not name."""

    def __init__(self, address, port):
        self._to = ("127.0.0.1", port)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, 53))
        self._tcp = socket.create_server((address, 53))
        for work in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def close(self):
        for each in (self._udp, self._tcp):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # of UDP; it wakes up all the same
            each.close()

    def _serve_udp(self):
        while True:
            try:
                question, asker = self._udp.recvfrom(65535)
            except OSError:
                return
            if not asker:
                return
            threading.Thread(target=self._answer, args=(question, asker), daemon=True).start()

    def _answer(self, question, asker):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.settimeout(5)
            there.connect(self._to)
            try:
                there.send(question)
                self._udp.sendto(there.recv(65535), asker)
            except OSError:
                pass  # as a name server that is away

    def _serve_tcp(self):
        while True:
            try:
                here, _ = self._tcp.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(self._to, timeout=5)
            except OSError:
                here.close()
                continue
            there.settimeout(None)
            for pair in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source, target):
        try:
            while data := source.recv(65535):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class NameServer:
    """zones: {"example.com": further lines of its zone file}. algorithm: of its key."""

    PROGRAM = None

    def __init__(self, folder, zones=None, algorithm="hmac-sha256"):
        self.folder = folder
        self.folder.mkdir()
        self.host = free_address()
        self.zones = dict(zones or {"example.com": ""})
        self.algorithm = algorithm
        self.key_file = folder / "acme.key"
        self.key_file.write_text(self.make_key())
        for zone, more in self.zones.items():
            (folder / f"{zone}.zone").write_text(
                ZONE.format(zone=zone, address=self.host, more=more))
        self.configuration = folder / "server.conf"
        self.configuration.write_text(self.configure())
        self._process = Process([*self.command(), self.configuration], folder / "server.log")

    @property
    def address(self):
        return f"{self.host}:53"

    def start(self):
        self._process.start()
        wait_until(self._answers, 20, f"{self.PROGRAM} answers")
        return self

    def stop(self):
        self._process.stop()

    def close(self):
        """With the test."""
        self.stop()

    @property
    def pid(self):
        return self._process.popen.pid

    def logs(self):
        return {self.PROGRAM: self._process.log_text()}

    def query(self, name, kind, timeout=5):
        return dns.query.udp(dns.message.make_query(name, kind), self.host, timeout=timeout)

    def txt(self, name):
        """The texts that stand there, sorted."""
        answer = self.query(name, "TXT").answer
        return sorted(b"".join(record.strings).decode() for each in answer
                      if each.rdtype == dns.rdatatype.TXT for record in each)

    def _answers(self):
        if not self._process.running:
            raise RuntimeError(f"{self.PROGRAM} ended: " + self._process.log_text())
        try:
            return all(self.query(zone, "SOA", 0.2).answer for zone in self.zones)
        except (OSError, dns.exception.DNSException):
            return False


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


class Bind(NameServer):
    PROGRAM = "named"

    def __init__(self, *arguments, **options):
        self._port = free_port()
        super().__init__(*arguments, **options)
        self._door = Door(self.host, self._port)

    def close(self):
        super().close()
        self._door.close()

    def make_key(self):
        return output("tsig-keygen", "-a", self.algorithm, "acme")

    def command(self):
        # A copy: Debian's AppArmor profile, which goes by the path, lets it read its own folders alone.
        program = shutil.copy2("/usr/sbin/named", self.folder / "named")
        return [program, "-n", "1", "-g", "-c"]

    def configure(self):
        zones = "".join(f"""
zone "{zone}" {{
  type primary;
  file "{zone}.zone";
  update-policy {{ grant acme zonesub TXT; }};
}};""" for zone in self.zones)
        return f"""
options {{
  directory "{self.folder}";
  listen-on port {self._port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  empty-zones-enable no;
  dnssec-validation no;
  pid-file none;
  session-keyfile none;
}};
controls {{ }};
include "{self.key_file}";
{zones}
"""


class Knot(NameServer):
    PROGRAM = "knotd"

    def make_key(self):
        return output("keymgr", "-t", "acme", self.algorithm)

    def command(self):
        return ["/usr/sbin/knotd", "-c"]

    def configure(self):
        zones = "".join(f"""
  - domain: {zone}
    storage: {self.folder}
    file: {zone}.zone
    acl: acme""" for zone in self.zones)
        return f"""
server:
  listen: {self.host}@53
  rundir: {self.folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: {self.folder}
  journal-db-max-size: 16M
  timer-db-max-size: 1M
log:
  - target: stdout
    any: info
{self.key_file.read_text()}
acl:
  - id: acme
    key: acme
    action: update
    update-type: TXT
zone:{zones}
"""


KINDS = {"bind": Bind, "knot": Knot}
