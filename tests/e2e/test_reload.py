"""Reloads with orders in flight, and reloads that cannot be."""

import os
import re
import shutil
import time

import pytest

from lib import process
from lib.site import Site

NAME = "www.example.org"


# 1.3 s: the agent, which waits for older workers after a reload, is at work by then.
@pytest.mark.parametrize("pause", [0.4, 1.3])
@pytest.mark.pebble(sleep=1)
def test_five_reloads_while_twenty_are_issued(server, pebble, proxy, pause):
    names = [f"site{number}.example.org" for number in range(20)]
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.start()
    for _ in range(5):
        time.sleep(pause)
        server.reload()
    for name in names:
        server.wait_for_certificate(name, pebble, timeout=60)
    assert pebble.issued() == 20
    assert sorted(proxy.orders()) == sorted([name] for name in names)  # none ordered twice
    failed = [line for line in server.log.splitlines() if "order failed" in line]
    assert not failed, failed


@pytest.fixture
def issued(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    server.wait_for_helpers()
    return server


@pytest.mark.servers("nginx")
def test_a_reload_with_an_unreadable_store_leaves_the_old_cycle(issued, pebble):
    workers = issued.workers()
    moved = issued.folder / "moved"
    issued.state_path.rename(moved)
    issued.state_path.write_text("not a folder")
    try:
        issued.send_signal(1)
        issued.wait_for_log(r"reload|state")
        time.sleep(1)
        assert issued.workers() == workers
        assert issued.handshake(NAME, pebble.root())
    finally:
        issued.state_path.unlink()
        moved.rename(issued.state_path)
    issued.allow_log("acme")


@pytest.mark.servers("nginx")
def test_a_reload_without_the_helper_program_leaves_the_old_cycle(issued, pebble):
    workers, helpers = issued.workers(), issued.helpers()
    issued.allow_log("acme")
    (issued.programs / "acme-keeper").chmod(0o600)
    issued.send_signal(1)
    issued.wait_for_log(r"acme-keeper")
    time.sleep(1)
    assert issued.workers() == workers and issued.helpers() == helpers
    assert issued.handshake(NAME, pebble.root())


@pytest.mark.servers("nginx")
@pytest.mark.parametrize("limit", ["NOFILE", "AS"])
def test_a_reload_without_descriptors_or_memory_leaves_the_old_cycle(issued, pebble, limit):
    import resource
    issued.allow_log(".")
    what = getattr(resource, f"RLIMIT_{limit}")
    master = issued.master
    workers = issued.workers()
    before = resource.prlimit(master, what)
    if limit == "NOFILE":
        tight = len(os.listdir(f"/proc/{master}/fd"))
    else:
        used = int(open(f"/proc/{master}/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        tight = used + 64 * 1024
    resource.prlimit(master, what, (tight, before[1]))
    issued.send_signal(1)
    time.sleep(2)
    assert issued.master == master
    assert issued.handshake(NAME, pebble.root())
    resource.prlimit(master, what, before)
    issued.reload()
    assert issued.handshake(NAME, pebble.root())
    issued.wait_for_helpers()


def test_a_broken_configuration_is_refused_and_harms_nothing(issued, pebble):
    issued.allow_log(r"\[emerg\]")
    good = issued.configuration.read_text()
    issued.write(re.sub(r"\b(acme|ACMEEngine) pebble\b", r"\1 nobody-defined-this", good))
    helpers = issued.helpers()
    issued.reload(expect_fail=True)
    assert issued.helpers() == helpers
    assert issued.handshake(NAME, pebble.root())
    issued.write(good)
    issued.reload()
