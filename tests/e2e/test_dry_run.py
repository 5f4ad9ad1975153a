"""acmectl renew --dry-run: an order at a staging CA that changes nothing."""

import json
import os
import signal
import subprocess

import pytest

from lib import faults, process
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


def test_two_keys_are_tried_each_by_itself(server, pebble, staging):
    server.configure([Site(NAME)], [pebble.issuer(key="ecdsa:256 rsa:2048", staging="staging"),
                                    staging.issuer("staging")])
    server.start()
    for key in ("ecdsa:256", "rsa:2048"):
        server.wait_for_log(rf"\({key}\): certificate obtained")
    answer = server.acmectl("renew", NAME, "--dry-run")
    assert answer.ok and answer.output.count("the dry run at staging issued a certificate") == 2, answer
    assert staging.issued() == 2


def test_a_wildcard_is_tried_by_its_records(server, make_pebble, make_name_server):
    bind = make_name_server("bind")
    ca, staging = (make_pebble(name, dns=bind, authorization_reuse=0) for name in ("ca", "staging"))
    settings = {"challenge": "dns-01", "dns_resolver": bind.address,
                "dns": f"rfc2136 server={bind.address} key=file:{bind.key_file}"}
    server.configure([Site(["example.com", "*.example.com"], acme="ca")],
                     [ca.issuer("ca", staging="staging", **settings),
                      staging.issuer("staging", **settings)])
    server.start()
    server.wait_for_certificate("a.example.com", ca)
    answer = server.acmectl("renew", "example.com", "--dry-run")
    assert answer.ok and "the dry run at staging issued a certificate" in answer.output, answer
    assert staging.issued() == 1 and ca.issued() == 1
    process.wait_until(lambda: not bind.txt("_acme-challenge.example.com"), 10, "its records are gone")


@pytest.mark.parametrize("role, words", [("agent", "the dry run"),
                                         ("keeper", "the helper ended without an answer")])
def test_a_helper_that_is_killed_is_no_silent_end(server, make_pebble, pebble, proxy, role, words):
    production = make_pebble("production")
    server.configure([Site(NAME, acme="production")],
                     [production.issuer("production", staging="staging"),
                      proxy.issuer(pebble, "staging")])
    server.allow_log(r"killed by signal 9|signal 9 \(SIGKILL\)")
    server.start()
    server.wait_for_certificate(NAME, production)
    proxy.rule("challenge", faults.delay(3), times=1)
    asked = subprocess.Popen(server.acmectl_line("renew", NAME, "--dry-run").split(), text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.wait_until(lambda: proxy.of_kind("challenge"), 10, "the CA is asked to look")
    os.kill(server.helper(role), signal.SIGKILL)
    output, _ = asked.communicate(timeout=20)
    assert asked.returncode == 1 and words in output, output
    server.wait_for_helpers()
    proxy.clear()
    answer = server.acmectl("renew", NAME, "--dry-run")
    assert answer.ok, answer
