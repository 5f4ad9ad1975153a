"""A changed configuration orders the successor at once; meanwhile the old one serves."""

import pytest

from lib.site import Site

NAME = "www.example.org"
MORE = "shop.example.org"


@pytest.fixture
def first(server, pebble, relay):
    server.configure([Site([NAME])], [relay.issuer(pebble)])
    server.start()
    return server.wait_for_certificate(NAME, pebble)


def test_a_name_is_added(server, pebble, relay, first):
    relay.refuse()  # the old one serves while the CA is away
    server.configure([Site([NAME, MORE])], [relay.issuer(pebble)])
    server.reload()
    assert server.handshake(NAME, pebble.root()).serial == first.serial
    relay.accept()
    second = server.wait_for_certificate(MORE, pebble, timeout=15, unlike=first)
    assert second.names == sorted([NAME, MORE])
    assert server.handshake(NAME, pebble.root()).serial == second.serial


def test_a_name_is_removed(server, pebble, relay, first):
    server.configure([Site([NAME, MORE])], [relay.issuer(pebble)])
    server.reload()
    both = server.wait_for_certificate(MORE, pebble, unlike=first)
    server.configure([Site([NAME])], [relay.issuer(pebble)])
    server.reload()
    third = server.wait_for_certificate(NAME, pebble, timeout=15, unlike=both)
    assert third.names == [NAME]


def test_the_first_name_is_removed(server, pebble, relay, first):
    server.configure([Site([NAME, MORE])], [relay.issuer(pebble)])
    server.reload()
    both = server.wait_for_certificate(MORE, pebble, unlike=first)
    relay.refuse()
    server.configure([Site([MORE])], [relay.issuer(pebble)])  # another id, then
    server.reload()
    assert server.handshake(MORE, pebble.root()).serial == both.serial
    relay.accept()
    third = server.wait_for_certificate(MORE, pebble, timeout=15, unlike=both)
    assert third.names == [MORE]


def test_the_key_type_changes(server, pebble, relay, first):
    assert first.key_type == "ecdsa:256"
    relay.refuse()
    server.configure([Site([NAME])], [relay.issuer(pebble, key="rsa:2048")])
    server.reload()
    assert server.handshake(NAME, pebble.root()).serial == first.serial
    relay.accept()
    second = server.wait_for_certificate(NAME, pebble, timeout=20, unlike=first)
    assert second.key_type == "rsa:2048"
    server.configure([Site([NAME])], [relay.issuer(pebble, key="ecdsa:384")])
    server.reload()
    server.wait_for_certificate(NAME, pebble, timeout=15, key="ecdsa:384")


def test_staging_becomes_production(server, pebble, relay, make_pebble, first):
    production = make_pebble("production")
    server.configure([Site([NAME], acme="production")],
                     [relay.issuer(pebble), production.issuer("production")])
    server.reload()
    # Trusted by production's root alone: so it is production's.
    second = server.wait_for_certificate(NAME, production, timeout=15)
    assert second.serial != first.serial


def test_the_directory_url_of_an_issuer_changes(server, pebble, relay, make_pebble, first):
    other = make_pebble("other")
    server.configure([Site([NAME])], [other.issuer("pebble")])
    server.reload()
    server.wait_for_certificate(NAME, other, timeout=15)
    assert other.accounts() == 1
    server.wait_for_log("directory URL changed")
