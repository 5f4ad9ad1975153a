"""The CA goes away in the middle of orders and comes back."""

import time

import pytest

from lib import process
from lib.site import Site


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.pebble(sleep=2)  # so that the orders are under way when it goes
def test_orders_survive_thirty_seconds_without_their_ca(server, pebble, relay, count):
    names = [f"site{number}.example.org" for number in range(count)]
    server.configure([Site(name) for name in names], [relay.issuer(pebble)])
    server.start()
    process.wait_until(lambda: pebble.orders() >= min(count, 5), 20, "orders are under way")
    relay.refuse()
    assert pebble.issued() < count
    time.sleep(30)
    relay.accept()
    back = time.monotonic()
    for name in names:
        server.wait_for_certificate(name, pebble, timeout=max(0.1, back + 12 - time.monotonic()))
    # One line when it went, one when it came back: not one an attempt.
    lines = [line for line in server.log.splitlines() if "refused" in line]
    assert 1 <= len(lines) <= 3, lines


def test_a_ca_that_is_down_at_the_first_start_is_waited_for(server, pebble, relay):
    relay.refuse()
    server.configure([Site("www.example.org")], [relay.issuer(pebble)])
    server.start()
    server.wait_for_log(r"refused")
    time.sleep(5)
    relay.accept()
    server.wait_for_certificate("www.example.org", pebble, timeout=12)
