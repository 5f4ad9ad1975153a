"""http-01 is answered whatever the site itself does, and nothing else is touched."""

import socket

import pytest

from lib import client, faults, process
from lib.site import Site

NAME = "www.example.org"
PREFIX = "/.well-known/acme-challenge/"


@pytest.mark.parametrize("plain", ["redirect", "close", "deny", "auth", "rewrite", "dead-upstream"])
def test_it_is_answered_behind_a_site_that_answers(server, pebble, plain):
    server.configure([Site(NAME, plain=plain)], [pebble.issuer()])
    server.start()
    assert server.wait_for_certificate(NAME, pebble).names == [NAME]


def test_it_is_answered_for_a_host_that_no_plain_listener_knows(server, pebble):
    server.configure([Site("other.example.org", acme=None, plain="close", tls=False, default=True),
                      Site(NAME, plain=None)], [pebble.issuer()])
    server.start()
    assert server.wait_for_certificate(NAME, pebble).names == [NAME]


@pytest.fixture
def pending(server, pebble, proxy):
    """The token of an order that waits at its challenge, which a rule holds for a while."""
    proxy.rule("challenge", faults.delay(5), times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    process.wait_until(lambda: proxy.of_kind("challenge"), 20, "the challenge is started")
    return proxy.tokens()[0]


def test_the_key_authorization_is_answered_while_the_order_waits(server, pebble, pending):
    answer = server.http_get(NAME, PREFIX + pending)
    token, _, thumbprint = answer.text.partition(".")
    assert (answer.status, token, len(thumbprint)) == (200, pending, 43)
    assert server.http_get("unknown.example.org", PREFIX + pending).text == answer.text
    head = server.http_get(NAME, PREFIX + pending, method="HEAD")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(answer.body)))
    assert server.http_get(NAME, PREFIX + pending[:-1]).status == 404
    assert server.http_get(NAME, PREFIX + pending + "x").status == 404


def test_the_connection_is_kept_for_further_requests(server, pebble, pending):
    with socket.create_connection(("127.0.0.1", server.http_port), 5) as connection:
        for path in (PREFIX + pending, "/", PREFIX + pending, PREFIX + "site-token"):
            assert client.exchange(connection, NAME, path).status == 200, path


def test_unknown_tokens_reach_the_sites_own_files(server, pebble, pending):
    assert server.http_get(NAME, PREFIX + "site-token").text == "a file of the site\n"
    server.wait_for_certificate(NAME, pebble)
    assert server.http_get(NAME, PREFIX + "site-token").text == "a file of the site\n"


def test_a_token_is_forgotten_with_its_order(server, pebble, pending):
    server.wait_for_certificate(NAME, pebble)
    process.wait_until(lambda: server.http_get(NAME, PREFIX + pending).status == 404, 10,
                       "the token is gone")
