"""A certificate with several issuers, in order."""

import pytest

from lib import faults, process
from lib.site import Site

NAME = "www.example.org"


@pytest.fixture
def second(make_pebble):
    return make_pebble("second")


def wait_for_issuer(server, name):
    process.wait_until(lambda: server.status()["certificates"][0]["issuer"] == name, 5,
                       f"the status names {name}")


def test_a_refusal_at_first_issuance_is_taken_to_the_next_issuer_at_once(server, pebble, proxy,
                                                                         second):
    proxy.rule("new-order", faults.answer(403, faults.problem("rejectedIdentifier",
                                                              "policy forbids that name")))
    server.configure([Site(NAME, acme="first second")],
                     [proxy.issuer(pebble, "first"), second.issuer("second")])
    server.start()
    server.wait_for_certificate(NAME, second)
    line = server.wait_for_log(r"asked instead")[0]
    assert "order at first failed" in line and "policy forbids that name" in line, line
    assert "second is asked instead, now: there is no valid certificate" in line, line
    wait_for_issuer(server, "second")
    assert len(proxy.of_kind("new-order")) == 1
    # The first one comes first again with the next renewal.
    proxy.clear()
    assert server.acmectl("renew", NAME).ok
    server.wait_for_certificate(NAME, pebble)
    wait_for_issuer(server, "first")


def test_more_orders_than_the_ca_allows_wait_and_are_told(server, pebble):
    sites = [Site(f"s{number}.example.org") for number in range(4)]
    server.configure(sites, [pebble.issuer(rate_limit="orders=2/1h")])
    server.start()
    line = server.wait_for_log(r"pebble allows 2 orders in 60 min: 2 orders wait")[0]
    assert "the last for about 60 min" in line, line
    assert "2 orders wait" in server.acmectl("status").output

    def states():
        return sorted(certificate["state"] for certificate in server.status()["certificates"])
    process.wait_until(lambda: states() == ["pending", "pending", "valid", "valid"], 20,
                       "two certificates are there")
    # Nothing is forgotten by a new generation.
    server.restart()
    server.wait_for_helpers()
    server.wait_for_log(r"pebble allows 2 orders in 60 min: 2 orders wait", count=2)
    assert pebble.orders() == 2
