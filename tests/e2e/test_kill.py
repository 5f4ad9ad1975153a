"""kill -9 of anything at any time costs no key, no account, no certificate."""

import os
import random
import signal
import time

import pytest

from lib import process
from lib.site import Site

NAMES = [f"site{number}.example.org" for number in range(3)]


def half_written(server):
    found = []
    for folder, _, files in os.walk(server.state_path):
        for name in files:
            try:
                if name != "lock" and os.stat(os.path.join(folder, name)).st_size == 0:
                    found.append(os.path.join(folder, name))
            except FileNotFoundError:
                pass  # an order ended just now
    return found


def kill_once(server, role, rng):
    """At a random time in the orders; what was not there is not killed."""
    time.sleep(rng.uniform(0, 0.8))
    if role == "master":
        server.kill()
        server.wait_for_no_helpers(timeout=1.5)
        process.wait_until(lambda: not server.workers(), 5, "workers of a killed master")
        for pid in server.processes():
            process.end(pid)
        server.start()
        return
    pids = server.workers() if role == "worker" else server.helpers()[role]
    if pids:
        os.kill(pids[0], signal.SIGKILL)


def rounds_of(server, pebble, role, rounds):
    rng = random.Random(role)
    server.configure([Site(name) for name in NAMES], [pebble.issuer()])
    server.allow_log(r"exited on signal 9|signal 9 \(SIGKILL\)|kill\(")
    server.start()
    served = {}
    for _ in range(rounds):
        if served:
            done = server.acmectl("renew", *NAMES)
            assert done.ok, done
        kill_once(server, role, rng)
        if role != "master":
            assert server.http_get(NAMES[0]).status == 200
        # A worker that dies while it answers the CA costs a validation, and so a minute.
        served = {name: server.wait_for_certificate(name, pebble, timeout=150,
                                                    unlike=served.get(name)) for name in NAMES}
        server.wait_for_helpers(timeout=15)
        assert not half_written(server)
    assert pebble.accounts() == 1
    # At most one orphan order a kill and name; never a certificate that was not asked for.
    assert len(NAMES) * rounds <= pebble.orders() <= 2 * len(NAMES) * rounds
    assert pebble.issued() == len(NAMES) * rounds


ROLES = ["agent", "keeper", "supervisor", "worker", "master"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ROLES)
def test_ten_kills_in_orders(server, pebble, role):
    rounds_of(server, pebble, role, 10)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("role", ROLES)
def test_fifty_kills_in_orders(server, pebble, role):
    rounds_of(server, pebble, role, 50)
