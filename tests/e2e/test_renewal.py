"""Certificates are renewed in time, and nobody who is connected notices."""

import time

import pytest

from lib.site import Site
from lib.strict import StrictClient

NAME = "www.example.org"


def renew_for(server, pebble, seconds):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    workers = server.workers()
    with server.keep_alive(NAME, pebble.root()) as connection, \
            StrictClient(server.tls_port, NAME, pebble.root()) as strict:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert connection.get().status == 200
            time.sleep(1)
    strict.check(at_least=seconds)
    assert server.workers() == workers
    return strict.serials


@pytest.mark.timeout(300)
@pytest.mark.pebble(validity=120)
def test_a_certificate_of_two_minutes_is_renewed_over_three(server, pebble):
    serials = renew_for(server, pebble, 180)
    # After half of its life, or where Pebble's suggestion (the whole life) says so, up to a
    # fifth before its end.
    assert 2 <= len(serials) <= 6, serials


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.pebble(validity=120)
def test_a_certificate_of_two_minutes_is_renewed_over_six(server, pebble):
    serials = renew_for(server, pebble, 360)
    assert 4 <= len(serials) <= 12, serials


def test_a_renewal_by_hand_is_live_at_once(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    workers = server.workers()
    with server.keep_alive(NAME, pebble.root()) as connection:
        done = server.acmectl("renew", NAME)
        assert done.ok, done
        second = server.wait_for_certificate(NAME, pebble, unlike=first)
        assert connection.get().status == 200
    assert server.workers() == workers
    serials = {server.handshake(NAME).serial for _ in range(40)}
    assert serials == {second.serial}
    assert pebble.orders() == 2


def test_a_restart_orders_nothing_that_is_not_due(server, pebble, proxy):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    for _ in range(3):
        server.restart()
        server.wait_for_helpers()
        assert server.handshake(NAME, pebble.root()).serial == first.serial
        server.reload()
    time.sleep(1)
    assert proxy.orders() == [[NAME]]
