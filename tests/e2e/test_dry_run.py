"""acmectl renew --dry-run: an order at a staging CA that changes nothing."""

import json

import pytest

from lib import process
from lib.ports import free_port
from lib.site import Site

NAME, OTHER = "www.example.org", "example.org"


@pytest.fixture
def staging(make_pebble):
    return make_pebble("staging")


def known(server, name):
    """What a dry run must not change, but for times that count down."""
    process.wait_until(lambda: all(one.get("renew_at") for one in server.status()["certificates"]),
                       5, "the status has what was obtained")
    return (json.loads(server.acmectl("log", name, "--json").output),
            [(one["id"], one["state"], one["not_after"], one["renew_at"], one.get("last_error"))
             for one in server.status()["certificates"]])


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_dry_run_tries_everything_and_changes_nothing(server, pebble, staging, challenge):
    server.configure([Site([NAME, OTHER])],
                     [pebble.issuer(staging="staging"),
                      staging.issuer("staging", challenge=challenge)])
    server.start()
    served = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log(rf"{NAME}: certificate obtained")
    before = known(server, NAME)
    assert staging.accounts() == 0
    orders = pebble.orders()

    answer = server.acmectl("renew", NAME, "--dry-run")
    assert answer.ok, answer
    assert f"{NAME}: the dry run at staging issued a certificate (2 names, valid until" \
        in answer.output
    assert "nothing was changed" in answer.output
    server.wait_for_log(rf"{NAME}: dry run at staging: issued a certificate")
    assert staging.issued() == 1
    assert pebble.orders() == orders
    assert server.wait_for_certificate(NAME, pebble).serial == served.serial
    assert known(server, NAME) == before
    # The account is there now, and the same one is used again.
    assert server.acmectl("renew", NAME, "--dry-run").ok
    assert staging.accounts() == 1


def test_a_dry_run_that_fails_says_why_and_costs_nothing(server, pebble, make_pebble):
    elsewhere = make_pebble("elsewhere", http_port=free_port())  # where nobody answers
    server.configure([Site(NAME)], [pebble.issuer(staging="elsewhere"),
                                    elsewhere.issuer("elsewhere", challenge="http-01")])
    server.start()
    server.wait_for_log(r"example\.org: certificate obtained")
    before = known(server, NAME)

    answer = server.acmectl("renew", NAME, "--dry-run")
    assert not answer.ok
    assert f"{NAME}: the dry run at elsewhere failed: " in answer.output
    assert "connection" in answer.output, answer
    server.wait_for_log(rf"{NAME}: dry run at elsewhere: failed: ")
    assert known(server, NAME) == before
    assert not server.acmectl("renew", "nobody.example", "--dry-run").ok
