"""A state disk that is full, or read-only (FIELD.md, fault 6): no order is even begun, the
certificate that is there serves, and all goes on by itself when there is room."""

import subprocess
import time

import pytest

from lib.site import Site

NAME = "www.example.org"
MORE = "shop.example.org"


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


@pytest.fixture
def disk(server, request):
    """The state path is a disk of 1 MiB of its own."""
    server.state_path.mkdir(mode=0o700)
    run("mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", server.state_path)
    request.addfinalizer(lambda: run("umount", "-l", server.state_path))
    return Disk(server.state_path)


class Disk:
    def __init__(self, path):
        self.path = path
        self.filler = path / "lost+found"  # what a disk may hold besides a store

    def fill(self):
        self.filler.mkdir(exist_ok=True)
        try:
            with open(self.filler / "log", "ab", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            pass

    def empty(self):
        (self.filler / "log").unlink()

    def turn_read_only(self):
        """For whoever comes to it from now on: a mount that is in use cannot be turned."""
        run("mount", "--bind", self.path, self.path)
        run("mount", "-o", "remount,ro,bind", self.path)

    def turn_writable(self):
        run("mount", "-o", "remount,rw,bind", self.path)


def asked_for_orders(proxy):
    return proxy.of_kind("new-order")


def test_a_full_state_disk(server, pebble, proxy, disk):
    # The first certificate.
    disk.fill()
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    assert server.http_get(NAME).status == 200
    server.wait_for_log(r"\[error\].*No space left on device")
    time.sleep(1)
    assert not asked_for_orders(proxy)
    disk.empty()
    first = server.wait_for_certificate(NAME, pebble, timeout=30)

    # Its successor, which more names need at once.
    server.wait_for_log("certificate obtained")
    disk.fill()
    begun = len(asked_for_orders(proxy))
    server.configure([Site([NAME, MORE])], [proxy.issuer(pebble)])
    server.reload()
    server.wait_for_log(r"\[error\].*order failed.*No space left on device")
    assert len(asked_for_orders(proxy)) == begun
    assert server.handshake(NAME, pebble.root()).serial == first.serial
    disk.empty()
    second = server.wait_for_certificate(MORE, pebble, timeout=30, unlike=first)
    assert second.names == sorted([NAME, MORE])
    assert pebble.issued() == 2


def test_a_state_disk_that_turns_read_only(server, pebble, proxy, disk, request):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    disk.turn_read_only()
    request.addfinalizer(lambda: run("umount", "-l", server.state_path))
    server.configure([Site([NAME, MORE])], [proxy.issuer(pebble)])
    server.reload()
    server.wait_for_log(r"\[error\].*Read-only file system")
    time.sleep(1)
    assert len(asked_for_orders(proxy)) == 1
    assert server.handshake(NAME, pebble.root()).serial == first.serial
    disk.turn_writable()
    server.wait_for_certificate(MORE, pebble, timeout=30, unlike=first)
