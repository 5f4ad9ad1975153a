"""New certificates again and again, of changing kinds of key, under all kinds of load: no
handshake fails, no connection drops, no process changes, and memory stays as it is."""

import os
import signal
import subprocess
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from lib import client
from lib.http2 import Http2
from lib.httpd import PREFORK, WORKER
from lib.site import Issuer, Site
from lib.strict import StrictClient
from lib.upgrade import EchoBackend, Upgraded
from lib.workspace import built

NAME = "www.example.org"
PAUSE = 60  # milliseconds between two certificates


class Load:
    """One client that does the same thing over and over, and what went wrong."""

    def __init__(self, make, again, pause=0.02):
        self.count, self.failure = 0, None
        self._make, self._again, self._pause = make, again, pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            state = self._make()
            while not self._end.wait(self._pause):
                self._again(state)
                self.count += 1
        except Exception as error:  # whatever it is, the test fails for it
            self.failure = repr(error)

    def finish(self):
        self._end.set()
        self._thread.join(20)
        assert self.failure is None, self.failure
        assert self.count >= 20, f"only {self.count} rounds"


def resuming(server, trust):
    """Full handshakes and resumed ones in turn."""
    context = client.context(trust)
    seen = {"session": None, "resumed": 0}

    def again(_):
        plain = client.socket.create_connection(("127.0.0.1", server.tls_port), client.TIMEOUT)
        with context.wrap_socket(plain, server_hostname=NAME, session=seen["session"]) as connection:
            client.exchange(connection, NAME)  # in TLS 1.3 the ticket comes behind the handshake
            seen["resumed"] += connection.session_reused
            seen["session"] = None if connection.session_reused else connection.session
    return seen, again


def keep_alive(server, trust):
    def again(connection):
        assert connection.get().status == 200
    return lambda: server.keep_alive(NAME, trust), again


def http2(server, trust):
    def again(connection):
        assert connection.get(NAME)[0] == 200
    return lambda: Http2(server.tls_port, NAME, trust), again


def upgraded(server, trust):
    return (lambda: Upgraded(server.tls_port, NAME, trust),
            lambda connection: connection.echo(b"is anybody there?"))


def proportional_set(pids):
    """KiB of memory."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:"))
    return total


def board_of(keeper):
    for fd in os.listdir(f"/proc/{keeper}/fd"):
        path = f"/proc/{keeper}/fd/{fd}"
        if "acmecore-board" in os.readlink(path):
            return path
    raise AssertionError("the keeper has no board")


def configure(server, backend):
    site = Site(NAME, acme="away")
    http = ""
    if server.kind == "nginx":
        site.more = (f"location /ws {{ proxy_pass http://127.0.0.1:{backend.port}; "
                     "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
                     'proxy_set_header Connection "upgrade"; }')
        http = "keepalive_requests 1000000; ssl_protocols TLSv1.2 TLSv1.3;"
    else:
        site.more = f"ProxyPass /ws http://127.0.0.1:{backend.port}/ws upgrade=websocket"
        if server.mpm == PREFORK:
            http = "MaxSpareServers 40"  # no idle child is ended
    server.configure([site], [Issuer("away", "https://127.0.0.1:9/dir")], http=http,
                     workers=2 if getattr(server, "mpm", None) != PREFORK else 8)
    text = server.configuration.read_text()
    if server.kind == "nginx":
        server.write(text.replace(f":{server.tls_port} ssl;", f":{server.tls_port} ssl http2;"))


def swap_under_load(server, authority, times):
    trust = authority.root.read_text()
    pairs = [authority.issue(NAME, label="ec"),
             authority.issue(NAME, label="rsa", key=rsa.generate_private_key(65537, 2048)),
             authority.issue(NAME, label="ec-next"),
             authority.issue(NAME, label="rsa-next", key=rsa.generate_private_key(65537, 2048))]
    files = [path for pair in pairs for path in pair]

    def publish(count):
        command = [built("swap_board"), board, "0", str(count), str(PAUSE), *files]
        return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL)

    with EchoBackend() as backend:
        configure(server, backend)
        server.start()
        keeper = server.wait_for_helpers()["keeper"]
        board = board_of(keeper)
        os.kill(keeper, signal.SIGSTOP)
        try:
            assert publish(4).wait(30) == 0
            seen, resume = resuming(server, trust)
            kinds = [keep_alive, upgraded]
            if getattr(server, "mpm", None) != PREFORK:
                kinds.append(http2)
            with StrictClient(server.tls_port, NAME, trust) as strict:
                loads = [Load(*kind(server, trust)) for kind in kinds]
                loads.append(Load(lambda: None, resume))
                workers, master = server.workers(), server.master
                assert publish(times // 4).wait(120) == 0
                before = proportional_set(workers)
                swapping = publish(times - times // 4)
                assert swapping.wait(120) == 0
                after = proportional_set(workers)
                # prefork starts more children under load; none may be gone
                assert set(workers) <= set(server.workers()) and server.master == master
                for load in loads:
                    load.finish()
            strict.check(at_least=100)
        finally:
            # Its view of the board is an old one by now: it is not to go on with it.
            os.kill(keeper, signal.SIGKILL)
    assert len(strict.serials) == len(pairs)  # every kind was met
    assert seen["resumed"] >= 10
    assert after <= before * 1.1 + 1024, f"{before} KiB grew to {after} KiB"
    print(f"{times} swaps, {strict.handshakes} handshakes, {seen['resumed']} resumed, "
          f"{[load.count for load in loads]} rounds, memory {before} to {after} KiB")


def test_two_hundred_swaps_in_twelve_seconds_disturb_nobody(server, authority):
    swap_under_load(server, authority, 200)


@pytest.mark.servers("httpd")
@pytest.mark.parametrize("mpm", [WORKER, PREFORK])
def test_nor_do_they_in_the_other_process_models(server, authority, mpm):
    server.mpm = mpm
    swap_under_load(server, authority, 200)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_thousand_swaps_in_a_minute_disturb_nobody(server, authority):
    swap_under_load(server, authority, 1000)


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.servers("httpd")
@pytest.mark.parametrize("mpm", [WORKER, PREFORK])
def test_nor_does_a_thousand_in_the_other_process_models(server, authority, mpm):
    server.mpm = mpm
    swap_under_load(server, authority, 1000)
