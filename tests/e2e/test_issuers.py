"""A certificate with several issuers, in order."""

import pytest

from lib import faults
from lib.site import Site

NAME = "www.example.org"


@pytest.fixture
def second(make_pebble):
    return make_pebble("second")


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
    assert server.status()["certificates"][0]["issuer"] == "second"
    assert len(proxy.orders()) == 1
    # The first one comes first again with the next renewal.
    proxy.clear()
    assert server.acmectl("renew", NAME).ok
    server.wait_for_certificate(NAME, pebble)
    assert server.status()["certificates"][0]["issuer"] == "first"
