"""The helper's life: exactly one, gone with its server, back when killed."""

import os
import signal
import time

import pytest

from lib import process
from lib.site import Site

NAME = "www.example.org"


@pytest.fixture
def running(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    server.wait_for_helpers()
    return server


@pytest.mark.parametrize("how", ["stop", "quit", "kill"])
def test_it_is_gone_within_a_second_of_the_master(running, how):
    if how == "kill":
        pid = running.master
        os.kill(pid, signal.SIGKILL)
    else:
        getattr(running, how)()
    running.wait_for_no_helpers(timeout=1.0)
    if how == "kill":
        for pid in running.processes():
            process.end(pid)


@pytest.mark.parametrize("role", ["agent", "keeper", "supervisor"])
def test_it_is_back_within_seconds_when_killed(running, role):
    before = running.wait_for_helpers()
    os.kill(before[role], signal.SIGKILL)
    after = process.wait_until(
        lambda: (now := running.helpers()) and all(len(p) == 1 for p in now.values())
        and now[role][0] != before[role] and now, 5, f"a new {role}: {running.helpers()}")
    assert after
    assert running.handshake(NAME).from_pebble


def test_there_is_exactly_one_after_many_reloads(running):
    for _ in range(5):
        running.reload()
    running.wait_for_helpers(timeout=5)
    time.sleep(1)
    assert all(len(pids) == 1 for pids in running.helpers().values())


def test_there_is_none_without_certificates(running):
    running.configure([Site(NAME, acme=None, tls=False)])
    running.reload()
    running.wait_for_no_helpers(timeout=2)


def test_a_configuration_test_starts_writes_and_asks_nothing(server, pebble, proxy):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    done = server.test()
    assert done.ok, done
    assert not server.state_path.exists() and not server.runtime_path.exists()
    assert not any(server.helpers().values())
    assert proxy.requests == []


def test_a_second_server_on_the_same_store_is_told_who_holds_it(running, pebble, folder, ports, watch):
    from lib.ports import free_port
    second = watch(type(running)(folder / "second", free_port(), free_port()))
    second.state_path = running.state_path
    try:
        second.configure([Site(NAME)], [pebble.issuer()])
        second.start()
        line = second.wait_for_log(r"\[error\].*in use by process")[0]
        assert str(running.helper("keeper")) in line, line
        assert second.handshake(NAME).from_pebble
    finally:
        second.destroy()
    assert pebble.orders() == 1


@pytest.mark.servers("nginx")
def test_a_binary_upgrade_hands_over(running):
    old, new = running.upgrade()
    assert running.handshake(NAME).from_pebble
    os.kill(old, signal.SIGQUIT)
    process.wait_until(lambda: not process.alive(old), 20, "the old master goes")
    process.wait_until(lambda: all(len(p) == 1 for p in running.helpers().values()), 5,
                       "one helper, the new master's")
    assert running.acmectl("status").ok


@pytest.mark.servers("nginx")
def test_a_binary_upgrade_can_be_rolled_back(running):
    old, new = running.upgrade()
    os.kill(new, signal.SIGQUIT)
    process.wait_until(lambda: not process.alive(new), 20, "the new master goes")
    process.wait_until(lambda: all(len(p) == 1 for p in running.helpers().values()), 5,
                       "one helper, the old master's")
    assert running.handshake(NAME).from_pebble
