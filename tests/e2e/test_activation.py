"""Activation by reload: new certificates are stored, and the server is told to reload for
them: once for several, not when it would not come up again, not twice."""

import os
import re
import signal
import time

import pytest

from lib import process
from lib.site import Site

NAMES = [f"site{number}.example.org" for number in range(10)]
ASKED = r"\[notice\].*reloading the server gracefully \(pid \d+\) to activate: "
RELOAD = {"activation": "reload"}


def configure(server, pebble, names, settings=None, **more):
    server.configure([Site(name) for name in names], [pebble.issuer()], settings, **more)


def ready(server, pebble, names):
    """Certificates obtained live, then activation by reload: the next one is the first
    that the helper has the server reload for."""
    configure(server, pebble, names)
    server.start()
    first = {name: server.wait_for_certificate(name, pebble) for name in names}
    server.wait_for_log("certificate obtained", count=len(names))
    configure(server, pebble, names, RELOAD)
    server.reload()
    server.wait_for_helpers()
    process.wait_until(lambda: server.status()["activation"] == "reload", 5, "the new helper")
    server.reloads_before = server.graceful_reloads()
    return first


def asked(server):
    return re.findall(ASKED + "(.*)", server.log)


def reloads(server):
    return server.graceful_reloads() - server.reloads_before


def waiting(server):
    return sorted(one["id"] for one in server.status()["certificates"]
                  if one.get("waiting_for_reload"))


def renew(server, *names):
    done = server.acmectl("renew", *names)
    assert done.ok, done


def test_ten_renewals_are_one_reload_and_the_old_ones_are_served_until_then(server, pebble):
    first = ready(server, pebble, NAMES)
    workers = server.workers()
    renew(server, *NAMES)
    while not asked(server):
        for name in NAMES[:3]:
            seen = server.handshake(name, pebble.root()).serial
            assert seen == first[name].serial or asked(server)
        time.sleep(0.05)
    second = {name: server.wait_for_certificate(name, pebble, unlike=first[name])
              for name in NAMES}
    server.wait_for_helpers()
    process.wait_until(lambda: not set(server.workers()) & set(workers), 10, "new workers")
    # The next handshakes, at any worker.
    for name in NAMES:
        assert {server.handshake(name).serial for _ in range(4)} == {second[name].serial}
    time.sleep(3)
    assert len(asked(server)) == 1 and reloads(server) == 1
    assert " and 5 more" in asked(server)[0]
    assert waiting(server) == []
    assert pebble.orders() == 2 * len(NAMES)


def test_a_first_certificate_comes_with_a_reload(server, pebble):
    name = "www.example.org"
    server.configure([Site(name)], [pebble.issuer(key="rsa:2048 ecdsa:256")], RELOAD)
    server.start()
    server.reloads_before = 0
    server.wait_for_log(ASKED + re.escape(name))
    server.wait_for_certificate(name, pebble)
    server.wait_for_helpers()
    # What the master put on the board is what the helper finds in the store.
    time.sleep(3)
    assert waiting(server) == []
    assert len(asked(server)) == 1 and reloads(server) == 1
    done = server.acmectl("status")
    assert "waits" not in done.output, done


@pytest.mark.parametrize("role", ["keeper", "supervisor"])
def test_a_helper_that_was_killed_asks_for_no_second_reload(server, pebble, role):
    names = NAMES[:2]
    server.allow_log(r"exited on signal 9|signal 9 \(SIGKILL\)|kill\(")
    first = ready(server, pebble, names)
    renew(server, *names)
    server.wait_for_log("certificate obtained", count=4)
    # Stored, and not yet asked for: the next helper does it.
    os.kill(server.helper(role), signal.SIGKILL)
    server.wait_for_log(ASKED)
    for pid in server.helpers()[role]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for name in names:
        server.wait_for_certificate(name, pebble, unlike=first[name])
    server.wait_for_helpers()
    os.kill(server.helper(role), signal.SIGKILL)
    server.wait_for_helpers()
    time.sleep(3)
    assert len(asked(server)) == 1 and reloads(server) == 1
    assert waiting(server) == []


@pytest.mark.timeout(240)
def test_a_broken_configuration_leaves_the_server_as_it_is_until_it_is_mended(server, pebble):
    name = NAMES[0]
    first = ready(server, pebble, [name])
    server.allow_log(r"\[emerg\]")
    master, workers = server.master, server.workers()
    good = server.configuration.read_text()
    server.write(good + "\nthis_is_no_directive on;\n")
    renew(server, name)
    server.wait_for_log("certificate obtained", count=2)
    line = server.wait_for_log(r"\[error\].*server (did not reload|is not reloaded)", timeout=45)[0]
    assert server.master == master and server.workers() == workers
    assert server.handshake(name, pebble.root()).serial == first[name].serial
    assert "did not reload" in line or "this_is_no_directive" in line, line
    assert waiting(server) == [name]
    table = server.acmectl("status")
    assert "waits for a reload" in table.output, table

    server.write(good)
    server.wait_for_certificate(name, pebble, unlike=first[name], timeout=80)
    assert server.master == master
    process.wait_until(lambda: waiting(server) == [], 10, "nothing waits")


def test_another_servers_pid_file_is_not_believed(server, pebble):
    name = NAMES[0]
    first = ready(server, pebble, [name])
    pid_file = server.folder / f"{server.kind}.pid"
    right = pid_file.read_text()
    stranger = process.Process(["sleep", "300"], server.folder / "stranger.log").start()
    try:
        pid_file.write_text(f"{stranger.popen.pid}\n")
        renew(server, name)
        line = server.wait_for_log("server is not reloaded")[0]
        assert f"process {stranger.popen.pid}" in line and "belongs to" in line, line
        assert stranger.running
        assert server.handshake(name, pebble.root()).serial == first[name].serial
    finally:
        stranger.stop()
        pid_file.write_text(right)
    # An operator's own reload does it, too.
    server.reload()
    server.wait_for_certificate(name, pebble, unlike=first[name])
    process.wait_until(lambda: waiting(server) == [], 10, "nothing waits")
    assert asked(server) == []
