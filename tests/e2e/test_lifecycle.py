"""A server's life, whatever an operator does to it: nothing leaks, nothing is ordered twice.
Single stations have tests of their own (test_helper, test_reload, test_kill, …)."""

import os
import signal
import time

import pytest

from lib import process
from lib.process import Process
from lib.site import Site

NAME = "www.example.org"


@pytest.fixture
def issued(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    server.wait_for_helpers()
    return server


@pytest.mark.pebble(sleep=1)
def test_twenty_reloads_in_a_row_while_certificates_are_issued(server, pebble, proxy):
    names = [f"site{number}.example.org" for number in range(6)]
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.start()
    master = server.master
    for _ in range(20):
        time.sleep(0.1)
        server.reload()
    for name in names:
        server.wait_for_certificate(name, pebble, timeout=60)
    assert server.master == master
    assert sorted(proxy.orders()) == sorted([name] for name in names)  # none ordered twice
    assert pebble.accounts() == 1
    assert not [line for line in server.log.splitlines() if "order failed" in line]
    server.wait_for_helpers()


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def zombies(master):
    return [pid for pid in process.pids()
            if process.parent(pid) == master and process.state(pid) == "Z"]


def settled(server, count):
    """Descriptors of the master after so many more reloads, when old workers are gone."""
    for _ in range(count):
        server.reload()
        server.wait_for_helpers()
    process.wait_until(lambda: not zombies(server.master), 10, "no zombies")
    return descriptors(server.master), max(map(descriptors, server.workers()))


def test_reloads_leak_neither_descriptors_nor_processes(issued):
    before = settled(issued, 3)
    after = settled(issued, 10)
    assert after[0] <= before[0] and after[1] <= before[1] + 1, (before, after)
    assert all(len(pids) == 1 for pids in issued.helpers().values())


def test_a_certificate_that_is_valid_and_current_is_never_ordered_again(issued, pebble):
    issued.allow_log(r"unknown process \d+ exited on signal 9")  # nginx, of our supervisor
    serial = issued.handshake(NAME).serial
    for _ in range(3):
        issued.restart()
        issued.wait_for_helpers()
        issued.reload()
        issued.wait_for_helpers()
    for role in ("agent", "keeper", "supervisor"):
        before = issued.helper(role)
        os.kill(before, signal.SIGKILL)
        process.wait_until(lambda: issued.helper(role) != before, 20, f"another {role}")
        issued.wait_for_helpers()
    issued.kill()
    for pid in issued.processes():
        process.end(pid)
    issued.start()
    issued.wait_for_helpers()
    time.sleep(1)
    assert issued.handshake(NAME, pebble.root()).serial == serial
    assert (pebble.orders(), pebble.issued(), pebble.accounts()) == (1, 1, 1)


def test_open_connections_outlive_a_graceful_end(issued, pebble):
    """nginx -s quit, apachectl graceful-stop: what is being answered is answered."""
    with issued.keep_alive(NAME, pebble.root()) as connection:
        assert connection.get().status == 200
        master = issued.master
        issued.quit()
        assert not process.alive(master)
    issued.wait_for_no_helpers(timeout=1.0)


@pytest.mark.servers("nginx")
def test_nginx_in_the_foreground_takes_its_helper_along(server, pebble, folder):
    server.configure([Site(NAME)], [pebble.issuer()], main="daemon off;")
    nginx = Process(server.command(), folder / "foreground.log").start()
    try:
        first = server.wait_for_certificate(NAME, pebble)
        server.wait_for_helpers()
        assert server.acmectl("renew", NAME).ok
        server.wait_for_certificate(NAME, pebble, unlike=first)
    finally:
        nginx.stop()
    server.wait_for_no_helpers(timeout=1.0)


@pytest.mark.servers("nginx")
def test_the_helper_follows_a_rotated_log(issued, pebble):
    first = issued.handshake(NAME)
    issued.error_log.rename(issued.folder / "error.log.1")
    issued.send_signal(signal.SIGUSR1)
    process.wait_until(issued.error_log.exists, 10, "the new error log")
    assert issued.acmectl("renew", NAME).ok
    issued.wait_for_certificate(NAME, pebble, unlike=first)
    issued.wait_for_log("certificate obtained")
